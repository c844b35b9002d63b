package stomp

import (
	"context"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// browser:true shows what is in a queue without taking it: each MESSAGE has
// browser:true, and an empty one with browser:end is the last (ActiveMQ).

// A browser is the goroutine that shows it; the subscription is there until
// UNSUBSCRIBE.
type browser struct {
	stop context.CancelFunc
	wake chan struct{} // capacity 1: there may be room in the output
}

func (c *conn) browse(s *subscription, q *core.Queue, p core.Predicate) error {
	if s.browser != nil || len(s.consumers) > 0 {
		return refuse("Invalid destination", "a browser has one queue")
	}
	ctx, stop := context.WithCancel(c.ctx)
	b := &browser{stop: stop, wake: make(chan struct{}, 1)}
	c.mu.Lock()
	s.browser = b
	c.browsers = append(c.browsers, b)
	c.mu.Unlock()
	c.pumps.Add(1)
	go func() { // letGo and cancel end it
		defer c.pumps.Done()
		defer c.forgetBrowser(b)
		if err := q.Browse(func(d core.Delivery) bool { return p != nil && !p.Matches(d.Message) || c.show(ctx, b, s, &d) }); err != nil {
			c.nc.Stop(err)
			return
		}
		c.showEnd(ctx, s)
	}()
	return nil
}

func (s *subscription) stopBrowsing() {
	for _, b := range []*browser{s.browser, s.past} {
		if b != nil {
			b.stop()
		}
	}
}

// show writes one message when there is room; false ends the browsing. It looks as if
// it were to be acknowledged, which then does nothing.
func (c *conn) show(ctx context.Context, b *browser, s *subscription, d *core.Delivery) bool {
	for c.nc.Out.Full() || c.isHeld(s) {
		select {
		case <-b.wake:
		case <-ctx.Done():
			return false
		}
	}
	if ctx.Err() != nil {
		return false
	}
	browsed := ""
	if b == s.browser {
		browsed = "true"
	}
	c.mu.Lock()
	c.lastAck++
	c.writeMessage(s, d, c.lastAck, browsed)
	c.mu.Unlock()
	c.flushSoon()
	return true
}

func (c *conn) isHeld(s *subscription) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.held
}

func (c *conn) showEnd(ctx context.Context, s *subscription) {
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	c.write(func(dst []byte) []byte {
		dst = wire.AppendHeader(wire.AppendCommand(dst, "MESSAGE"), c.version, "destination", s.dest)
		if s.id[:1] != unnamed {
			dst = wire.AppendHeader(dst, c.version, "subscription", s.id)
		}
		dst = wire.AppendHeader(dst, c.version, "message-id", s.browserID())
		dst = wire.AppendHeader(dst, c.version, "browser", "end")
		return append(wire.AppendLength(dst, 0), 0)
	})
	c.mu.Unlock()
	c.nc.Out.FlushSoon()
}

// browserID is a message-id, which every MESSAGE must have.
func (s *subscription) browserID() string { return "browser-end-" + s.c.session }

func (c *conn) flushSoon() {
	if c.nc.Out.Due() {
		c.nc.Out.FlushSoon()
	}
}

// wakeBrowsers lets those go on that wait for room.
func (c *conn) wakeBrowsers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.browsers {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

func (c *conn) forgetBrowser(b *browser) {
	b.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.browsers {
		if other == b {
			c.browsers = append(c.browsers[:i:i], c.browsers[i+1:]...)
			return
		}
	}
}
