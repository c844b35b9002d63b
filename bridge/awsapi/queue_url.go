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
	host, path, ok := cutPlainURL(s)
	if !ok {
		u, err := url.Parse(s)
		if err != nil {
			return QueueRef{}, false
		}
		host, path = u.Hostname(), u.Path
	}
	ref, ok := parseQueuePath(path)
	if ok && ref.Region == "" {
		ref.Region = regionOfHost(host)
	}
	return ref, ok
}

// cutPlainURL is url.Parse for what queue URLs are made of, without its cost:
// every call but a few names its queue so.
func cutPlainURL(s string) (host, path string, ok bool) {
	rest, ok := strings.CutPrefix(s, "http://")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "https://"); !ok {
			return "", "", false
		}
	}
	at := strings.IndexByte(rest, '/')
	if at < 0 {
		return "", "", false
	}
	path = rest[at:]
	host, port, _ := strings.Cut(rest[:at], ":")
	return host, path, consists(host, "-.") && consists(port, "") && !strings.ContainsFunc(port, isLetter) && consists(path, "-._/")
}

// consists tells whether s is ASCII letters, digits and the others alone.
func consists(s, others string) bool {
	for _, c := range []byte(s) {
		if !isLetter(rune(c)) && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// parseQueuePath reads the path of a queue URL.
func parseQueuePath(path string) (QueueRef, bool) {
	path = strings.Trim(path, "/")
	if strings.Count(path, "/") > 3 {
		return QueueRef{}, false
	}
	var room [4]string
	parts := room[:0]
	for more := true; more; {
		var part string
		part, path, more = strings.Cut(path, "/")
		parts = append(parts, part)
	}
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
	if !strings.Contains(host, "sqs") && !strings.Contains(host, "queue") {
		return ""
	}
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
