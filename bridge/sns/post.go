package sns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
)

// postTimeout is how long an endpoint may take to answer (AWS: 15 seconds).
const postTimeout = 15 * time.Second

// maxAnswer is how much of an answer is read, so that the connection can be used
// again; what it says does not matter.
const maxAnswer = 64 << 10

// post is one request to an endpoint.
type post struct {
	endpoint     string
	kind         string // x-amz-sns-message-type
	messageID    string
	topicARN     string
	subscription string // ARN; "": not said
	raw          bool
	contentType  string
	body         string
}

// undelivered is a post that an endpoint did not take.
type undelivered struct {
	code, why string
	permanent bool // it will not take it another time either
}

func (f *undelivered) Error() string { return f.why }

func (f *undelivered) failure() awsapi.Failure { return awsapi.Failure{Code: f.code, Message: f.why} }

// poster sends posts. It follows no redirect, uses no proxy, and connects to no
// address that Endpoints does not let it reach: that is looked at when the name has
// been resolved, for each connection.
type poster struct{ client http.Client }

func newPoster(e *Endpoints) *poster {
	dialer := &net.Dialer{Timeout: postTimeout, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if !e.mayReach(at.Addr()) {
			return fmt.Errorf("%w: %s", errPrivate, at.Addr())
		}
		return nil
	}}
	return &poster{http.Client{
		Timeout:       postTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: postTimeout, ForceAttemptHTTP2: true,
			MaxIdleConns: 200, MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxAnswer,
		},
	}}
}

var errPrivate = errors.New("the endpoint's address is private, and aws.private_endpoints does not list it")

// send posts once.
func (p *poster) send(ctx context.Context, m *post) *undelivered {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.endpoint, strings.NewReader(m.body))
	if err != nil {
		return &undelivered{code: "InvalidEndpoint", why: err.Error(), permanent: true}
	}
	r.Header.Set("Content-Type", m.contentType)
	r.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	r.Header.Set("x-amz-sns-message-type", m.kind)
	r.Header.Set("x-amz-sns-message-id", m.messageID)
	r.Header.Set("x-amz-sns-topic-arn", m.topicARN)
	if m.subscription != "" {
		r.Header.Set("x-amz-sns-subscription-arn", m.subscription)
	}
	if m.raw {
		r.Header.Set("x-amz-sns-rawdelivery", "true")
	}
	res, err := p.client.Do(r)
	if err != nil {
		return unreachable(err)
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	_ = res.Body.Close() // it was only read
	return judge(res.StatusCode)
}

// unreachable is an endpoint that gave no answer. One that may not be reached will
// not be allowed by trying again.
func unreachable(err error) *undelivered {
	f := &undelivered{code: "ConnectionFailed", why: err.Error(), permanent: errors.Is(err, errPrivate)}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		f.code, f.why = "Timeout", "no answer within 15 seconds"
	}
	return f
}

// judge: 2xx is taken; 4xx is final, but for 429; all else may be better later.
func judge(status int) *undelivered {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
		return &undelivered{code: strconv.Itoa(status), why: fmt.Sprintf("the endpoint answered %d %s", status, http.StatusText(status)), permanent: true}
	}
	return &undelivered{code: strconv.Itoa(status), why: fmt.Sprintf("the endpoint answered %d %s", status, http.StatusText(status))}
}
