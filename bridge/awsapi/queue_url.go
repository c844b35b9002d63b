package awsapi

import (
	"net/url"
	"strings"
)

// QueueRef is what a queue URL says. Region and Account are empty where the form
// has none; the host's name is ignored, since a queue URL outlives the name that
// its client first used.
type QueueRef struct {
	Region, Account, Name string
}

// ParseQueueURL reads every form that clients keep queue URLs in (AWS.md section 1):
//
//	https://sqs.<region>.amazonaws.com/<account>/<queue>, also .api.aws and sqs.<region>.<any host>
//	https://[<region>.]queue.amazonaws.com/<account>/<queue>
//	http://host:port/<account>/<queue>
//	http://host:port/queue/<region>/<account>/<queue>
//	/<account>/<queue>, and the bare name of a queue
//
// A name is not checked for being legal: whether such a queue exists is.
func ParseQueueURL(s string) (QueueRef, bool) {
	if s == "" || len(s) > 2048 {
		return QueueRef{}, false
	}
	if !strings.Contains(s, "/") {
		return QueueRef{Name: s}, true
	}
	u, err := url.Parse(s)
	if err != nil {
		return QueueRef{}, false
	}
	ref, ok := parseQueuePath(u.Path)
	if ok && ref.Region == "" {
		ref.Region = regionOfHost(u.Hostname())
	}
	return ref, ok
}

// parseQueuePath reads the path of a queue URL.
func parseQueuePath(path string) (QueueRef, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var ref QueueRef
	switch {
	case len(parts) == 4 && parts[0] == "queue":
		ref = QueueRef{Region: parts[1], Account: parts[2], Name: parts[3]}
	case len(parts) == 2:
		ref = QueueRef{Account: parts[0], Name: parts[1]}
	case len(parts) == 1:
		ref = QueueRef{Name: parts[0]}
	}
	return ref, ref.Name != ""
}

// regionOfHost finds the region in sqs.<region>.x and <region>.queue.x.
func regionOfHost(host string) string {
	labels := strings.Split(host, ".")
	for i, l := range labels {
		switch {
		case l == "sqs" && i+1 < len(labels) && isRegion(labels[i+1]):
			return labels[i+1]
		case l == "queue" && i > 0 && isRegion(labels[i-1]):
			return labels[i-1]
		}
	}
	return ""
}

// isRegion accepts what looks like eu-west-1: letters, digits and at least one
// dash, so that localhost is none.
func isRegion(s string) bool {
	if len(s) < 4 || len(s) > 32 || !strings.Contains(s, "-") {
		return false
	}
	for _, c := range []byte(s) {
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
