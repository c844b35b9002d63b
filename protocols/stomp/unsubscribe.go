package stomp

import (
	"slices"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// UNSUBSCRIBE: by id, or in 1.0 by destination. What is not acknowledged goes
// back. A durable subscriber is only away then; it ends with durable:true
// (RabbitMQ) or its activemq.subscriptionName (ActiveMQ), which may also come
// without a subscription.
func (c *conn) unsubscribe(f *wire.Frame, _ uint64) (bool, error) {
	id, ok := f.Get("id")
	if !ok {
		id = unnamed + f.Value("destination")
	}
	s := c.subs[id]
	if name := f.Value("activemq.subscriptionName"); name != "" && (s == nil || s.durable != nil && s.durable.name == name) {
		if s != nil {
			c.cancel(s)
		}
		return false, c.forget(durableName(c.clientID, name))
	}
	if s == nil {
		return false, refuse("Subscription not found", "there is no subscription %s", f.Value("id")+f.Value("destination"))
	}
	c.cancel(s)
	if s.durable != nil && isTrue(f, "durable") {
		return false, c.forget(s.durable.queue)
	}
	return false, nil
}

// forget ends a durable subscriber.
func (c *conn) forget(queue string) error {
	q, ok := c.ns.Queue(queue)
	if !ok {
		return refuse("Subscription not found", "there is no such durable subscriber")
	}
	if err := c.isMine(q); err != nil {
		return err
	}
	if q.Counts().Consumers > 0 {
		return refuse("Resource locked", "the durable subscriber is connected")
	}
	if err := c.ns.DeleteQueue(queue); core.KindOf(err) != core.NotFound {
		return err
	}
	return nil
}

// cancel ends a subscription, as far as it got.
func (c *conn) cancel(s *subscription) {
	delete(c.subs, s.id)
	delete(c.byNumber, s.number)
	c.mu.Lock()
	s.cancelled = true
	var kept []outgoing
	var back []outgoing
	for _, o := range c.backlog {
		if o.s == s {
			back = append(back, o)
		} else {
			kept = append(kept, o)
		}
	}
	c.backlog = kept
	c.mu.Unlock()
	s.stopBrowsing()
	consumers, surplus := s.halt()
	c.release(append(back, surplus...), false)
	c.settles.Lock()
	defer c.settles.Unlock()
	c.mu.Lock()
	sent := s.sent // it is on its way: the connection goes on
	s.sent = nil
	c.settling = slices.DeleteFunc(c.settling, func(other *subscription) bool { return other == s })
	c.mu.Unlock()
	settle(sent, core.Ack)
	for _, k := range consumers {
		k.Cancel()
	}
	c.mu.Lock()
	c.live = without(c.live, consumers)
	c.mu.Unlock()
}

func without(list, gone []*core.Consumer) (kept []*core.Consumer) {
	for _, k := range list {
		there := false
		for _, g := range gone {
			there = there || g == k
		}
		if !there {
			kept = append(kept, k)
		}
	}
	return kept
}
