package amqp091

import (
	"errors"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// queue.declare (1.7.2.1).
//
//	passive               only looks, which is a use (x-expires); the counts are in declare-ok
//	exclusive             this connection's, and gone with it
//	auto-delete           gone with its last consumer
//	empty name            amq.gen- and 22 letters
//	name amq.*            reserved
//	declared otherwise    PRECONDITION_FAILED in RabbitMQ's words; a queue of another door is taken as it is
//	arguments             package core/arguments

// ownerPrefix begins the owner of exclusive queues.
const ownerPrefix = "amqp/"

const generatedPrefix = "amq.gen-"

func (ch *channel) queueDeclare(args []byte) error {
	var m wire.QueueDeclare
	if err := m.Decode(args); err != nil {
		return err
	}
	if waits, ok := ch.looksForReplies(m.Queue); ok {
		return ch.answerReplies(&m, waits)
	}
	q, err := ch.declareQueue(&m)
	if err != nil {
		return err
	}
	ch.lastQueue = q.Name()
	if m.NoWait {
		return nil
	}
	n := q.Counts()
	ok := wire.QueueDeclareOk{Queue: q.Name(), MessageCount: uint32(min(n.Ready, 1<<32-1)), ConsumerCount: uint32(n.Consumers)}
	ch.write(ok.Append)
	return nil
}

func (ch *channel) declareQueue(m *wire.QueueDeclare) (*core.Queue, error) {
	c := ch.c
	if m.Passive {
		return ch.lookFor(m)
	}
	generated := m.Queue == ""
	_, exists := c.ns.Queue(m.Queue)
	switch {
	case generated:
		m.Queue = generatedPrefix + randomName()
	case strings.HasPrefix(m.Queue, "amq.") && !exists:
		return nil, wire.Errorf(wire.AccessRefused, "queue name '%s' contains reserved prefix 'amq.*'", m.Queue)
	}
	if err := c.may(core.Configure, "queue", m.Queue); err != nil {
		return nil, err
	}
	o, err := c.queueOptions(m, generated)
	if err != nil {
		return nil, err
	}
	if o.DeadLetter.Kind != core.NoAddress {
		if err := c.mayDeadLetter(m.Queue, o.DeadLetter); err != nil {
			return nil, err
		}
	}
	return ch.makeQueue(m, o)
}

// lookFor finds a queue that is there already; with x-expires that is a use of it.
func (ch *channel) lookFor(m *wire.QueueDeclare) (*core.Queue, error) {
	if m.Queue == "" { // not the one declared last
		return nil, wire.Errorf(wire.NotFound, "no %s", ch.c.queueName(""))
	}
	q, err := ch.queue(&m.Queue)
	if err == nil {
		q.Touch()
	}
	return q, err
}

func (c *conn) mayDeadLetter(queue string, to core.Address) error {
	if err := c.may(core.Read, "queue", queue); err != nil {
		return err
	}
	return c.mayForward(to.Name, to.Key)
}

func (ch *channel) makeQueue(m *wire.QueueDeclare, o core.QueueOptions) (q *core.Queue, err error) {
	c := ch.c
	created := false
	err = c.waits(func() (err error) {
		q, created, err = c.ns.DeclareQueue(m.Queue, o)
		return err
	})
	switch {
	case err == nil && created && m.Exclusive:
		c.owned[m.Queue] = q
	case q != nil && !created && (err == nil || core.KindOf(err) == core.Exists):
		err = c.sameQueue(&o, q)
	}
	if ce := (*core.Error)(nil); errors.As(err, &ce) && ce.Field == core.MaxQueues {
		return nil, wire.Errorf(wire.PreconditionFailed, "cannot declare queue '%s': queue limit in vhost '%s' (%d) is reached", m.Queue, c.vhost, ce.Limit)
	}
	return q, c.refusal(err, c.queueName(m.Queue))
}

// sameQueue says what differs from the queue that is there, if we declared it.
func (c *conn) sameQueue(want *core.QueueOptions, q *core.Queue) error {
	have := q.Options()
	if have.Dialect != dialectName {
		return nil
	}
	if have.Owner != want.Owner {
		return &core.Error{Kind: core.Locked}
	}
	if text, differs := arguments.QueueDiffers(have, *want, c.queueName(q.Name())); differs {
		return wire.Errorf(wire.PreconditionFailed, "%s", text)
	}
	return nil
}

// queue finds a queue that the client may see: an empty name is the last that
// the channel declared.
func (ch *channel) queue(name *string) (*core.Queue, error) {
	c := ch.c
	if *name == "" {
		if *name = ch.lastQueue; *name == "" {
			return nil, wire.Errorf(wire.NotFound, "no previously declared queue")
		}
	}
	if *name == replyTo && ch.replyTo != "" {
		*name = ch.replyTo
	}
	q, ok := c.ns.Queue(*name)
	if !ok {
		return nil, wire.Errorf(wire.NotFound, "no %s", c.queueName(*name))
	}
	if owner := q.Options().Owner; owner != "" && owner != c.id() {
		return nil, c.refusal(&core.Error{Kind: core.Locked}, c.queueName(*name))
	}
	return q, nil
}
