package amqp091

import (
	"context"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// connection.blocked and unblocked (RabbitMQ's extension): sent to clients that
// can, when publishes are not admitted and when they are again. What is
// published meanwhile is parked, in order, and everything else goes on, on the
// same connection too: its acknowledgements may be what makes room. Only a client
// that publishes on until core.Limits.ParkedBytes are parked, or that commits a
// transaction with publishes (which is not parked), is not read until there is
// room. RabbitMQ reads no connection that published. Nothing is lost.

// gate is closed while the core admits no publishes.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // guarded by mu; nil: publishes are admitted
}

// told is one word of the core's. Any goroutine.
func (g *gate) told(reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case reason != "" && g.open == nil:
		g.open = make(chan struct{})
	case reason == "" && g.open != nil:
		close(g.open)
		g.open = nil
	}
}

func (g *gate) wait() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// watchBlocked has the client told.
func (c *conn) watchBlocked() {
	c.stopBlocked = c.h.cfg.Broker.WatchBlocked(func(reason string) {
		c.gate.told(reason)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.over || !c.capabilities.blocked {
			return
		}
		if reason != "" {
			c.encode(0, (&wire.ConnectionBlocked{Reason: reason}).Append)
		} else {
			c.encode(0, (&wire.ConnectionUnblocked{}).Append)
		}
		c.nc.Out.FlushSoon()
	})
}

// awaitRoom waits, for a commit, until publishes are admitted again. The core may not have said
// yet that they are not: its next look, within a second, does.
func (c *conn) awaitRoom() error {
	c.settleAcked()
	return c.waits(func() error {
		t := time.NewTimer(time.Second)
		defer t.Stop()
		unblocked := c.gate.wait()
		again := t.C
		if unblocked != nil {
			again = nil
		}
		select {
		case <-unblocked:
			return nil
		case <-again:
			return nil
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	})
}
