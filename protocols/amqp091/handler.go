package amqp091

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// dialectName is what the core knows our queues, exchanges and bindings by, and
// the protocol of our messages' Origin.
const dialectName = "amqp"

// DialectName is the name to register Dialect under.
const DialectName = dialectName

// Dialect is what the core asks about AMQP's bindings: nothing.
func Dialect() core.Dialect { return core.Dialect{} }

// Config of a Handler. Zero values mean the default in brackets.
type Config struct {
	Broker *core.Broker // required

	// Access knows the users; nil: there are none.
	Access *core.Access
	// Anonymous lets in guest with the password guest from loopback, and the
	// mechanism ANONYMOUS from anywhere.
	Anonymous bool

	Log *slog.Logger // [slog.Default]

	Product      string        // what the server says that it is [Slipway]; clients switch behaviour on RabbitMQ
	Version      string        // [0.0.0]
	MaxMessage   int           // longest body [16 MiB]
	FrameMax     int           // offered to clients, bytes [131,072]
	ChannelMax   uint16        // offered to clients [2,047]
	Heartbeat    time.Duration // offered to clients, in whole seconds [60 s]
	MaxUnacked   int           // deliveries that a channel may hold unsettled [65,536]
	MaxConsumers int           // consumers of a channel [10,000]
	MaxReceiving int           // bytes of bodies that are not all there, of one connection [64 MiB, or four messages]
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	for _, d := range []struct {
		v    *int
		dflt int
	}{{&c.MaxMessage, 16 << 20}, {&c.FrameMax, 131_072}, {&c.MaxUnacked, 65_536}, {&c.MaxConsumers, 10_000}} {
		if *d.v <= 0 {
			*d.v = d.dflt
		}
	}
	for _, d := range []struct {
		v    *string
		dflt string
	}{{&c.Product, "Slipway"}, {&c.Version, "0.0.0"}} {
		if *d.v == "" {
			*d.v = d.dflt
		}
	}
	if c.MaxReceiving <= 0 {
		c.MaxReceiving = max(64<<20, 4*c.MaxMessage)
	}
	c.FrameMax = max(c.FrameMax, wire.MinFrameMax)
	if c.ChannelMax == 0 {
		c.ChannelMax = 2047
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = time.Minute
	}
	return c
}

// Stats counts what cannot be told to a client. Any goroutine may read it.
type Stats struct {
	Channels  atomic.Int64  // open
	Consumers atomic.Int64  // open
	Published atomic.Uint64 // basic.publish
	Delivered atomic.Uint64 // basic.deliver and basic.get-ok
	Returned  atomic.Uint64 // basic.return
	Nacked    atomic.Uint64 // publishes refused with basic.nack
	Lost      atomic.Uint64 // publishes refused that nobody asked to be told of
}

// Handler speaks AMQP 0-9-1 on the connections it is given. One Handler serves
// all listeners.
type Handler struct {
	cfg      Config // immutable
	counters Stats
	open     registry
}

// New makes a Handler.
func New(cfg Config) *Handler { return &Handler{cfg: cfg.withDefaults()} }

// Stats returns the live counters.
func (h *Handler) Stats() *Stats { return &h.counters }

// Serve is protocols.Handler, with Config.Anonymous.
func (h *Handler) Serve(ctx context.Context, nc *protocols.Conn) { h.serve(ctx, nc, h.cfg.Anonymous) }

// AllowAnonymous is the same handler for a listener that lets in, or does not
// let in, who has no credentials of a user.
func (h *Handler) AllowAnonymous(yes bool) protocols.Handler { return listener{h, yes} }

type listener struct {
	h         *Handler
	anonymous bool
}

func (l listener) Serve(ctx context.Context, nc *protocols.Conn) { l.h.serve(ctx, nc, l.anonymous) }

func (h *Handler) serve(ctx context.Context, nc *protocols.Conn, anonymous bool) {
	c := newConn(h, ctx, nc, anonymous)
	err := errPanicked
	h.open.add(c)
	defer func() { // also when a frame makes us panic
		h.open.remove(c)
		c.end(err)
	}()
	err = c.read()
}
