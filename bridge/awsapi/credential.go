package awsapi

import (
	"net/http"
	"net/url"
	"strings"
)

// credential is what a signed request says of itself, before anyone verified it:
// KEY/20260101/eu-west-1/sqs/aws4_request.
type credential struct {
	AccessKeyID, Region, Service string
}

// credentialOf reads the Authorization header or a presigned query, leniently:
// what it cannot read stays empty.
func credentialOf(r *http.Request) credential {
	scope := ""
	if auth := r.Header.Get("Authorization"); auth != "" {
		_, rest, _ := strings.Cut(auth, "Credential=")
		scope, _, _ = strings.Cut(rest, ",")
	} else if r.URL != nil && strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		_, rest, _ := strings.Cut(r.URL.RawQuery, "X-Amz-Credential=")
		rest, _, _ = strings.Cut(rest, "&")
		scope, _ = url.QueryUnescape(rest)
	}
	return parseCredential(strings.TrimSpace(scope))
}

func parseCredential(scope string) credential {
	if len(scope) > 1024 {
		return credential{}
	}
	// An access key id may itself hold slashes: the scope is the last four.
	var last [4]string
	rest, ok := scope, true
	for i := len(last) - 1; i >= 0 && ok; i-- {
		rest, last[i], ok = cutLast(rest, '/')
	}
	if !ok {
		return credential{}
	}
	c := credential{AccessKeyID: rest, Service: last[2]}
	if isRegion(last[1]) {
		c.Region = last[1]
	}
	return c
}

// isAccount tells an account id: twelve digits.
func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// cutLast is strings.Cut around the last sep.
func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
