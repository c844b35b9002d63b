package amqp091

import (
	"context"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// connection.blocked and unblocked (RabbitMQ's extension): sent to clients that
// can, when what they published is not admitted and when it is again; as in
// RabbitMQ, who does not publish hears nothing. What is
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
		c.blocked = reason
		c.tellBlocked()
		c.nc.Out.FlushSoon()
	})
}

// tellBlocked tells the client, if there is news for it. Lock held.
func (c *conn) tellBlocked() {
	switch {
	case c.over || !c.capabilities.blocked:
	case c.blocked != "" && !c.toldBlocked && c.waiting.Load():
		c.toldBlocked = true
		c.encode(0, (&wire.ConnectionBlocked{Reason: c.blocked}).Append)
	case c.blocked == "" && c.toldBlocked:
		c.toldBlocked = false
		c.encode(0, (&wire.ConnectionUnblocked{}).Append)
	}
}

// publishWaits notes whether something that the client published waits.
func (c *conn) publishWaits(yes bool) {
	if c.waiting.Load() == yes {
		return
	}
	c.waiting.Store(yes)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tellBlocked()
}

// readAgain has the client not be taken for silent because it was not read.
func (c *conn) readAgain() {
	c.mu.Lock()
	beat := c.shown.Heartbeat
	c.mu.Unlock()
	c.nc.SetIdle(2 * beat)
}

// awaitRoom waits, for a commit, until publishes are admitted again. The core may not have said
// yet that they are not: its next look, within a second, does.
func (c *conn) awaitRoom() error {
	c.settleAcked()
	c.publishWaits(true)
	defer c.readAgain()
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
