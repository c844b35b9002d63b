package awsapi_test

import (
	"net/http"
	"testing"
)

func TestGuard(t *testing.T) {
	for _, c := range []struct {
		host, origin, site string
		allow              []string
		ok                 bool
	}{
		{"localhost:4566", "", "", nil, true},
		{"LOCALHOST", "", "", nil, true},
		{"127.0.0.1:4566", "", "", nil, true},
		{"127.8.9.1", "", "", nil, true},
		{"[::1]:4566", "", "", nil, true},
		{"[::ffff:127.0.0.1]:4566", "", "", nil, true},
		{"sqs.us-east-1.localhost:4566", "", "", nil, true},
		{"localhost.:4566", "", "", nil, true},
		{"evil.example:4566", "", "", nil, false},
		{"localhost.evil.example", "", "", nil, false},
		{"evillocalhost", "", "", nil, false},
		{"127.0.0.1.evil.example", "", "", nil, false},
		{"10.0.0.5:4566", "", "", nil, false},
		{"", "", "", nil, false},
		{"slipway:4566", "", "", []string{"slipway"}, true},
		{"a.lan", "", "", []string{"*.lan"}, true},
		{"lan", "", "", []string{"*.lan"}, false},
		{"evil.example", "", "", []string{"slipway", "*"}, true},
		{"localhost", "http://localhost:3000", "same-site", nil, true},
		{"127.0.0.1", "http://localhost:3000", "cross-site", nil, true},
		{"localhost", "https://evil.example", "cross-site", nil, false},
		{"localhost", "https://evil.example", "", nil, false},
		{"localhost", "null", "", nil, false},
		{"localhost", "https://console.example", "cross-site", []string{"console.example"}, true},
		{"localhost", "", "cross-site", nil, false},
		{"localhost", "", "Cross-Site", nil, false},
		{"localhost", "", "none", nil, true},
		{"localhost", "", "same-origin", nil, true},
	} {
		reg, _, _ := everything()
		cfg := config(reg)
		cfg.AllowedHosts = c.allow
		r := jsonRequest("AmazonSQS.ListQueues", "")
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		want := http.StatusForbidden
		if c.ok {
			want = http.StatusOK
		}
		if status, _, body := do(t, cfg, r); status != want {
			t.Errorf("%+v: %d %s", c, status, body)
		}
	}
}

// TestGuardEmptyOrigin: an empty Origin is an Origin, and none of ours.
func TestGuardEmptyOrigin(t *testing.T) {
	reg, _, _ := everything()
	r := jsonRequest("AmazonSQS.ListQueues", "")
	r.Header["Origin"] = []string{""}
	if status, _, _ := do(t, config(reg), r); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
}

// TestGuardExternalURL: the configured URL's host is a host of ours.
func TestGuardExternalURL(t *testing.T) {
	reg, _, _ := everything()
	cfg := config(reg)
	cfg.ExternalURL = "https://mq.example.com:8443"
	r := jsonRequest("AmazonSQS.ListQueues", "")
	r.Host = "mq.example.com:8443"
	if status, _, body := do(t, cfg, r); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}
