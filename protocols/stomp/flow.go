package stomp

import (
	"slices"
	"sort"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// How deliveries stop and go on. The core delivers as long as a consumer has
// credit. While deliveries wait in the backlog, or the output is full, adjust
// takes all credit away, in one number, and gives it back later. What must call
// the core and may go on for long is the pump's: a goroutine that runs while there
// is something to do, and ends.

// allCredit is more than any credit.
const allCredit = 1 << 30

func pauseCredit(paused bool) int {
	if paused {
		return -allCredit
	}
	return allCredit
}

// behind says that there is something to do for adjust or the pump.
func (c *conn) behind() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stuck() != c.paused || len(c.backlog) > 0 && !c.nc.Out.Full() || len(c.settling) > 0 || len(c.opening) > 0 || c.unbalanced()
}

// stuck says that the core should deliver nothing. Lock held.
func (c *conn) stuck() bool { return len(c.backlog) > 0 || c.nc.Out.Full() }

// adjust stops or restarts all deliveries. Whoever finds another at it leaves the
// work to him: giving credit can deliver, and delivering ends up here again.
func (c *conn) adjust() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.adjusting || c.ended {
		return
	}
	c.adjusting = true
	for c.stuck() != c.paused && !c.ended {
		c.paused = !c.paused
		credit := pauseCredit(c.paused)
		live := append([]*core.Consumer(nil), c.live...)
		c.mu.Unlock()
		for _, k := range live {
			k.AddCredit(credit)
		}
		c.mu.Lock()
	}
	c.adjusting = false
}

// kick has the pump look. Any goroutine, no locks.
func (c *conn) kick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	if c.pumping {
		c.again = true
		return
	}
	c.pumping = true
	c.pumps.Add(1)
	go c.pump() // ends when there is nothing to do; letGo waits for it
}

func (c *conn) pump() {
	defer c.pumps.Done()
	for {
		c.open()
		c.sendBacklog()
		c.nc.Out.Flush()
		c.settleSent()
		c.balance()
		c.adjust()
		c.wakeBrowsers()
		c.mu.Lock()
		if c.ended || !c.again {
			c.pumping = false
			c.mu.Unlock()
			return
		}
		c.again = false
		c.mu.Unlock()
	}
}

// sendBacklog sends what waited, in order.
func (c *conn) sendBacklog() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.backlog) > 0 && !c.ended && !c.nc.Out.Full() {
		o := c.backlog[0]
		c.backlog[0] = outgoing{}
		c.backlog = c.backlog[1:]
		c.send1(o.s, o.consumer, &o.d)
	}
	if len(c.backlog) == 0 {
		c.backlog = nil
	}
}

// settleSent settles what was written to subscriptions that acknowledge nothing:
// not what the socket has not taken yet, for that the client will not get if it
// goes now.
func (c *conn) settleSent() {
	c.settles.Lock()
	defer c.settles.Unlock()
	for {
		var list []held
		written := c.nc.Out.Written()
		c.mu.Lock()
		waiting := c.settling[:0]
		for _, s := range c.settling {
			n := sort.Search(len(s.sent), func(i int) bool { return s.sent[i].end > written })
			list = append(list, s.sent[:n]...)
			if s.sent = s.sent[n:]; len(s.sent) > 0 {
				waiting = append(waiting, s)
			} else {
				s.sent = nil
			}
		}
		clear(c.settling[len(waiting):])
		c.settling = waiting
		if len(list) == 0 {
			c.lookAgain()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		settle(list, core.Ack)
	}
}

// lookAgain has the pump look again soon at what is not written yet. Lock held.
func (c *conn) lookAgain() {
	if len(c.settling) == 0 || c.looking || c.ended {
		return
	}
	c.looking = true
	time.AfterFunc(settleEvery, func() {
		c.mu.Lock()
		c.looking = false
		c.mu.Unlock()
		c.kick()
	})
}

const settleEvery = 5 * time.Millisecond

// settle settles deliveries, those of one consumer together.
func settle(list []held, how core.Settlement) {
	for _, g := range settlementsOf(list, how) {
		g.Consumer.Settle(how, true, g.Receipts, nil, nil, nil, 0)
	}
}

// settlementsOf groups deliveries by consumer; nearly always they are of one.
func settlementsOf(list []held, how core.Settlement) (groups []core.GroupSettlement) {
	for _, h := range list {
		i := 0
		for i < len(groups) && groups[i].Consumer != h.consumer {
			i++
		}
		if i == len(groups) {
			groups = append(groups, core.GroupSettlement{Consumer: h.consumer, How: how, Receipts: make([]core.Receipt, 0, len(list))})
		}
		groups[i].Receipts = append(groups[i].Receipts, h.receipt)
	}
	return groups
}

// release gives back what was never sent, as if it had never been taken; refund
// says that the consumers may have as much again.
func (c *conn) release(list []outgoing, refund bool) {
	for _, o := range list {
		o.consumer.Settle(core.Release, refund, []core.Receipt{o.d.Receipt}, nil, nil, nil, 0)
	}
}

// letGo ends the deliveries and everything that is this connection's alone.
func (c *conn) letGo() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	for _, s := range c.subs {
		s.stopBrowsing()
	}
	c.pumps.Wait()
	c.mu.Lock()
	live := slices.Clone(c.live)
	c.mu.Unlock()
	addCredit(live, -allCredit)
	c.settleSent()
	c.mu.Lock()
	backlog := c.backlog
	c.backlog = nil
	for _, s := range c.wilds {
		backlog = append(backlog, s.wild.surplus...)
		s.wild.surplus = nil
	}
	c.mu.Unlock()
	c.release(backlog, false)
	for _, s := range c.subs {
		for _, k := range s.all() {
			k.Cancel()
		}
	}
	c.temps.drop(c)
	if c.local != nil {
		c.local.Detach(0, false)
	}
}
