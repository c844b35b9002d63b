package amqp091

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// basic.qos (1.8.3.1), with RabbitMQ's meaning of global.
//
//	global=false       each consumer of the channel that comes later
//	global=true        all consumers of the channel together
//	prefetch-size      not implemented, as in RabbitMQ
//	prefetch-count 0   no limit but Config.MaxUnacked of a channel

func (ch *channel) qos(args []byte) error {
	var m wire.BasicQos
	if err := m.Decode(args); err != nil {
		return err
	}
	if m.PrefetchSize != 0 {
		return wire.Errorf(wire.NotImplemented, "prefetch_size!=0 (%d)", m.PrefetchSize)
	}
	if !m.Global {
		ch.prefetch = int(m.PrefetchCount)
		ch.show()
	} else {
		c := ch.c
		c.mu.Lock()
		ch.limit = c.h.cfg.MaxUnacked
		if m.PrefetchCount > 0 {
			ch.limit = min(ch.limit, int(m.PrefetchCount))
		}
		ch.lookAt()
		c.mu.Unlock()
	}
	ch.write((&wire.BasicQosOk{}).Append)
	return nil
}

// recover puts everything back to its place (1.8.3.16).
//
//	requeue=false      not implemented, as in RabbitMQ

func (ch *channel) recover(args []byte) error {
	var m wire.BasicRecover
	if err := m.Decode(args); err != nil {
		return err
	}
	if err := ch.requeueAll(m.Requeue); err != nil {
		return err
	}
	ch.write((&wire.BasicRecoverOk{}).Append)
	return nil
}

func (ch *channel) recoverAsync(args []byte) error {
	var m wire.BasicRecoverAsync
	if err := m.Decode(args); err != nil {
		return err
	}
	return ch.requeueAll(m.Requeue)
}

func (ch *channel) requeueAll(requeue bool) error {
	if !requeue {
		return wire.Errorf(wire.NotImplemented, "requeue=false")
	}
	ch.take(0, true, core.Requeue)
	ch.c.settleAcked()
	return nil
}
