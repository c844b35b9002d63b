package amqp091

import (
	"sync"
	"time"

	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Heartbeats (4.2.7). A client that was silent for twice the negotiated time is
// given up; we send one when half of it went by without a byte of ours.

type heartbeat struct {
	mu    sync.Mutex
	timer *time.Timer // guarded by mu; nil: none, or stopped
	seen  uint64      // guarded by mu; bytes sent when last looked
}

// tuned begins the heartbeats; 0: there are none.
func (c *conn) tuned(every time.Duration) {
	c.nc.SetIdle(2 * every)
	if every == 0 {
		return
	}
	b, half := &c.beat, every/2
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = time.AfterFunc(half, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.timer == nil {
			return
		}
		if sent := c.nc.Out.Written(); sent == b.seen {
			c.nc.Out.Encode(protocols.Must, wire.AppendHeartbeat)
			c.nc.Out.FlushSoon()
		} else {
			b.seen = sent
		}
		b.timer.Reset(half)
	})
}

func (b *heartbeat) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}
