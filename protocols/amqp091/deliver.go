package amqp091

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// basic.deliver to a client (1.8.3.13).

// A consumer is a basic.consume, or what a channel holds of a queue by
// basic.get.
type consumer struct {
	ch    *channel       // immutable
	tag   string         // immutable; "" of basic.get
	queue *core.Queue    // immutable
	noAck bool           // immutable
	count counting       // immutable: when x-delivery-count is told
	core  *core.Consumer // set before deliveries start

	// Guarded by c.mu.
	held int  // deliveries unsettled
	gone bool // no more deliveries are sent: cancelled
}

// Deliver is core.Receiver.
func (k *consumer) Deliver(_ *core.Consumer, d core.Delivery) bool {
	ch, c := k.ch, k.ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over: // the core takes back what is held
	case k.gone, !k.noAck && ch.holdsAll():
		c.excess = append(c.excess, excess{k, d.Receipt})
	default:
		ch.send(k, &d)
	}
	return c.soil()
}

// Flush is core.Flusher.
func (k *consumer) Flush() { k.ch.c.Flush() }

// FlushNow is core.Prompt.
func (k *consumer) FlushNow() { k.ch.c.FlushNow() }

// Cancelled is core.Receiver: the queue is gone.
func (k *consumer) Cancelled(*core.Consumer, error) bool {
	ch, c := k.ch, k.ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.gone || c.over {
		return false
	}
	k.gone = true
	c.forget(k)
	if c.capabilities.cancelNotify {
		m := wire.BasicCancel{ConsumerTag: k.tag, NoWait: true}
		c.encode(ch.num, m.Append)
	}
	return c.soil()
}

// send writes a delivery. Lock held.
func (ch *channel) send(k *consumer, d *core.Delivery) {
	c := ch.c
	tag := ch.out.next()
	if !k.noAck {
		ch.hold(k, tag, d.Receipt)
	}
	c.h.counters.Delivered.Add(1)
	out := outgoing(d.Message)
	ch.encode(&out, d, k.count, func(dst []byte) []byte {
		return wire.AppendDeliver(dst, ch.num, k.tag, tag, d.Deliveries > 1, out.exchange, out.key)
	})
}

// hold remembers an unsettled delivery. Lock held.
func (ch *channel) hold(k *consumer, tag uint64, r core.Receipt) {
	k.held++
	ch.out.push(held{tag: tag, k: k, receipt: r})
	if ch.holdsAll() {
		ch.lookAt()
	}
}

// holdsAll says that the channel may hold no more: what its consumers may hold
// together, or what it may at all. Lock held.
func (ch *channel) holdsAll() bool {
	return ch.out.held-ch.out.got >= ch.limit || ch.out.held >= ch.c.h.cfg.MaxUnacked
}

// byReference is from when a body is queued by reference, in frames of its own
// calls; shorter ones are copied in one.
const byReference = 8 << 10

// encode writes a method, whose frame f appends, with its content. Lock held.
func (ch *channel) encode(o *outgoingMessage, d *core.Delivery, count counting, f func(dst []byte) []byte) {
	c, body := ch.c, d.Message.Body
	o.prepare(c, d, count)
	if len(body) < byReference {
		c.nc.Out.Encode(protocols.Must, func(dst []byte) []byte {
			dst = wire.AppendHeader(f(dst), ch.num, len(body), o.properties)
			return wire.AppendBody(dst, ch.num, body, c.frameMax)
		})
		return
	}
	head := func(dst []byte) []byte { return wire.AppendHeader(f(dst), ch.num, len(body), o.properties) }
	for len(body) > 0 {
		n := wire.BodyPart(len(body), c.frameMax)
		c.nc.Out.EncodeWithBody(protocols.Must, func(dst []byte) []byte { return wire.AppendBodyHead(head(dst), ch.num, n) }, body[:n])
		head, body = wire.AppendFrameEnd, body[n:]
	}
	c.nc.Out.Encode(protocols.Must, head)
}
