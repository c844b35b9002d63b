package amqp091

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Direct reply-to (RabbitMQ's extension): a channel consumes from
// amq.rabbitmq.reply-to, publishes with that as reply_to, and the servers that
// get it see amq.rabbitmq.reply-to.<secret>, to which they answer through the
// default exchange. Here that is a hidden queue of the channel's own, so that
// servers behind any door can answer.

const (
	replyTo     = "amq.rabbitmq.reply-to"
	replyPrefix = replyTo + "."
)

func (ch *channel) consumeReplies(m *wire.BasicConsume) error {
	switch {
	case !m.NoAck:
		return wire.Errorf(wire.PreconditionFailed, "reply consumer cannot acknowledge")
	case ch.replyTo != "":
		return wire.Errorf(wire.PreconditionFailed, "reply consumer already set")
	}
	name := replyPrefix + randomName()
	q, _, err := ch.c.ns.DeclareQueue(name, core.QueueOptions{Dialect: dialectName, Hidden: true, Ordered: true, Owner: ch.c.id(), Uncounted: true})
	if err != nil {
		return ch.c.refusal(err, ch.c.queueName(replyTo))
	}
	ch.replyTo = name
	if err := ch.startConsumer(m, q); err != nil {
		ch.endReplies()
		return err
	}
	return nil
}

// looksForReplies says that a queue.declare only asks whether somebody waits for
// replies. Whoever asks for amq.rabbitmq.reply-to itself is told yes, as by RabbitMQ.
func (ch *channel) looksForReplies(name string) (waits, ok bool) {
	switch {
	case name == replyTo:
		return true, true
	case strings.HasPrefix(name, replyPrefix):
		_, waits = ch.c.ns.Queue(name)
		return waits, true
	}
	return false, false
}

// answerReplies is what is said to it, as if there were a queue.
func (ch *channel) answerReplies(m *wire.QueueDeclare, waits bool) error {
	if !waits {
		return wire.Errorf(wire.NotFound, "no %s", ch.c.queueName(m.Queue))
	}
	if !m.NoWait {
		ch.write((&wire.QueueDeclareOk{Queue: m.Queue, ConsumerCount: 1}).Append)
	}
	return nil
}

// endReplies deletes the reply queue; what still comes for it goes nowhere.
func (ch *channel) endReplies() {
	if ch.replyTo != "" {
		_ = ch.c.ns.DeleteQueue(ch.replyTo) // NotFound: it is gone already
		ch.replyTo = ""
	}
}
