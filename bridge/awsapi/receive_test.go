package awsapi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// raw opens a connection to a server and sends text.
func raw(t *testing.T, addr, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(addr, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

func status(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

const head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n"

// TestBodies: announced, chunked, large, too large, cut short.
func TestBodies(t *testing.T) {
	reg, _, in := everything()
	cfg := config(reg)
	cfg.MaxBody = 300_000
	url := serve(t, cfg).URL
	message := func(n int) string {
		return `{"QueueUrl":"q","MessageBody":"` + strings.Repeat("x", n-len(`{"QueueUrl":"q","MessageBody":""}`)) + `"}`
	}
	for _, n := range []int{100, 4096, 65_535, 65_536, 65_537, 299_999, 300_000} {
		for _, chunked := range []bool{false, true} {
			if n == 300_000 && chunked {
				continue // a chunked body must end below the bound, where its end can be seen
			}
			body := message(n)
			r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if chunked {
				r.ContentLength = -1
			}
			r.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 200 {
				t.Errorf("%d bytes, chunked %v: %d", n, chunked, res.StatusCode)
				continue
			}
			if got := (*in).(*sqsapi.SendMessageInput).MessageBody.V; !strings.HasSuffix(body, got+`"}`) || len(got) < n-40 {
				t.Errorf("%d bytes, chunked %v: %d arrived", n, chunked, len(got))
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	_, br := raw(t, url, head+"Content-Length: 300001\r\n\r\n")
	if s := status(t, br); s != http.StatusRequestEntityTooLarge {
		t.Errorf("announced too much: %d", s)
	}
	_, br = raw(t, url, head+"Transfer-Encoding: chunked\r\n\r\n493E1\r\n"+strings.Repeat("x", 300_001)+"\r\n0\r\n\r\n")
	if s := status(t, br); s != http.StatusRequestEntityTooLarge {
		t.Errorf("sent too much: %d", s)
	}
	c, br := raw(t, url, head+"Content-Length: 100\r\n\r\nshort")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if s := status(t, br); s != http.StatusBadRequest {
		t.Errorf("cut short: %d", s)
	}
}

// TestSlowBody: a body that does not arrive in time ends the request.
func TestSlowBody(t *testing.T) {
	reg, _, _ := everything()
	cfg := config(reg)
	cfg.BodyTimeout = 50 * time.Millisecond
	_, br := raw(t, serve(t, cfg).URL, head+"Content-Length: 100\r\n\r\n{")
	if s := status(t, br); s != http.StatusRequestTimeout {
		t.Errorf("status %d", s)
	}
	if _, err := br.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection stays open: %v", err)
	}
}

// TestSlowRefused: a request that is refused unread gets no more time for its body.
func TestSlowRefused(t *testing.T) {
	reg, _, _ := everything()
	cfg := config(reg)
	cfg.BodyTimeout = 50 * time.Millisecond
	_, br := raw(t, serve(t, cfg).URL, strings.Replace(head, "localhost", "evil.example", 1)+"Content-Length: 100\r\n\r\n{")
	if s := status(t, br); s != http.StatusForbidden {
		t.Errorf("status %d", s)
	}
	if _, err := br.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection stays open: %v", err)
	}
}

// TestHeaderLimit: headers have a bound of their own, before any of ours runs.
func TestHeaderLimit(t *testing.T) {
	reg, _, _ := everything()
	_, br := raw(t, serve(t, config(reg)).URL, head+"X-Pad: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	if s := status(t, br); s != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", s)
	}
}

// waiting is a registry whose ReceiveMessage waits for its ctx or for release.
func waiting(entered chan<- struct{}, release <-chan struct{}, ended chan<- error) *awsapi.Registry {
	reg := newRegistry()
	awsapi.Handle(reg, sqsapi.ReceiveMessage, func(ctx context.Context, _ *awsapi.Call, _ *sqsapi.ReceiveMessageInput) (*sqsapi.ReceiveMessageOutput, error) {
		entered <- struct{}{}
		select {
		case <-ctx.Done():
			ended <- ctx.Err()
			return nil, ctx.Err()
		case <-release:
			return &sqsapi.ReceiveMessageOutput{}, nil
		}
	})
	return reg
}

const receiveBody = `{"QueueUrl":"q"}`

var receiveRequest = fmt.Sprintf("POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: %d\r\n\r\n%s", len(receiveBody), receiveBody)

// TestCancel: a client that goes away during a long poll ends the handler's ctx.
func TestCancel(t *testing.T) {
	entered, ended := make(chan struct{}), make(chan error)
	c, _ := raw(t, serve(t, config(waiting(entered, nil, ended))).URL, receiveRequest)
	<-entered
	c.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestLongPollOutlivesTimeouts: the body's deadline does not reach into the wait.
// The client that was timed out meanwhile proves that the deadline has passed.
func TestLongPollOutlivesTimeouts(t *testing.T) {
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	cfg := config(waiting(entered, release, ended))
	cfg.BodyTimeout = 50 * time.Millisecond
	url := serve(t, cfg).URL
	_, br := raw(t, url, receiveRequest)
	<-entered
	_, slow := raw(t, url, head+"Content-Length: 100\r\n\r\n{")
	if s := status(t, slow); s != http.StatusRequestTimeout {
		t.Errorf("slow client: %d", s)
	}
	close(release)
	if s := status(t, br); s != 200 {
		t.Errorf("long poll: %d", s)
	}
	select {
	case err := <-ended:
		t.Errorf("the poll's ctx ended: %v", err)
	default:
	}
}

// TestInFlight: requests beyond the bound are refused at once, and room comes back.
func TestInFlight(t *testing.T) {
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	cfg := config(waiting(entered, release, ended))
	cfg.MaxInFlight = 1
	url := serve(t, cfg).URL
	_, br := raw(t, url, receiveRequest)
	<-entered
	_, second := raw(t, url, receiveRequest)
	if s := status(t, second); s != http.StatusServiceUnavailable {
		t.Errorf("second: %d", s)
	}
	release <- struct{}{}
	if s := status(t, br); s != 200 {
		t.Errorf("first: %d", s)
	}
	// The first turn's deferred release may run just after its reply: the third
	// request follows on the same connection, which is served only then.
	c3, br3 := raw(t, url, "")
	var wg sync.WaitGroup
	wg.Go(func() {
		<-entered
		release <- struct{}{}
	})
	for {
		if _, err := io.WriteString(c3, receiveRequest); err != nil {
			t.Fatal(err)
		}
		if s := status(t, br3); s == 200 {
			break
		}
	}
	wg.Wait()
}

// TestReception: bodies share one budget; what a request held is given back.
func TestReception(t *testing.T) {
	reg, _, _ := everything()
	cfg := config(reg)
	cfg.MaxReception = 1000
	edge := awsapi.New(cfg)
	for i := range 100 {
		for _, c := range []struct{ size, want int }{{900, 200}, {1100, 503}} {
			body := `{"QueueUrl":"q","MessageBody":"` + strings.Repeat("x", c.size-33) + `"}`
			if got := record(edge, jsonRequest("AmazonSQS.SendMessage", body)); got != c.want {
				t.Fatalf("round %d: %d bytes: %d", i, len(body), got)
			}
		}
	}
}

func record(h http.Handler, r *http.Request) int {
	w := &statusWriter{h: http.Header{}}
	h.ServeHTTP(w, r)
	return w.status
}

type statusWriter struct {
	h      http.Header
	status int
}

func (w *statusWriter) Header() http.Header         { return w.h }
func (w *statusWriter) WriteHeader(s int)           { w.status = s }
func (w *statusWriter) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkSendMessage is the edge's own cost of a JSON SendMessage, net/http left out.
func BenchmarkSendMessage(b *testing.B) {
	reg := newRegistry()
	awsapi.Handle(reg, sqsapi.SendMessage, func(context.Context, *awsapi.Call, *sqsapi.SendMessageInput) (*sqsapi.SendMessageOutput, error) {
		return &sqsapi.SendMessageOutput{
			MD5OfMessageBody: wire.Some("0cc175b9c0f1b6a831c399e269772661"), MessageId: wire.Some("5fea7756-0ea4-451a-a703-a558b933e274"),
		}, nil
	})
	edge := awsapi.New(config(reg))
	body := `{"QueueUrl":"http://localhost:4566/000000000000/orders","MessageBody":"` + strings.Repeat("x", 1024) + `"}`
	r := jsonRequest("AmazonSQS.SendMessage", body)
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		if record(edge, r) != 200 {
			b.Fatal("not served")
		}
	}
}
