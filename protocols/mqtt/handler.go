package mqtt

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// dialectName is what the core knows our bindings, sessions and queues by.
const dialectName = "mqtt"

// Config of a Handler. Zero values mean the default in brackets.
type Config struct {
	Broker *core.Broker // required; a user's namespace is found in it

	// Access knows the users. nil: there are none, and everybody is let in and
	// may do everything.
	Access *core.Access
	// Anonymous lets in who gives no user name although there are users.
	Anonymous bool

	Log *slog.Logger // [slog.Default]

	MaxPacket        int               // longest packet accepted [16 MiB and 64 KiB]
	ReceiveMaximum   uint16            // unacknowledged QoS 1 and 2 publishes of a version 5 client [1,024]
	MaxInflight      uint16            // unacknowledged deliveries to a client, if it does not ask for less [65,535]
	OldInflight      uint16            // the same before version 5, where clients cannot say [1,000]
	TopicAliases     uint16            // that a client may define [32]
	MaxSessionExpiry time.Duration     // caps what clients ask for, clean_session=0 included [no cap]
	MaxKeepAlive     time.Duration     // version 5 clients are told to keep to it [no limit]
	MaxSubscriptions int               // of a session [100,000]
	Session          core.QueueOptions // limits of a session's backlog [none]

	ServerReference     string // where version 5 clients are sent when this server stops ["": nowhere]
	ResponseInformation string // what a version 5 client that asks may begin its response topics with ["": not said]
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.MaxPacket <= 0 {
		c.MaxPacket = 16<<20 + 64<<10
	}
	for _, d := range []struct {
		v    *uint16
		dflt uint16
	}{{&c.ReceiveMaximum, 1024}, {&c.MaxInflight, 65_535}, {&c.OldInflight, 1000}, {&c.TopicAliases, 32}} {
		if *d.v == 0 {
			*d.v = d.dflt
		}
	}
	if c.MaxSubscriptions <= 0 {
		c.MaxSubscriptions = 100_000
	}
	c.Session.Ordered = true // [MQTT-4.6.0-6]: priorities reorder nothing
	c.Session.Begun = true   // [MQTT-4.3.3-7]
	if c.MaxSessionExpiry <= 0 {
		c.MaxSessionExpiry = core.Forever
	}
	return c
}

// Stats counts what cannot be told to a client. Any goroutine may read it.
type Stats struct {
	Refused   atomic.Uint64 // publishes that were answered with an error, or with none because they are QoS 0
	TooLarge  atomic.Uint64 // deliveries dropped because the client takes no packet that long
	Takeovers atomic.Uint64 // connections that a newer one of the same client id ended
	Offline   atomic.Uint64 // QoS 0 messages for a session without a connection
	Dropped   atomic.Uint64 // QoS 0 messages for a client that does not read
	Revoked   atomic.Uint64 // subscriptions and stored messages dropped since their user may no longer read them

	PacketsIn, PacketsOut           atomic.Uint64 // of every type
	PublishesIn, PublishesOut       atomic.Uint64
	PublishBytesIn, PublishBytesOut atomic.Uint64 // of their payloads
	BytesIn                         atomic.Uint64 // of all packets
	Connects                        atomic.Uint64 // connections opened, whatever became of them
	Expired                         atomic.Uint64 // sessions that ended while they were away
}

// Handler speaks MQTT on the connections it is given. One Handler serves all
// listeners, since a client id is one across them.
type Handler struct {
	cfg      Config // immutable
	claims   claims
	groups   groups
	online   online
	orphans  orphans
	sys      sys
	counters Stats
}

// New makes a Handler. It takes up the shared subscriptions that the broker
// remembers and drops those whose last member is gone.
func New(cfg Config) *Handler {
	h := &Handler{cfg: cfg.withDefaults()}
	h.claims.m = map[string]*claim{}
	h.online.m = map[*conn]struct{}{}
	h.groups.m = map[string]*group{}
	h.groups.of = map[string]map[*group]struct{}{}
	h.cfg.Broker.WatchSessions(dialectName, h.sessionEnded)
	h.cfg.Broker.DecideWills(dialectName, h.mayWill)
	h.groups.recover(h)
	return h
}

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
	h.counters.Connects.Add(1)
	c := newConn(h, ctx, nc, anonymous)
	c.reader.MaxPacket = wire.MaxConnect
	// Also when a packet makes us panic: the session must be let go of.
	err := errPanicked
	defer func() { c.end(err) }()
	err = nc.ReadLoop(c.consume)
}

// Dialect is what the core asks about MQTT's bindings.
func Dialect() core.Dialect { return core.Dialect{Merge: mergeNotes, Strict: true, AsksWills: true} }

// DialectName is the name to register Dialect under.
const DialectName = dialectName
