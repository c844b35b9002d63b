package stomp

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
)

// DialectName is what the core knows our bindings and queues by, and the
// protocol of our messages' Origin.
const DialectName = "stomp"

// Config of a Handler. Zero values mean the default in brackets.
type Config struct {
	Broker *core.Broker // required

	// Access knows the users. nil: there are none, and everybody is let in and
	// may do everything.
	Access *core.Access
	// Anonymous lets in who gives no user name although there are users.
	Anonymous bool

	Log     *slog.Logger // [slog.Default]
	Version string       // of the server, for CONNECTED [none is said]

	MaxBody          int           // bytes of a body [16 MiB]
	MaxSubscriptions int           // of a connection [10,000]
	Prefetch         int           // unsettled deliveries of a subscription that does not say [65,535, also the most]
	Dialect          string        // "rabbitmq" or "activemq": what every client is told [by what it says; dialect.go]
	MinHeartBeat     time.Duration // clients that ask for shorter heart-beats get this [100 ms]
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 16 << 20
	}
	if c.MaxSubscriptions <= 0 {
		c.MaxSubscriptions = 10_000
	}
	if c.Prefetch <= 0 || c.Prefetch > maxPrefetch {
		c.Prefetch = maxPrefetch
	}
	if c.MinHeartBeat <= 0 {
		c.MinHeartBeat = 100 * time.Millisecond
	}
	return c
}

// maxPrefetch is the most that one subscription holds unsettled.
const maxPrefetch = 65_535

// Stats counts what an operator may want to see. Any goroutine may read it.
type Stats struct {
	Connects   atomic.Uint64 // CONNECT and STOMP frames accepted
	Refused    atomic.Uint64 // connections that ended with an ERROR frame
	FramesIn   atomic.Uint64 // of every command
	FramesOut  atomic.Uint64
	MessagesIn atomic.Uint64
	Messages   atomic.Uint64 // MESSAGE frames
}

// Handler speaks STOMP on the connections it is given. One serves all listeners.
type Handler struct {
	cfg      Config // immutable
	counters Stats
}

// New makes a Handler.
func New(cfg Config) *Handler { return &Handler{cfg: cfg.withDefaults()} }

// Stats returns the live counters.
func (h *Handler) Stats() *Stats { return &h.counters }

// Serve is protocols.Handler, with Config.Anonymous.
func (h *Handler) Serve(ctx context.Context, nc *protocols.Conn) { h.serve(ctx, nc, h.cfg.Anonymous) }

// AllowAnonymous is the same handler for a listener that lets in, or does not
// let in, who gives no user name.
func (h *Handler) AllowAnonymous(yes bool) protocols.Handler { return listener{h, yes} }

type listener struct {
	h         *Handler
	anonymous bool
}

func (l listener) Serve(ctx context.Context, nc *protocols.Conn) { l.h.serve(ctx, nc, l.anonymous) }

func (h *Handler) serve(ctx context.Context, nc *protocols.Conn, anonymous bool) {
	c := newConn(h, ctx, nc, anonymous)
	// Also when a frame makes us panic: what is held must go back.
	err := errPanicked
	defer func() { c.end(err) }()
	err = nc.ReadLoop(c.consume)
}

// Dialect is what the core asks about our bindings: their rules are selectors.
func Dialect() core.Dialect { return core.Dialect{Compile: core.CompileSelector} }
