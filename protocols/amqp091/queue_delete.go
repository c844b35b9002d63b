package amqp091

import (
	"errors"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// queue.delete and purge (1.7.2.9, 1.7.2.7).
//
//	delete of what is not there    delete-ok, as in RabbitMQ
//	if-unused, if-empty            PRECONDITION_FAILED
//	purge                          what is ready; what consumers hold stays theirs

func (ch *channel) queueDelete(args []byte) error {
	var m wire.QueueDelete
	if err := m.Decode(args); err != nil {
		return err
	}
	c, n := ch.c, int64(0)
	if m.Queue == "" {
		m.Queue = ch.lastQueue
	}
	if err := c.may(core.Configure, "queue", m.Queue); err != nil {
		return err
	}
	if _, err := ch.queue(&m.Queue); err == nil {
		err := c.waits(func() (err error) {
			n, err = c.ns.DeleteQueueIf(m.Queue, m.IfUnused, m.IfEmpty)
			return err
		})
		if err != nil && core.KindOf(err) != core.NotFound {
			return c.refusal(err, c.queueName(m.Queue))
		}
		delete(c.owned, m.Queue)
	} else if !isNotFound(err) {
		return err
	}
	if !m.NoWait {
		ch.write((&wire.QueueDeleteOk{MessageCount: uint32(min(n, 1<<32-1))}).Append)
	}
	return nil
}

func (ch *channel) queuePurge(args []byte) error {
	var m wire.QueuePurge
	if err := m.Decode(args); err != nil {
		return err
	}
	c, n := ch.c, int64(0)
	q, err := ch.queue(&m.Queue)
	if err != nil {
		return err
	}
	if err := c.may(core.Read, "queue", m.Queue); err != nil {
		return err
	}
	err = c.waits(func() (err error) {
		n, err = q.PurgeReady()
		return err
	})
	if err != nil {
		return c.refusal(err, c.queueName(m.Queue))
	}
	if !m.NoWait {
		ch.write((&wire.QueuePurgeOk{MessageCount: uint32(min(n, 1<<32-1))}).Append)
	}
	return nil
}

func isNotFound(err error) bool {
	var we *wire.Error
	return errors.As(err, &we) && we.Code == wire.NotFound
}
