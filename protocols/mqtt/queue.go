package mqtt

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// $queue/<name>: a queue of another door's, published to and consumed from in
// competition. It must exist; session, generated and exclusive queues are
// closed. What it holds is delivered at the granted QoS, whoever put it there.

// mayUseQueue says why a queue may not be used.
func (c *conn) mayUseQueue(a core.Action, name string) error {
	if !c.principal.MayQueue(a, name) {
		return protocolError(wire.NotAuthorized, "3.3.5", "no permission for queue %s", name)
	}
	q, ok := c.ns.Queue(name)
	if !ok {
		return protocolError(wire.TopicNameInvalid, "3.3.5", "there is no queue %s", name)
	}
	if o := q.Options(); o.Hidden || o.Owner != "" {
		return protocolError(wire.NotAuthorized, "3.3.5", "queue %s is not open to others", name)
	}
	return nil
}

// consumeQueue takes part in consuming a queue.
func (c *conn) consumeQueue(filter string, n note, isNew bool) error {
	name := filter[len(queuePrefix):]
	if err := c.mayUseQueue(core.Read, name); err != nil {
		return err
	}
	q, ok := c.ns.Queue(name)
	if !ok {
		return protocolError(wire.TopicFilterInvalid, "3.9.3", "there is no queue %s", name)
	}
	c.joining.Lock()
	defer c.joining.Unlock()
	c.stop(filter)
	if isNew {
		if err := c.remember(filter, n, attrQueue, name); err != nil {
			return err
		}
	}
	f := &feed{c: c, key: filter, note: n}
	if err := c.start(f, q, c.creditOf(f), ""); err != nil {
		return err
	}
	c.adopted(filter, f)
	return nil
}

// nobody is a Confirm for what something later is confirmed for.
type nobody struct{}

func (nobody) Confirmed(uint64, core.Outcome) bool { return false }
func (nobody) Flush()                              {}

// remember binds what stands for a subscription to another queue.
func (c *conn) remember(filter string, n note, attr, val string) error {
	_, err := c.ns.BindLater(nobody{}, 0, &core.Binding{
		Key: c.keyOf(filter), Dialect: dialectName, Filter: match.Literal(filter), Queue: c.s.core.Queue(),
		Durable: c.s.core.Durable(), Note: n.encode(), Session: c.s.core, Attributes: map[string]string{attr: val},
	})
	return err
}
