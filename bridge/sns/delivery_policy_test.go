package sns

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestRetries: the phases of a policy, in seconds.
func TestRetries(t *testing.T) {
	for _, tt := range []struct{ policy, want string }{
		{`{}`, "20 20 20"},
		{`{"numRetries":0}`, ""},
		{`{"minDelayTarget":1,"maxDelayTarget":60,"numRetries":8,"numNoDelayRetries":2,"numMinDelayRetries":2,"numMaxDelayRetries":1}`, "0 0 1 1 1 30.5 60 60"},
		{`{"minDelayTarget":10,"maxDelayTarget":50,"numRetries":5,"backoffFunction":"linear"}`, "10 20 30 40 50"},
		{`{"minDelayTarget":10,"maxDelayTarget":50,"numRetries":5,"backoffFunction":"arithmetic"}`, "10 14 22 34 50"},
		{`{"minDelayTarget":1,"maxDelayTarget":16,"numRetries":5,"backoffFunction":"geometric"}`, "1 2 4 8 16"},
		{`{"minDelayTarget":10,"maxDelayTarget":40,"numRetries":5,"backoffFunction":"exponential"}`, "10 12 16 24 40"},
		{`{"minDelayTarget":5,"maxDelayTarget":50,"numRetries":1}`, "5"},
	} {
		p, err := parseSubscriptionPolicy(`{"healthyRetryPolicy":` + tt.policy + `}`)
		if err != nil {
			t.Fatalf("%s: %v", tt.policy, err)
		}
		var all []string
		for n := 1; ; n++ {
			d, ok := p.Healthy.delay(n)
			if !ok {
				break
			}
			all = append(all, fmt.Sprint(float64(d.Round(time.Millisecond))/float64(time.Second)))
		}
		if got := strings.Join(all, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.policy, got, tt.want)
		}
	}
}

func TestPolicyErrors(t *testing.T) {
	for policy, want := range map[string]string{
		`{"numRetries":101}`:                                         "numRetries must be less than or equal to 100",
		`{"minDelayTarget":0}`:                                       "minDelayTarget must be greater than or equal to 1",
		`{"minDelayTarget":30,"maxDelayTarget":20}`:                  "maxDelayTarget must be greater than or equal to minDelayTarget",
		`{"maxDelayTarget":3601}`:                                    "maxDelayTarget must be less than or equal to 3600",
		`{"numRetries":1,"numNoDelayRetries":2}`:                     "numRetries must be greater than or equal to the sum",
		`{"backoffFunction":"wild"}`:                                 "backoffFunction must be one of",
		`{"numRetries":100,"minDelayTarget":60,"maxDelayTarget":60}`: "the total of all delays",
		`{"numRetries":"3"}`:                                         "failed to parse JSON",
		`{"surprise":1}`:                                             "failed to parse JSON",
	} {
		if _, err := parseSubscriptionPolicy(`{"healthyRetryPolicy":` + policy + `}`); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", policy, err)
		}
		if _, err := parseTopicPolicy(`{"http":{"defaultHealthyRetryPolicy":` + policy + `}}`); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of a topic, %s: %v", policy, err)
		}
	}
	for _, bad := range []string{`{"throttlePolicy":{"maxReceivesPerSecond":0}}`, `{"requestPolicy":{"headerContentType":"text/evil\r\nX: y"}}`, `[]`, `x`} {
		if _, err := parseSubscriptionPolicy(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestEffective: what is shown where nobody set anything is AWS's, to the letter.
func TestEffective(t *testing.T) {
	const topic = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,` +
		`"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,` +
		`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`
	if got := shownTopicPolicy(""); got != topic {
		t.Errorf("topic: %s", got)
	}
	const subscription = `{"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,` +
		`"numMinDelayRetries":0,"backoffFunction":"linear"},"sicklyRetryPolicy":null,"throttlePolicy":null,` +
		`"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false}`
	if got := shownSubscriptionPolicy(effective("", "")); got != subscription {
		t.Errorf("subscription: %s", got)
	}
	own := `{"healthyRetryPolicy":{"numRetries":1}}`
	for policy, want := range map[string]int{
		`{"http":{"defaultHealthyRetryPolicy":{"numRetries":7}}}`:                                     1,
		`{"http":{"defaultHealthyRetryPolicy":{"numRetries":7},"disableSubscriptionOverrides":true}}`: 7,
	} {
		if got := effective(policy, own).Healthy.NumRetries; got != want {
			t.Errorf("%s: %d retries", policy, got)
		}
	}
}

// TestMayReach: only hosts of the internet, but for what is configured.
func TestMayReach(t *testing.T) {
	open := Endpoints{Private: prefixes("10.1.0.0/16", "::1/128")}
	for a, want := range map[string][2]bool{ // without and with the configuration
		"8.8.8.8": {true, true}, "2606:4700::1111": {true, true},
		"127.0.0.1": {}, "10.0.0.1": {}, "10.1.2.3": {false, true}, "::1": {false, true}, "169.254.169.254": {}, "192.168.1.1": {}, "172.16.0.1": {},
		"0.0.0.0": {}, "100.64.0.1": {}, "224.0.0.1": {}, "255.255.255.255": {}, "::": {}, "fe80::1": {}, "fc00::1": {}, "fd00:ec2::254": {},
		"::ffff:127.0.0.1": {}, "::ffff:10.1.2.3": {false, true}, "64:ff9b::7f00:1": {}, "2002:7f00:1::": {}, "ff02::1": {},
	} {
		addr := netip.MustParseAddr(a)
		if got := [2]bool{(&Endpoints{}).mayReach(addr), open.mayReach(addr)}; got != want {
			t.Errorf("%s: %v, want %v", a, got, want)
		}
	}
}

// FuzzDeliveryPolicy: no policy that is taken has delays that the limits forbid.
func FuzzDeliveryPolicy(f *testing.F) {
	f.Add(`{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":60,"numRetries":8,"numNoDelayRetries":2,"backoffFunction":"geometric"}}`)
	f.Add(`{"http":{"defaultHealthyRetryPolicy":{"numRetries":7},"defaultThrottlePolicy":{"maxReceivesPerSecond":1}}}`)
	f.Add(`{"requestPolicy":{"headerContentType":"text/plain"},"sicklyRetryPolicy":null,"guaranteed":false}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = parseTopicPolicy(text)
		p, err := parseSubscriptionPolicy(text)
		if err != nil || p.Healthy == nil {
			return
		}
		if sum := p.Healthy.total(); sum < 0 || sum > time.Hour {
			t.Errorf("%s: %v", text, sum)
		}
		for n := 1; n <= p.Healthy.NumRetries; n++ {
			if d, ok := p.Healthy.delay(n); !ok || d < 0 || d > time.Hour {
				t.Errorf("%s: retry %d after %v, %v", text, n, d, ok)
			}
		}
	})
}
