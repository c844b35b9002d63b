package doortest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
)

// Config is what Open opens.
type Config struct {
	Protocol string // as in "mqtt"
	Store    core.Store
	Options  core.Options     // Rand and Fatal are set by Open; Clock, where there is none
	Net      protocols.Config // Log is set to nowhere if it is nil
	Pipes    bool             // connections are net.Pipe instead of TCP
	Handler  func(*core.Broker) protocols.Handler
}

// A Door is a broker and the server of one protocol.
type Door struct {
	Broker *core.Broker
	Server *protocols.Server
	Addr   string

	pipes *pipes // nil with TCP
}

// Open starts both; a broker that ends by itself fails the test.
func Open(t testing.TB, cfg Config) *Door {
	t.Helper()
	o := cfg.Options
	o.Rand = rand.Reader
	if o.Clock == nil {
		o.Clock = clock{}
	}
	o.Fatal = func(err error) { t.Errorf("fatal: %v", err) }
	b, err := core.New(cfg.Store, o)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Net.Log == nil {
		cfg.Net.Log = slog.New(slog.DiscardHandler)
	}
	d := &Door{Broker: b, Server: protocols.NewServer(cfg.Net)}
	var ln net.Listener
	if cfg.Pipes {
		d.pipes = &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		ln = d.pipes
	} else if ln, err = protocols.Listen(cfg.Protocol, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	d.Addr = ln.Addr().String()
	if err := d.Server.Start(ln, cfg.Protocol, cfg.Handler(b)); err != nil {
		t.Fatal(err)
	}
	return d
}

// Close stops both; what is still connected is cut.
func (d *Door) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = d.Server.Shutdown(ctx)
	_ = d.Broker.Close()
}

// Dial connects for t, which inside a fuzz target is not the test that opened
// the door; closing is the caller's.
func (d *Door) Dial(t testing.TB) net.Conn {
	t.Helper()
	if d.pipes != nil {
		here, there := net.Pipe()
		d.pipes.conns <- there
		return here
	}
	nc, err := net.Dial("tcp", d.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// clock is the time of the runtime.
type clock struct{}

func (clock) Now() time.Time { return time.Now() }
func (clock) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

// pipes is a listener of net.Pipe.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

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
