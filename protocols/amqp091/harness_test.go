package amqp091

import (
	"context"
	"crypto/rand"

	"log/slog"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/protocols"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is the time of the runtime, which testing/synctest fakes.
type clock struct{}

func (clock) Now() time.Time { return time.Now() }
func (clock) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

// A world is a broker with the door open.
type world struct {
	t     testing.TB
	store core.Store
	cfg   Config
	opt   core.Options
	net   protocols.Config

	b    *core.Broker
	h    *Handler
	srv  *protocols.Server
	addr string
	pipe *pipes
}

func newWorld(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, store: memstore.New(memstore.Options{})}
	w.net.Log = slog.New(slog.DiscardHandler)
	w.cfg.Log = w.net.Log
	for _, f := range change {
		f(w)
	}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.t.Helper()
	o := w.opt
	o.Clock, o.Rand = clock{}, rand.Reader
	o.Dialects = map[string]core.Dialect{DialectName: Dialect()}
	o.Fatal = func(err error) { w.t.Errorf("fatal: %v", err) }
	b, err := core.New(w.store, o)
	if err != nil {
		w.t.Fatal(err)
	}
	cfg := w.cfg
	cfg.Broker, cfg.Anonymous = b, true
	w.b, w.h, w.srv = b, New(cfg), protocols.NewServer(w.net)
	if w.pipe != nil {
		w.pipe = newPipes()
		if err := w.srv.Start(w.pipe, "amqp", w.h); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	ln, err := protocols.Listen("amqp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.addr = ln.Addr().String()
	if err := w.srv.Start(ln, "amqp", w.h); err != nil {
		w.t.Fatal(err)
	}
}

// close stops the door and the broker; what is still connected is cut.
func (w *world) close() {
	if w.b == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = w.srv.Shutdown(ctx)
	w.b.Close()
	w.b = nil
}

// restart is a clean stop and a start on the same store.
func (w *world) restart() {
	w.t.Helper()
	w.close()
	w.open()
}

func (w *world) dial() net.Conn {
	w.t.Helper()
	if w.pipe != nil {
		return w.pipe.dial()
	}
	nc, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	return nc
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
