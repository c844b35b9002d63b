package awsapi_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
)

// pipes is a listener of connections in memory, whose deadlines are counted.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	set   atomic.Int64
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn)} }

func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return &counting{c, &p.set}, nil
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.conns) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

type counting struct {
	net.Conn
	set *atomic.Int64
}

func (c *counting) SetReadDeadline(t time.Time) error {
	c.set.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *counting) SetWriteDeadline(t time.Time) error {
	c.set.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

// servePipes serves an edge to pipes until the test ends, which is one in fake time.
func servePipes(t *testing.T) *pipes {
	t.Helper()
	p, cfg := newPipes(), config(echoing())
	cfg.BodyTimeout = 30 * time.Second
	srv := awsapi.NewServer(awsapi.New(cfg), cfg.Log)
	done := make(chan error)
	go func() { done <- srv.Serve(awsapi.Listener(p)) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return p
}

func ask(t *testing.T, c net.Conn, r *bufio.Reader, message string) {
	t.Helper()
	if _, err := io.WriteString(c, sendText(message)); err != nil {
		t.Fatal(err)
	}
	if code, text := answered(t, r); code != 200 {
		t.Fatalf("%d %s", code, text)
	}
}

// TestDeadlinesAreFew: requests that follow each other set none, but for the two that
// end net/http's background read, where that had begun.
func TestDeadlinesAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t)
		c := p.dial()
		defer c.Close()
		r := bufio.NewReader(c)
		for range 100 {
			ask(t, c, r, "quiet")
		}
		if n := p.set.Load(); n > 2*100+5 {
			t.Errorf("%d deadlines for 100 requests", n)
		}
	})
}

// closedAfter is when the server closes the connection.
func closedAfter(t *testing.T, r *bufio.Reader) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Errorf("not closed: %v", err)
	}
	return time.Since(began)
}

// TestIdle: a connection may be idle for as long as it may, which is longer than
// its headers may take, over and over.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t)
		c := p.dial()
		defer c.Close()
		r := bufio.NewReader(c)
		for _, idle := range []time.Duration{0, awsapi.HeaderTimeout + time.Second, awsapi.IdleTimeout - time.Second, time.Second, awsapi.IdleTimeout - time.Second} {
			time.Sleep(idle)
			ask(t, c, r, "ask")
		}
		if d := closedAfter(t, r); d != awsapi.IdleTimeout {
			t.Errorf("closed after %v idle", d)
		}
	})
}

// TestDripping: headers that do not come in time end the connection, the first
// request's and one's that follows others.
func TestDripping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t)
		for _, before := range []int{0, 1, 5} {
			c := p.dial()
			r := bufio.NewReader(c)
			for range before {
				ask(t, c, r, "quiet")
				time.Sleep(7 * time.Second)
			}
			began := time.Now()
			if _, err := io.WriteString(c, "POST / HTTP/1.1\r\n"); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				for range 30 {
					time.Sleep(time.Second)
					if _, err := io.WriteString(c, "A: b\r\n"); err != nil {
						return
					}
				}
			})
			_, _ = io.Copy(io.Discard, r) // net/http says what it thinks of it, or not
			if d := time.Since(began); d < awsapi.HeaderTimeout || d > awsapi.HeaderTimeout+time.Second {
				t.Errorf("after %d requests: closed after %v", before, d)
			}
			c.Close()
			wg.Wait()
		}
	})
}

// TestSlowBodyLater: a body that does not come has its time, whatever deadlines were
// there before.
func TestSlowBodyLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t)
		c := p.dial()
		defer c.Close()
		r := bufio.NewReader(c)
		ask(t, c, r, "quiet")
		time.Sleep(100 * time.Second)
		began := time.Now()
		if _, err := io.WriteString(c, head+"Content-Length: 100\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		if code, text := answered(t, r); code != http.StatusRequestTimeout || time.Since(began) != 30*time.Second {
			t.Errorf("%d after %v: %s", code, time.Since(began), text)
		}
	})
}

// TestReplyNotTaken: a client that does not take its reply is cut when that has
// had its time, give or take an eighth.
func TestReplyNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t)
		c := p.dial()
		defer c.Close()
		r := bufio.NewReader(c)
		ask(t, c, r, "quiet")
		for range 10 {
			time.Sleep(3 * time.Second)
			ask(t, c, r, "quiet")
		}
		if _, err := io.WriteString(c, sendText(strings.Repeat("x", 5000))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(26 * time.Second)
		one := make([]byte, 1)
		if _, err := c.Read(one); err != nil {
			t.Errorf("cut early: %v", err)
		}
		time.Sleep(4*time.Second + time.Millisecond)
		if b, _ := io.ReadAll(r); strings.Contains(string(b), "MessageId") {
			t.Error("not cut")
		}
	})
}
