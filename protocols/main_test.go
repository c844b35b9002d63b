package protocols

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// handlerFunc is a Handler.
type handlerFunc func(ctx context.Context, c *Conn)

func (f handlerFunc) Serve(ctx context.Context, c *Conn) { f(ctx, c) }

// echo sends back what comes and says bye with the reason of the end.
func echo(ended chan<- error) Handler {
	return handlerFunc(func(_ context.Context, c *Conn) {
		c.Established("echo", "nobody")
		err := c.ReadLoop(func(buf []byte) error {
			c.Out.Write(Must, buf)
			return nil
		})
		c.Out.Write(Must, []byte("bye"))
		if ended != nil {
			ended <- err
		}
	})
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start runs a server on a loopback port until the test ends.
func start(t *testing.T, cfg Config, h Handler) (*Server, string) {
	t.Helper()
	ln, err := Listen("test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Log == nil {
		cfg.Log = quiet()
	}
	s := NewServer(cfg)
	if err := s.Start(ln, "test", h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // at once: what still runs is cut
		_ = s.Shutdown(ctx)
	})
	return s, ln.Addr().String()
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

func write(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got[:n], err, want)
	}
}

func expectEnd(t *testing.T, r io.Reader) {
	t.Helper()
	var rest bytes.Buffer
	if n, err := io.Copy(&rest, r); n > 0 {
		t.Fatalf("read %q, %v; want the end", rest.Bytes(), err)
	}
}

// pipes is a listener of net.Pipe, for tests in fake time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// startPipes is start for fake time; call the result before the bubble ends.
func startPipes(t *testing.T, cfg Config, h Handler) (*Server, *pipes, func()) {
	t.Helper()
	p := newPipes()
	cfg.Log = quiet()
	s := NewServer(cfg)
	if err := s.Start(p, "test", h); err != nil {
		t.Fatal(err)
	}
	return s, p, func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Shutdown(ctx)
	}
}
