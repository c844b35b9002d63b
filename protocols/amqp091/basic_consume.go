package amqp091

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// basic.consume, cancel and cancel-ok (1.8.3.3 to 1.8.3.6).
//
//	no-local              accepted and without effect, as in RabbitMQ
//	exclusive             refused while there is another consumer
//	x-priority            consumer priority
//	empty consumer tag    amq.ctag- and 22 letters
//	direct reply-to       reply_to.go

func (ch *channel) consume(args []byte) error {
	var m wire.BasicConsume
	if err := m.Decode(args); err != nil {
		return err
	}
	if m.Queue == replyTo {
		return ch.consumeReplies(&m)
	}
	q, err := ch.queue(&m.Queue)
	if err != nil {
		return err
	}
	if err := ch.c.may(core.Read, "queue", m.Queue); err != nil {
		return err
	}
	return ch.startConsumer(&m, q)
}

// startConsumer answers and then lets deliveries come.
func (ch *channel) startConsumer(m *wire.BasicConsume, q *core.Queue) error {
	c := ch.c
	tag, err := ch.newTag(m.ConsumerTag)
	if err != nil {
		return err
	}
	priority, why := priorityOf(m.Arguments)
	if why != "" {
		return wire.Errorf(wire.PreconditionFailed, "invalid arg 'x-priority' for %s: %s", c.queueName(q.Name()), why)
	}
	options := q.Options()
	if m.Exclusive && options.SingleActive {
		return wire.Errorf(wire.AccessRefused, "%s in exclusive use", c.queueName(q.Name()))
	}
	k := &consumer{ch: ch, tag: tag, queue: q, noAck: m.NoAck, count: counts(&options, countAgain)}
	o := core.ConsumerOptions{
		Receiver: k, Priority: priority, Exclusive: m.Exclusive, NoAck: m.NoAck, Owner: c.id(),
		Name: tag, Connection: formatUint(c.nc.ID()), Channel: int(ch.num), Prefetch: ch.prefetch,
	}
	if k.core, err = q.Consume(o); err != nil {
		if core.KindOf(err) == core.Locked && (options.Owner == "" || options.Owner == c.id()) {
			return wire.Errorf(wire.AccessRefused, "%s in exclusive use", c.queueName(q.Name()))
		}
		return c.refusal(err, c.queueName(q.Name()))
	}
	ch.consumers[tag] = k
	if !m.NoWait {
		ch.write((&wire.BasicConsumeOk{ConsumerTag: tag}).Append)
	}
	if credit := c.enlist(k, ch.prefetch); credit != 0 {
		k.core.AddCredit(credit)
	}
	return nil
}

// newTag checks a consumer tag, or makes one.
func (ch *channel) newTag(tag string) (string, error) {
	k := ch.consumers[tag]
	ch.sweep()
	switch {
	case k != nil && !ch.c.isGone(k):
		return "", wire.Errorf(wire.NotAllowed, "attempt to reuse consumer tag '%s'", tag)
	case len(ch.consumers) >= ch.c.h.cfg.MaxConsumers:
		return "", wire.Errorf(wire.ResourceError, "a channel has at most %d consumers", ch.c.h.cfg.MaxConsumers)
	case tag == "":
		return "amq.ctag-" + randomName(), nil
	}
	return tag, nil
}

// keptGone is how many consumers whose queue is gone a channel may remember.
const keptGone = 64

// sweep forgets, now and then, the consumers whose queues are gone: nobody cancels
// those.
func (ch *channel) sweep() {
	if len(ch.consumers) < 2*ch.swept+keptGone && len(ch.consumers) < ch.c.h.cfg.MaxConsumers {
		return
	}
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(ch.consumers, func(_ string, k *consumer) bool { return k.gone })
	ch.swept = len(ch.consumers)
}

func (c *conn) isGone(k *consumer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.gone
}

// randomName is what follows amq.ctag- and amq.gen-.
func randomName() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func priorityOf(t wire.Table) (n int, why string) {
	v, ok := t.Get("x-priority")
	if !ok {
		return 0, ""
	}
	x, ok := v.Int()
	switch {
	case !ok:
		return 0, fmt.Sprintf(`"expected integer, got %s"`, arguments.KindName(toCore(v)))
	case x != int64(int32(x)):
		return 0, fmt.Sprintf("%d is too far from 0", x)
	}
	return int(x), ""
}

func (ch *channel) cancel(args []byte) error {
	var m wire.BasicCancel
	if err := m.Decode(args); err != nil {
		return err
	}
	if k := ch.consumers[m.ConsumerTag]; k != nil {
		delete(ch.consumers, m.ConsumerTag)
		ch.retire(k)
	}
	if !m.NoWait {
		ch.write((&wire.BasicCancelOk{ConsumerTag: m.ConsumerTag}).Append)
	}
	return nil
}

// cancelOk is the answer to our cancel notification, which asks for none.
func (ch *channel) cancelOk([]byte) error { return nil }

// retire ends a consumer's deliveries; what it holds stays with the channel.
func (ch *channel) retire(k *consumer) {
	c := ch.c
	c.mu.Lock()
	k.gone = true
	c.forget(k)
	c.mu.Unlock()
	k.core.Stop()
	c.mu.Lock()
	holds := k.held > 0
	c.mu.Unlock()
	if !holds {
		k.core.Cancel()
	} else {
		ch.retired = append(ch.retired, k)
	}
	if ch.replyTo != "" && k.queue.Name() == ch.replyTo {
		ch.endReplies()
	}
}

// drop ends a consumer with all it holds.
func (ch *channel) drop(k *consumer) {
	c := ch.c
	c.mu.Lock()
	k.gone = true
	c.forget(k)
	c.mu.Unlock()
	k.core.Cancel()
}
