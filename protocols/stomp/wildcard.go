package stomp

import (
	"slices"
	"strings"
	"sync"

	"github.com/slipwaymq/slipway/core"
)

// Wildcards in the name of a queue (ActiveMQ): /queue/orders.> consumes every
// queue whose name matches, also those that are created later.
//
//	*, >               one word; at the end, any number of words, also none
//	which queues       those that are open to all and that the user may read;
//	                   not one that has an exclusive consumer of AMQP's when it is met
//	prefetch           of all of them together
//	ack:client         cumulative across them
//	a queue deleted    what it delivered is forgotten, and the subscription goes on
//	selector, priorities, activemq.exclusive    in each queue
//	browser, composite with others    absent; refused
//	SEND               to a queue of that very name, as in ActiveMQ
//
// The core knows nothing of it: there is a consumer of each queue, with all of
// the prefetch as credit. What comes when the client has as much as it wants is
// put aside, the pump takes the credit of all consumers away, and gives back what
// was put aside as if it had never been taken.

// maxConsumers bounds what one connection consumes, with wildcards.
const maxConsumers = 100_000

// A wildcard is what a subscription to many queues has beside.
type wildcard struct {
	words   []string             // immutable
	options core.ConsumerOptions // immutable; its Credit is that of all together
	unwatch func()               // immutable once it consumes

	mu    sync.Mutex // held while queues join and while credit moves; before the core's locks
	ended bool       // guarded by mu
	next  int        // guarded by mu; whose turn it is to be given credit first

	// Guarded by conn.mu.
	consumers []*core.Consumer
	arrived   []*core.Queue // to be joined
	surplus   []outgoing    // to be given back
	full      bool          // the consumers' credit is taken away
}

// wild says that a queue's name is one of ActiveMQ's wildcards.
func wild(name string) bool {
	for _, word := range strings.Split(name, ".") {
		if word == "*" || word == ">" {
			return true
		}
	}
	return false
}

func (w *wildcard) matches(name string) bool {
	parts := strings.Split(name, ".")
	for i, word := range w.words {
		if word == ">" {
			return true
		}
		if i >= len(parts) || word != "*" && word != parts[i] {
			return false
		}
	}
	return len(parts) == len(w.words)
}

// consumeMatching begins with the queues that are there.
func (c *conn) consumeMatching(sub *subscribing, d *destination) error {
	w := &wildcard{words: strings.Split(d.name, "."), options: sub.options}
	if i := slices.Index(w.words, ">"); i >= 0 && i < len(w.words)-1 {
		return refuse("Invalid destination", "> stands only at the end: %s", d.text)
	}
	if isTrue(sub.f, "browser") {
		return refuse("Invalid destination", "a browser has one queue")
	}
	s := sub.s
	if err := c.predicate(sub, &w.options); err != nil {
		return err
	}
	s.wild = w
	c.mu.Lock()
	c.wilds = append(c.wilds, s)
	c.mu.Unlock()
	w.unwatch = c.ns.WatchQueues(func(q *core.Queue) {
		if w.matches(q.Name()) {
			c.mu.Lock()
			w.arrived = append(w.arrived, q)
			c.mu.Unlock()
			c.kick()
		}
	})
	for _, q := range c.ns.Queues("", false) {
		if !w.matches(q.Name()) {
			continue
		}
		if err := c.join(s, q); err != nil {
			return err
		}
	}
	return nil
}

// join consumes one more queue, unless it does already or may not.
func (c *conn) join(s *subscription, q *core.Queue) error {
	w := s.wild
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || q.Options().Hidden || !c.principal.MayQueue(core.Read, q.Name()) || c.isOpen(q, core.Read) != nil {
		return nil
	}
	c.mu.Lock()
	joined := slices.ContainsFunc(w.consumers, func(k *core.Consumer) bool { return k.Queue() == q })
	many := len(c.live) >= maxConsumers
	c.mu.Unlock()
	switch {
	case joined:
		return nil
	case many:
		return refuse("Over a limit", "a connection consumes at most %d queues", maxConsumers)
	}
	_, err := c.consumer(s, q, w.options)
	if core.KindOf(err) == core.Locked || core.KindOf(err) == core.NotFound {
		return nil // it is another's alone, or went in this moment
	}
	return err
}

// outstanding is what the client has and did not settle. Lock held.
func (s *subscription) outstanding() int {
	switch s.mode {
	case cumulative:
		return len(s.unsettled)
	case individual:
		return len(s.byNumber)
	}
	return len(s.sent)
}

