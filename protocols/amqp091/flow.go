package amqp091

import (
	"slices"

	"github.com/slipwaymq/slipway/core"
)

// How deliveries stop and go on. The core delivers as long as a consumer has
// credit: as much as its prefetch, and one back for each settlement. While the
// output is full, or a channel holds as much as all its consumers together may,
// adjust takes all credit away, in one number, and gives it back later. Nothing
// waits here: what the core delivers goes into the output, and what a channel
// may not hold goes back to its queue, as if it had never been delivered.

// allCredit is more than any credit.
const allCredit = 1 << 40

// noPrefetch is the credit of a consumer without a limit of its own.
const noPrefetch = 1 << 30

type excess struct {
	k       *consumer
	receipt core.Receipt
}

// lookAt has adjust look at a channel. Lock held.
func (ch *channel) lookAt() {
	if !ch.looked {
		ch.looked = true
		ch.c.look = append(ch.c.look, ch)
	}
}

// adjust stops or restarts deliveries and gives back what was too much. Whoever
// finds another at it leaves the work to him: giving credit can deliver, and
// delivering ends up here again.
func (c *conn) adjust() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.adjusting {
		return
	}
	c.adjusting = true
	for !c.over {
		list, credit := c.due()
		back := c.excess
		c.excess = nil
		if len(list)+len(back) == 0 {
			break
		}
		c.mu.Unlock()
		for _, k := range list {
			k.core.AddCredit(credit)
		}
		for _, e := range back {
			e.k.core.Settle(core.Release, true, []core.Receipt{e.receipt}, nil, nil, nil, 0)
		}
		c.mu.Lock()
	}
	c.adjusting = false
}

// due is one change of credit, and whose. Lock held.
func (c *conn) due() (list []*consumer, credit int) {
	if full := c.nc.Out.Full(); full != c.full {
		c.full = full
		return slices.Clone(c.consumers), creditOf(full)
	}
	for len(c.look) > 0 {
		ch := c.look[0]
		c.look[0] = nil
		c.look, ch.looked = c.look[1:], false
		if over := ch.holdsAll(); over != ch.paused {
			ch.paused = over
			for _, k := range c.consumers {
				if k.ch == ch && !k.noAck {
					list = append(list, k)
				}
			}
			return list, creditOf(over)
		}
	}
	c.look = nil
	return nil, 0
}

func creditOf(stop bool) int {
	if stop {
		return -allCredit
	}
	return allCredit
}

// enlist makes a consumer one whose credit is adjusted, and returns what it
// begins with.
func (c *conn) enlist(k *consumer, prefetch int) (credit int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.gone { // the queue went in this moment
		return 0
	}
	c.consumers = append(c.consumers, k)
	c.h.counters.Consumers.Add(1)
	credit = noPrefetch
	if prefetch > 0 && !k.noAck {
		credit = prefetch
	}
	if k.noAck {
		credit = allCredit / 4
	}
	if c.full {
		credit -= allCredit
	}
	if k.ch.paused && !k.noAck {
		credit -= allCredit
	}
	return credit
}

// forget is its opposite. Lock held.
func (c *conn) forget(k *consumer) {
	if i := slices.Index(c.consumers, k); i >= 0 {
		c.consumers = slices.Delete(c.consumers, i, i+1)
		c.h.counters.Consumers.Add(-1)
	}
}
