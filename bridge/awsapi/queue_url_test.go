package awsapi

import (
	"net/url"
	"testing"
)

// FuzzPlainURL: the short way and net/url read the same.
func FuzzPlainURL(f *testing.F) {
	for _, s := range []string{
		"http://localhost:4566/000000000000/q", "https://sqs.eu-west-1.amazonaws.com/1/q.fifo", "http://h/", "http://h", "http:///a/b",
		"http://h:/a", "http://h:x/a", "http://h:1:2/a", "http://u@h/a", "http://[::1]:1/a/b", "http://h/a%20b", "http://h/a?b", "http://h/a#b",
		"HTTP://h/a", "//h/a", "http://h/a//b/", "https://h:99999999/a", "http://h_x/a", "http://-.-/a", "http://:80/a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, path, ok := cutPlainURL(s)
		if !ok {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Hostname() != host || u.Path != path || u.RawQuery+u.Fragment != "" {
			t.Errorf("%q: %q and %q, but %v %v", s, host, path, u, err)
		}
	})
}