// overflows says that a delivery is one too many, which is put aside. Lock held.
func (c *conn) overflows(s *subscription, k *core.Consumer, d *core.Delivery) bool {
	w := s.wild
	if w == nil || c.ended || len(c.backlog) == 0 && !c.nc.Out.Full() && s.outstanding() < w.options.Credit {
		return false
	}
	w.surplus = append(w.surplus, outgoing{s, k, *d})
	return true
}

// unbalanced says that balance has something to do. Lock held.
func (c *conn) unbalanced() bool {
	return slices.ContainsFunc(c.wilds, func(s *subscription) bool {
		w := s.wild
		return len(w.surplus) > 0 || len(w.arrived) > 0 || w.full != (s.outstanding() >= w.options.Credit)
	})
}

// balance is the pump's: it lets queues join, and keeps wildcards to their prefetch.
func (c *conn) balance() {
	c.mu.Lock()
	wilds := slices.Clone(c.wilds)
	c.mu.Unlock()
	for _, s := range wilds {
		c.mu.Lock()
		arrived := s.wild.arrived
		s.wild.arrived = nil
		c.mu.Unlock()
		for _, q := range arrived {
			if err := c.join(s, q); err != nil {
				c.nc.Stop(err)
			}
		}
		for c.moveCredit(s) {
		}
	}
}

// moveCredit takes the credit away from all consumers or gives it to them, and
// says whether it did.
func (c *conn) moveCredit(s *subscription) bool {
	w := s.wild
	w.mu.Lock()
	defer w.mu.Unlock()
	c.mu.Lock()
	surplus := w.surplus
	w.surplus = nil
	before := w.full
	w.full = s.outstanding() >= w.options.Credit
	full, consumers := w.full, w.consumers
	c.mu.Unlock()
	if full && !before {
		addCredit(consumers, -allCredit)
	}
	c.release(surplus, true)
	if before && !full {
		c.giveInTurn(s, consumers)
	}
	return full != before
}

// giveInTurn gives credit to one consumer after another until the client has
// enough: then it is taken back from those. Both locks of the wildcard's are as
// in moveCredit.
func (c *conn) giveInTurn(s *subscription, consumers []*core.Consumer) {
	w := s.wild
	for i := range consumers {
		at := (w.next + i) % len(consumers)
		consumers[at].AddCredit(allCredit)
		c.mu.Lock()
		enough := s.outstanding() >= w.options.Credit
		w.full = enough
		c.mu.Unlock()
		if enough {
			for j := range i + 1 {
				consumers[(w.next+j)%len(consumers)].AddCredit(-allCredit)
			}
			w.next = at + 1
			return
		}
	}
}

func addCredit(list []*core.Consumer, n int) {
	for _, k := range list {
		k.AddCredit(n)
	}
}

// left forgets a queue that is gone.
func (s *subscription) left(k *core.Consumer) {
	c, w := s.c, s.wild
	mine := func(h held) bool { return h.consumer == k }
	c.mu.Lock()
	w.consumers = without(w.consumers, []*core.Consumer{k})
	c.live = without(c.live, []*core.Consumer{k})
	w.surplus = slices.DeleteFunc(w.surplus, func(o outgoing) bool { return o.consumer == k })
	s.unsettled, s.sent = slices.DeleteFunc(slices.Clone(s.unsettled), mine), slices.DeleteFunc(slices.Clone(s.sent), mine)
	for n, h := range s.byNumber {
		if mine(h) {
			delete(s.byNumber, n)
		}
	}
	c.mu.Unlock()
	c.kick()
}

// halt has the core deliver no more; surplus is to be given back.
func (s *subscription) halt() (consumers []*core.Consumer, surplus []outgoing) {
	consumers = s.all()
	addCredit(consumers, -allCredit)
	if w := s.wild; w != nil {
		s.c.mu.Lock()
		surplus, w.surplus = w.surplus, nil
		s.c.mu.Unlock()
	}
	return consumers, surplus
}

// all ends the joining of queues, and is everything that is consumed.
func (s *subscription) all() []*core.Consumer {
	w := s.wild
	if w == nil {
		return s.consumers
	}
	if w.unwatch != nil {
		w.unwatch()
	}
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wilds = slices.DeleteFunc(c.wilds, func(other *subscription) bool { return other == s })
	return w.consumers
}
