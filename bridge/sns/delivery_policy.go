package sns

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// DeliveryPolicy of topics and of subscriptions by http and https: how often and
// when a delivery that failed is tried again, how many there may be in a second, and
// what Content-Type they have (Amazon SNS Developer Guide, "Amazon SNS message
// delivery retries"). What a subscription does not say its topic does, and what
// that does not say AWS's default.

// attrDelivery is the attribute's name, of both.
const attrDelivery = "DeliveryPolicy"

// retryPolicy is healthyRetryPolicy; delays are in seconds.
type retryPolicy struct {
	MinDelayTarget     int    `json:"minDelayTarget"`
	MaxDelayTarget     int    `json:"maxDelayTarget"`
	NumRetries         int    `json:"numRetries"`
	NumMaxDelayRetries int    `json:"numMaxDelayRetries"`
	NumNoDelayRetries  int    `json:"numNoDelayRetries"`
	NumMinDelayRetries int    `json:"numMinDelayRetries"`
	BackoffFunction    string `json:"backoffFunction"`
}

type throttlePolicy struct {
	MaxReceivesPerSecond int `json:"maxReceivesPerSecond"`
}

type requestPolicy struct {
	HeaderContentType string `json:"headerContentType"`
}

// subscriptionPolicy is the attribute of a subscription. Its sicklyRetryPolicy and
// guaranteed are AWS's, of old: they may be there, and mean nothing.
type subscriptionPolicy struct {
	Healthy    *retryPolicy    `json:"healthyRetryPolicy"`
	Sickly     *retryPolicy    `json:"sicklyRetryPolicy"`
	Throttle   *throttlePolicy `json:"throttlePolicy"`
	Request    *requestPolicy  `json:"requestPolicy"`
	Guaranteed bool            `json:"guaranteed"`
}

// topicPolicy is the attribute of a topic.
type topicPolicy struct {
	HTTP topicHTTPPolicy `json:"http"`
}

type topicHTTPPolicy struct {
	Healthy   *retryPolicy    `json:"defaultHealthyRetryPolicy"`
	Overrides bool            `json:"disableSubscriptionOverrides"`
	Throttle  *throttlePolicy `json:"defaultThrottlePolicy,omitempty"`
	Request   *requestPolicy  `json:"defaultRequestPolicy"`
}

// AWS's defaults.
var (
	defaultRetry   = retryPolicy{MinDelayTarget: 20, MaxDelayTarget: 20, NumRetries: 3, BackoffFunction: "linear"}
	defaultRequest = requestPolicy{HeaderContentType: "text/plain; charset=UTF-8"}
)

const (
	maxRetries    = 100
	maxDelay      = 3600 // s; of one retry, and of all together
	maxPerSecond  = 100_000
	maxPolicySize = 30_720 // bytes
)

// contentTypes are those that AWS lets a policy name.
var contentTypes = map[string]bool{
	"text/plain": true, "text/plain; charset=UTF-8": true, "application/json": true, "application/json; charset=UTF-8": true,
	"application/x-www-form-urlencoded": true, "application/x-www-form-urlencoded; charset=UTF-8": true,
	"application/octet-stream": true, "application/xml": true, "application/atom+xml": true, "application/svg+xml": true,
	"application/soap+xml": true, "application/xhtml+xml": true, "text/css": true, "text/csv": true, "text/html": true, "text/xml": true,
}

// UnmarshalJSON gives what is left out AWS's default.
func (p *retryPolicy) UnmarshalJSON(b []byte) error {
	type plain retryPolicy
	v := plain(defaultRetry)
	err := strict(b, &v)
	*p = retryPolicy(v)
	return err
}

func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// parsePolicy reads either attribute into p; "" and {} are none. Its errors are
// AWS's reasons, as are those of the checks.
func parsePolicy(text string, p any) error {
	switch {
	case text == "":
		return nil
	case len(text) > maxPolicySize:
		return fmt.Errorf("DeliveryPolicy: must be at most %d bytes", maxPolicySize)
	}
	if err := strict([]byte(text), p); err != nil {
		return errors.New("DeliveryPolicy: failed to parse JSON. " + err.Error())
	}
	return nil
}

func parseSubscriptionPolicy(text string) (p subscriptionPolicy, err error) {
	if err = parsePolicy(text, &p); err != nil {
		return p, err
	}
	return p, errors.Join(p.Healthy.check("healthyRetryPolicy"), p.Sickly.check("sicklyRetryPolicy"), p.Throttle.check("throttlePolicy"), p.Request.check("requestPolicy"))
}

func parseTopicPolicy(text string) (p topicPolicy, err error) {
	if err = parsePolicy(text, &p); err != nil {
		return p, err
	}
	h := &p.HTTP
	return p, errors.Join(h.Healthy.check("http.defaultHealthyRetryPolicy"), h.Throttle.check("http.defaultThrottlePolicy"), h.Request.check("http.defaultRequestPolicy"))
}

