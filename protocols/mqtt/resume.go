package mqtt

import (
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

// What a connection does first, after CONNACK: it finishes the exchanges of the
// connection before (4.4), takes up the session's queue, whose unacknowledged
// deliveries come first and in order, and its other subscriptions.

func (c *conn) resume(resumed bool) error {
	s := c.s
	c.nc.Out.OnWritable(c.kick)
	s.mu.Lock()
	c.retained, s.retained = s.retained, nil
	c.resend()
	s.conn.Store(c)
	s.mu.Unlock()
	q := s.core.Queue()
	if err := c.start(&feed{c: c, own: true}, q, c.credit, q.Options().Owner); err != nil {
		return err
	}
	if resumed {
		return c.restore()
	}
	return nil
}

// resend repeats what does not come out of a queue. Lock held.
func (c *conn) resend() {
	for _, sl := range c.s.inOrder(func(sl *slot) bool { return sl.phase == released }) {
		c.writePubrel(sl.id, 0) // takes nothing of the receive maximum (4.9)
	}
	var rest []*slot
	for _, sl := range c.s.inOrder(func(sl *slot) bool { return sl.phase == published && sl.msg != nil }) {
		if c.quota == 0 {
			rest = append(rest, sl)
			continue
		}
		c.quota--
		sl.counted = true
		c.writePublish(sl, sl.msg, sl.note)
	}
	for _, sl := range rest { // the client takes less than before: they start anew when it does
		delete(c.s.out, sl.id)
		c.retained = append(c.retained, &retainedValues{note: sl.note, batch: []*core.Message{sl.msg}})
	}
}

// start lets a queue deliver to the connection.
func (c *conn) start(f *feed, q *core.Queue, credit int, owner string) error {
	s := c.s
	s.mu.Lock()
	c.feeds[f.key] = f
	s.mu.Unlock()
	k, err := q.Consume(core.ConsumerOptions{Receiver: f, Credit: credit, NoAck: f.unacknowledged(), Owner: owner})
	s.mu.Lock()
	if err != nil {
		delete(c.feeds, f.key)
		s.mu.Unlock()
		return err
	}
	f.consumer = k
	paused := c.paused
	s.mu.Unlock()
	if paused {
		k.AddCredit(-allCredit)
	}
	return nil
}

// stop ends a feed of another queue than the session's. What was sent of it is
// still completed [MQTT-3.10.4-3]; what was not goes to others.
func (c *conn) stop(key string) {
	s := c.s
	s.mu.Lock()
	f := c.feeds[key]
	delete(c.feeds, key)
	s.mu.Unlock()
	if f == nil {
		return
	}
	f.leaveGroup()
	f.consumer.AddCredit(-allCredit)
	s.mu.Lock()
	var unsent []core.Receipt
	c.backlog = slices.DeleteFunc(c.backlog, func(o outgoing) bool {
		if o.feed == f {
			unsent = append(unsent, o.d.Receipt)
		}
		return o.feed == f
	})
	s.mu.Unlock()
	f.consumer.Settle(core.Release, false, unsent, nil, nil, nil, 0)
	c.stopped = append(c.stopped, f)
	c.cancelStopped()
}

// cancelStopped cancels the stopped feeds of which the client has nothing any
// more. The read loop's.
func (c *conn) cancelStopped() {
	s := c.s
	busy := map[*feed]bool{}
	s.mu.Lock()
	for _, sl := range s.out {
		if sl.feed != nil {
			busy[sl.feed] = true
		}
	}
	s.mu.Unlock()
	c.stopped = slices.DeleteFunc(c.stopped, func(f *feed) bool {
		if !busy[f] {
			f.consumer.Cancel()
		}
		return !busy[f]
	})
}

// creditOf is what a feed of another queue than the session's may hold: not
// all at once, since others take from that queue too.
func (c *conn) creditOf(f *feed) int {
	if f.unacknowledged() {
		return qos0Credit
	}
	return min(c.credit, sharedFirst)
}

// The attributes of a binding that stands for a subscription to another queue.
// It routes nothing: it is there to be found when the session is resumed, and
// to go with it.
const (
	attrShared = "shared" // the group's queue
	attrQueue  = "queue"  // the queue's name
)

// restore takes up the subscriptions of a resumed session. After a restart
// their bindings have lost their way to us.
func (c *conn) restore() error {
	var lost []*core.Binding
	for _, b := range c.ns.BindingsOf(c.s.core.Queue()) {
		filter := c.filterOf(b.Key)
		n := decodeNote(b.Note, nil)
		switch {
		case b.Attributes[attrShared] != "":
			if err := c.joinGroup(filter, n, false); err != nil {
				c.h.cfg.Log.Info("a subscription cannot be resumed", "client", c.s.core.ID(), "filter", filter, "error", err)
			}
		case b.Attributes[attrQueue] != "":
			if err := c.consumeQueue(filter, n, false); err != nil { // deleted, or no longer permitted
				c.h.cfg.Log.Info("a subscription cannot be resumed", "client", c.s.core.ID(), "filter", filter, "error", err)
				c.orphan(filter, n, nil)
			}
		case b.Sink != core.Sink(c.s):
			again := *b
			again.Sink = c.s
			lost = append(lost, &again)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	_, err := c.ns.Bind(lost...)
	return err
}

// keyOf is the key of a subscription's binding. No client id or filter has a
// NUL [MQTT-1.5.4-2], so no two sessions share one.
func (c *conn) keyOf(filter string) string { return c.s.core.Prefix() + "\x00" + filter }

func (c *conn) filterOf(key string) string {
	return strings.TrimPrefix(key, c.s.core.Prefix()+"\x00")
}
