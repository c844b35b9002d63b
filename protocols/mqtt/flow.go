package mqtt

import (
	"github.com/slipwaymq/slipway/core"
)

// How deliveries stop and go on. The core delivers as long as a consumer has
// credit: each feed gets as much as the client's receive maximum, and one back
// for each acknowledgement. While deliveries wait in the backlog, or the output
// is full, adjust takes all credit away, in one number, and gives it back
// later. Work that must call the core, and may go on for long, is the pump's: a
// goroutine that runs while there is something to do, and ends.

const (
	allCredit   = 1 << 30 // more than any credit
	sharedFirst = 256     // credit of a feed that competes with others
	qos0Credit  = 1000    // credit of a feed at QoS 0, renewed when half is used
)

// behind says that there is something to do for adjust or the pump.
func (c *conn) behind() bool {
	if c.s == nil {
		return false
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.stuck() != c.paused || len(c.backlog) > 0 && c.ready(&c.backlog[0]) ||
		len(c.discards) > 0 || c.creditDue || c.canSendRetained()
}

// stuck says that the core should deliver nothing. Lock held.
func (c *conn) stuck() bool { return len(c.backlog) > 0 || c.nc.Out.Full() }

// adjust stops or restarts the deliveries of all feeds. Whoever finds another
// at it leaves the work to him: giving credit can deliver, and delivering ends
// up here again.
func (c *conn) adjust() {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.adjusting || c.ended {
		return
	}
	c.adjusting = true
	for c.stuck() != c.paused && !c.ended {
		c.paused = !c.paused
		credit := allCredit
		if c.paused {
			credit = -allCredit
		}
		feeds := c.listFeeds()
		s.mu.Unlock()
		for _, f := range feeds {
			f.consumer.AddCredit(credit)
		}
		s.mu.Lock()
	}
	c.adjusting = false
}

func (c *conn) listFeeds() []*feed {
	list := make([]*feed, 0, len(c.feeds))
	for _, f := range c.feeds {
		if f.consumer != nil {
			list = append(list, f)
		}
	}
	return list
}

// kick has the pump look. Any goroutine, no locks.
func (c *conn) kick() {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
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
		c.adopt()
		c.sendBacklog()
		c.settleDiscards()
		c.renewCredit()
		c.adjust()
		c.sendRetained()
		c.nc.Out.Flush()
		c.s.mu.Lock()
		if c.ended || !c.again {
			c.pumping = false
			c.s.mu.Unlock()
			return
		}
		c.again = false
		c.s.mu.Unlock()
	}
}

// sendBacklog sends what waited, in order.
func (c *conn) sendBacklog() {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(c.backlog) > 0 && !c.ended && c.ready(&c.backlog[0]) {
		var records []*slot
		c.held = true
		for len(c.backlog) > 0 && c.ready(&c.backlog[0]) {
			o := c.backlog[0]
			c.backlog[0] = outgoing{}
			c.backlog = c.backlog[1:]
			if record, _ := c.send(&o); record != nil {
				records = append(records, record)
			}
		}
		s.mu.Unlock()
		for _, sl := range records {
			c.record(sl)
		}
		s.mu.Lock()
		c.held = false
	}
	if len(c.backlog) == 0 {
		c.backlog = nil
	}
}

// settleDiscards ends deliveries that could not be sent.
func (c *conn) settleDiscards() {
	s := c.s
	s.mu.Lock()
	list := c.discards
	c.discards = nil
	s.mu.Unlock()
	for _, sl := range list {
		sl.consumer.Settle(core.Ack, true, []core.Receipt{sl.receipt}, nil, nil, nil, 0) // the feed may not know it yet
		c.endExchange(sl)
	}
}

// renewCredit gives back what feeds at QoS 0, which nothing acknowledges, have
// used.
func (c *conn) renewCredit() {
	s := c.s
	s.mu.Lock()
	c.creditDue = false
	type due struct {
		f *feed
		n int
	}
	var list []due
	for _, f := range c.feeds {
		if f.taken >= qos0Credit/2 && f.consumer != nil {
			list = append(list, due{f, f.taken})
			f.taken = 0
		}
	}
	s.mu.Unlock()
	for _, d := range list {
		d.f.consumer.AddCredit(d.n)
	}
}
