package mqtt

import (
	"sync"

	"github.com/slipwaymq/slipway/core"
)

// A queue that $queue/<name> consumes may be deleted, which MQTT has no word to
// tell. The subscription stays, and takes up the next queue of that name, whoever
// makes it. (To end the connection, as STOMP does, would not do: the client would be
// back, with its session, before there is a queue, and not be told of that either.)

// orphans are the connections that wait for a queue to be made. What is waiting here
// is what is orphaned there, changed under the session's lock, which comes first.
type orphans struct {
	mu      sync.Mutex
	watched map[*core.Namespace]bool         // guarded by mu
	waiting map[queueName]map[*conn]struct{} // guarded by mu
}

type queueName struct {
	ns   *core.Namespace
	name string
}

// add has a connection kicked when the queue is made.
func (o *orphans) add(c *conn, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.watched[c.ns] {
		if o.watched == nil {
			o.watched, o.waiting = map[*core.Namespace]bool{}, map[queueName]map[*conn]struct{}{}
		}
		o.watched[c.ns] = true
		c.ns.WatchQueues(func(q *core.Queue) { o.made(queueName{c.ns, q.Name()}) }) // as long as the handler is there
	}
	at := queueName{c.ns, name}
	if o.waiting[at] == nil {
		o.waiting[at] = map[*conn]struct{}{}
	}
	o.waiting[at][c] = struct{}{}
}

func (o *orphans) remove(c *conn, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := queueName{c.ns, name}
	if delete(o.waiting[at], c); len(o.waiting[at]) == 0 {
		delete(o.waiting, at)
	}
}

func (o *orphans) made(at queueName) {
	o.mu.Lock()
	var list []*conn
	for c := range o.waiting[at] {
		list = append(list, c)
	}
	o.mu.Unlock()
	for _, c := range list {
		c.kick()
	}
}

// An orphan is a subscription without a queue.
type orphan struct {
	note note
	feed *feed // what it had; nil: nothing on this connection
}

// orphan notes a subscription without a queue; the pump looks for one. A feed that
// is not the subscription's any more only waited for the client's last
// acknowledgements.
func (c *conn) orphan(filter string, n note, had *feed) {
	c.s.mu.Lock()
	wanted := !c.ended && (had == nil || c.feeds[filter] == had)
	if wanted {
		if c.orphaned == nil {
			c.orphaned = map[string]orphan{}
		}
		c.orphaned[filter] = orphan{n, had}
		c.h.orphans.add(c, filter[len(queuePrefix):])
	}
	c.s.mu.Unlock()
	if wanted {
		c.kick() // it may be there again already
	}
}

// adopted forgets that the subscription has no queue: now it has, by f, unless f has
// lost it already; or, by nil, the subscription has ended.
func (c *conn) adopted(filter string, f *feed) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if o, there := c.orphaned[filter]; there && (f == nil || o.feed != f) {
		delete(c.orphaned, filter)
		c.h.orphans.remove(c, filter[len(queuePrefix):])
	}
}

// adopt is the pump's: it consumes the queues that are there again. What their
// predecessors delivered is no delivery any more; acknowledging it does nothing.
func (c *conn) adopt() {
	c.s.mu.Lock()
	filters := make([]string, 0, len(c.orphaned))
	for filter := range c.orphaned {
		filters = append(filters, filter)
	}
	c.s.mu.Unlock()
	for _, filter := range filters {
		c.adoptOne(filter)
	}
}

func (c *conn) adoptOne(filter string) {
	c.joining.Lock() // or it is unsubscribed from at the same time
	defer c.joining.Unlock()
	c.s.mu.Lock()
	o, waits := c.orphaned[filter]
	waits = waits && !c.ended
	c.s.mu.Unlock()
	name := filter[len(queuePrefix):]
	if q, ok := c.ns.Queue(name); ok && waits && c.mayUseQueue(core.Read, name) == nil {
		f := &feed{c: c, key: filter, note: o.note}
		if c.start(f, q, c.creditOf(f), "") == nil {
			c.adopted(filter, f)
		}
	}
}

// abandon is letGo's.
func (c *conn) abandon() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for filter := range c.orphaned {
		c.h.orphans.remove(c, filter[len(queuePrefix):])
	}
	c.orphaned = nil
}
