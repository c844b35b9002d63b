package amqp091

import (
	"context"
	"maps"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// basic.get (1.8.3.10). A message is held by the channel as one that a consumer
// got, and counts towards no prefetch.

func (ch *channel) get(args []byte) error {
	var m wire.BasicGet
	if err := m.Decode(args); err != nil {
		return err
	}
	q, err := ch.queue(&m.Queue)
	if err != nil {
		return err
	}
	if err := ch.c.may(core.Read, "queue", m.Queue); err != nil {
		return err
	}
	k, err := ch.getter(q)
	if err != nil {
		return err
	}
	if most := ch.c.h.cfg.MaxUnacked; !m.NoAck && ch.holds() >= most {
		return wire.Errorf(wire.ResourceError, "a channel holds at most %d unsettled deliveries", most)
	}
	var d core.Delivery
	var left int64
	var ok bool
	err = ch.c.waits(func() (err error) {
		d, left, ok, err = k.core.Get(ch.c.ctx, m.NoAck)
		return err
	})
	switch {
	case err != nil && ch.c.ctx.Err() != nil:
		return context.Cause(ch.c.ctx)
	case err != nil:
		return ch.c.refusal(err, ch.c.queueName(m.Queue))
	case !ok:
		ch.write((&wire.BasicGetEmpty{}).Append)
		return nil
	}
	ch.sendGot(k, &d, uint32(min(left, 1<<32-1)), m.NoAck)
	return nil
}

// holds is how many deliveries are unsettled.
func (ch *channel) holds() int {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	return ch.out.held
}

// getter is what holds the messages that the channel got of a queue.
func (ch *channel) getter(q *core.Queue) (*consumer, error) {
	if k := ch.getters[q]; k != nil {
		return k, nil
	}
	ch.sweepGetters()
	held, err := q.Getter(ch.c.id())
	if err != nil {
		return nil, ch.c.refusal(err, ch.c.queueName(q.Name()))
	}
	options := q.Options()
	k := &consumer{ch: ch, queue: q, core: held, count: counts(&options, countAll), gone: true}
	if ch.getters == nil {
		ch.getters = map[*core.Queue]*consumer{}
	}
	ch.getters[q] = k
	return k, nil
}

// keptGetters is how many queues a channel remembers to have got messages of.
const keptGetters = 64

// sweepGetters forgets the queues of which the channel holds nothing, when they
// are many.
func (ch *channel) sweepGetters() {
	if len(ch.getters) < 2*ch.sweptGetters+keptGetters {
		return
	}
	c := ch.c
	var idle []*consumer
	c.mu.Lock()
	maps.DeleteFunc(ch.getters, func(_ *core.Queue, k *consumer) bool {
		if k.held == 0 {
			idle = append(idle, k)
		}
		return k.held == 0
	})
	c.mu.Unlock()
	ch.sweptGetters = len(ch.getters)
	for _, k := range idle {
		k.core.Cancel()
	}
}

func (ch *channel) sendGot(k *consumer, d *core.Delivery, left uint32, noAck bool) {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	tag := ch.out.next()
	if !noAck {
		ch.hold(k, tag, d.Receipt)
	}
	c.h.counters.Delivered.Add(1)
	out := outgoing(d.Message)
	m := wire.BasicGetOk{DeliveryTag: tag, Redelivered: d.Deliveries > 1, Exchange: out.exchange, RoutingKey: out.key, MessageCount: left}
	ch.encode(&out, d, k.count, func(dst []byte) []byte { return m.Append(dst, ch.num) })
}
