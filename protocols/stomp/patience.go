package stomp

import (
	"context"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// What is sent while memory or the disk has no room waits, in order, whether or
// not a receipt was asked for: as in RabbitMQ and ActiveMQ a producer is slowed
// down, not refused. A SEND is parked while its connection has not parked
// core.Limits.ParkedBytes; then, and for a group, which is never parked, the
// connection is not read. Nobody else is held up: what waits for memory needs
// only the disk, and what waits for the disk the acknowledgements of others.
//
// Who sends transient messages without receipts, and subscribes to nothing itself,
// is held back for a moment where the consumers of its queues are behind
// (protocols.Holdback).

// roomEvery is how often a group that waits looks for room.
const roomEvery = time.Second

// admitted waits while the core cannot take more.
func (c *conn) admitted() error {
	if w := c.pub.Laggard(); w != nil && len(c.subs) == 0 && c.holdback.Ready() {
		_ = c.unread(func() error { // whose ends are all the same
			c.holdback.Wait(w, c.ctx.Done())
			return nil
		})
	}
	if !c.pub.Full() {
		return nil
	}
	return c.unread(func() error {
		if c.pub.Wait(c.ctx) != nil {
			return context.Cause(c.ctx)
		}
		return nil
	})
}

// together commits a group, when the disk has room for it. Without publications
// it needs none.
func (c *conn) together(g *core.Group) error {
	err := c.pub.Commit(g)
	for core.KindOf(err) == core.NoSpace && err != nil {
		if err = c.unread(c.awaitRoom); err == nil {
			err = c.pub.Commit(g)
		}
	}
	return err
}

func (c *conn) awaitRoom() error {
	t := time.NewTimer(roomEvery)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
}

// unread waits in the read loop. What others cause goes on: it flushes itself
// meanwhile. A client that was not read is not taken for silent.
func (c *conn) unread(wait func() error) error {
	c.pub.Flush()
	c.nc.Out.Flush()
	c.reading.Store(false)
	defer c.reading.Store(true)
	defer c.nc.SetIdle(c.idle)
	return wait()
}
