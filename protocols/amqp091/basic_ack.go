package amqp091

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// basic.ack, nack and reject (1.8.3.13, 1.8.3.14; nack is RabbitMQ's).
//
//	multiple          all up to that tag; tag 0: all
//	requeue           back to the old place, delivery counted
//	else              dead-lettered, or dropped
//	unknown tag       closes the channel

func (ch *channel) ack(args []byte) error {
	var m wire.BasicAck
	if err := m.Decode(args); err != nil {
		return err
	}
	return ch.settle(m.DeliveryTag, m.Multiple, core.Ack)
}

func (ch *channel) nack(args []byte) error {
	var m wire.BasicNack
	if err := m.Decode(args); err != nil {
		return err
	}
	return ch.settle(m.DeliveryTag, m.Multiple, notAcked(m.Requeue))
}

func (ch *channel) reject(args []byte) error {
	var m wire.BasicReject
	if err := m.Decode(args); err != nil {
		return err
	}
	return ch.settle(m.DeliveryTag, false, notAcked(m.Requeue))
}

func notAcked(requeue bool) core.Settlement {
	if requeue {
		return core.Requeue
	}
	return core.Reject
}

// settle settles deliveries, or, in a transaction, has its commit do that.
func (ch *channel) settle(tag uint64, multiple bool, how core.Settlement) error {
	if ch.tx != nil {
		return ch.tx.settle(ch, tag, multiple, how)
	}
	if !ch.take(tag, multiple, how) {
		return unknownTag(tag)
	}
	return nil
}

func unknownTag(tag uint64) error {
	return wire.Errorf(wire.PreconditionFailed, "unknown delivery tag %d", tag)
}

// take removes deliveries from the channel into the batch that goes to the core
// when the input is drained.
func (ch *channel) take(tag uint64, multiple bool, how core.Settlement) bool {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	was := ch.holdsAll()
	there := ch.out.take(tag, multiple, func(h held) {
		h.k.held--
		c.acked.add(h.k, h.receipt, how)
	})
	if was && !ch.holdsAll() {
		ch.lookAt()
	}
	return there
}

// An ackBatch collects settlements, in order, and settles runs of the same
// consumer and kind together. Read loop only.
type ackBatch struct {
	runs []ackRun
	n    int // of runs in use
}

type ackRun struct {
	k        *consumer
	how      core.Settlement
	receipts []core.Receipt
}

func (b *ackBatch) add(k *consumer, r core.Receipt, how core.Settlement) {
	for i := b.n - 1; i >= 0 && i >= b.n-4; i-- { // consumers of several queues take turns
		if run := &b.runs[i]; run.k == k && run.how == how {
			run.receipts = append(run.receipts, r)
			return
		} else if run.k == k {
			break
		}
	}
	if b.n == len(b.runs) {
		b.runs = append(b.runs, ackRun{})
	}
	run := &b.runs[b.n]
	run.k, run.how, run.receipts = k, how, append(run.receipts[:0], r)
	b.n++
}

// settleAcked hands what was acknowledged to the core.
func (c *conn) settleAcked() {
	b := &c.acked
	if b.n == 0 {
		return
	}
	for i := range b.n {
		run := &b.runs[i]
		run.k.core.Settle(run.how, true, run.receipts, nil, nil, nil, 0)
		run.k.ch.retireIdle(run.k)
		run.k = nil
		if cap(run.receipts) > 1024 {
			run.receipts = nil
		}
	}
	if b.n = 0; len(b.runs) > 64 {
		b.runs = nil
	}
}

// retireIdle lets go of a cancelled consumer that holds nothing any more.
func (ch *channel) retireIdle(k *consumer) {
	for i, r := range ch.retired {
		if r != k {
			continue
		}
		ch.c.mu.Lock()
		idle := k.held == 0
		ch.c.mu.Unlock()
		if idle {
			ch.retired = append(ch.retired[:i], ch.retired[i+1:]...)
			k.core.Cancel()
		}
		return
	}
}