func (p *retryPolicy) check(name string) error {
	if p == nil {
		return nil
	}
	bad := func(what string) error { return errors.New("DeliveryPolicy: " + name + "." + what) }
	switch {
	case p.NumRetries < 0 || p.NumRetries > maxRetries:
		return bad(fmt.Sprintf("numRetries must be less than or equal to %d", maxRetries))
	case p.MinDelayTarget < 1:
		return bad("minDelayTarget must be greater than or equal to 1")
	case p.MinDelayTarget > maxDelay:
		return bad(fmt.Sprintf("minDelayTarget must be less than or equal to %d", maxDelay))
	case p.MaxDelayTarget < p.MinDelayTarget:
		return bad("maxDelayTarget must be greater than or equal to minDelayTarget")
	case p.MaxDelayTarget > maxDelay:
		return bad(fmt.Sprintf("maxDelayTarget must be less than or equal to %d", maxDelay))
	case p.NumNoDelayRetries < 0, p.NumMinDelayRetries < 0, p.NumMaxDelayRetries < 0:
		return bad("numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries must be greater than or equal to 0")
	case p.NumNoDelayRetries+p.NumMinDelayRetries+p.NumMaxDelayRetries > p.NumRetries:
		return bad("numRetries must be greater than or equal to the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries")
	case backoffs[p.BackoffFunction] == nil:
		return bad("backoffFunction must be one of arithmetic, exponential, geometric, linear")
	case p.total() > maxDelay*time.Second:
		return bad(fmt.Sprintf("the total of all delays must be less than or equal to %d seconds", maxDelay))
	}
	return nil
}

func (p *throttlePolicy) check(name string) error {
	if p != nil && (p.MaxReceivesPerSecond < 1 || p.MaxReceivesPerSecond > maxPerSecond) {
		return errors.New("DeliveryPolicy: " + name + ".maxReceivesPerSecond must be greater than or equal to 1")
	}
	return nil
}

func (p *requestPolicy) check(name string) error {
	if p != nil && !contentTypes[p.HeaderContentType] {
		return errors.New("DeliveryPolicy: " + name + ".headerContentType is not a supported content type")
	}
	return nil
}

// backoffs are how the delay grows from the shortest (0) to the longest (1) over
// the retries between: AWS names the functions and draws their curves, so the
// formulas are ours. x is 0 at the first of these retries and 1 at the last, of n.
var backoffs = map[string]func(x float64, n int, least, most float64) float64{
	"linear": func(x float64, _ int, _, _ float64) float64 { return x },
	"arithmetic": func(x float64, n int, _, _ float64) float64 {
		i := x * float64(n-1)
		return i * (i + 1) / (float64(n-1) * float64(n))
	},
	"geometric": func(x float64, _ int, least, most float64) float64 {
		return (least*math.Pow(most/least, x) - least) / (most - least)
	},
	"exponential": func(x float64, n int, _, _ float64) float64 {
		return (math.Exp2(x*float64(n-1)) - 1) / (math.Exp2(float64(n-1)) - 1)
	},
}

// delay is how long after the failure the retry of that number is due, from 1 on;
// false: there is no such retry.
func (p *retryPolicy) delay(retry int) (time.Duration, bool) {
	least, most := float64(p.MinDelayTarget), float64(p.MaxDelayTarget)
	between := p.NumRetries - p.NumNoDelayRetries - p.NumMinDelayRetries - p.NumMaxDelayRetries
	seconds := least
	switch i := retry - 1 - p.NumNoDelayRetries - p.NumMinDelayRetries; {
	case retry < 1 || retry > p.NumRetries:
		return 0, false
	case retry <= p.NumNoDelayRetries:
		return 0, true
	case i < 0:
	case i >= between:
		seconds = most
	case between > 1 && most > least:
		seconds += (most - least) * backoffs[p.BackoffFunction](float64(i)/float64(between-1), between, least, most)
	}
	return time.Duration(seconds * float64(time.Second)), true
}

func (p *retryPolicy) total() (sum time.Duration) {
	for n := 1; ; n++ {
		d, ok := p.delay(n)
		if !ok {
			return sum
		}
		sum += d
	}
}

// effective is the policy of a subscription, of what it and its topic say; both
// were checked when they were set.
func effective(topic, subscription string) subscriptionPolicy {
	t, _ := parseTopicPolicy(topic)
	p, _ := parseSubscriptionPolicy(subscription)
	if t.HTTP.Overrides {
		p = subscriptionPolicy{}
	}
	return subscriptionPolicy{
		Healthy: first(p.Healthy, t.HTTP.Healthy, &defaultRetry), Throttle: first(p.Throttle, t.HTTP.Throttle), Request: first(p.Request, t.HTTP.Request, &defaultRequest),
	}
}

func first[T any](all ...*T) *T {
	for _, p := range all {
		if p != nil {
			return p
		}
	}
	return nil
}

// shownSubscriptionPolicy is EffectiveDeliveryPolicy of a subscription.
func shownSubscriptionPolicy(p subscriptionPolicy) string {
	b, _ := json.Marshal(p) // numbers and strings: cannot fail
	return string(b)
}

// shownTopicPolicy is EffectiveDeliveryPolicy of a topic.
func shownTopicPolicy(text string) string {
	t, _ := parseTopicPolicy(text)
	t.HTTP.Healthy, t.HTTP.Request = first(t.HTTP.Healthy, &defaultRetry), first(t.HTTP.Request, &defaultRequest)
	b, _ := json.Marshal(t)
	return string(b)
}
