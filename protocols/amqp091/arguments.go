package amqp091

import (
	"encoding/base64"
	"errors"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Arguments of queues, exchanges and bindings: package core/arguments has what
// they mean. They are kept as they came on the wire.

// attrDurable is an attribute of an exclusive queue that was declared durable:
// no restart survives it all the same, as in RabbitMQ.
const attrDurable = "durable"

// keep remembers the declared arguments byte for byte.
func keep(attributes map[string]string, t wire.Table) map[string]string {
	if len(t) == 0 {
		return attributes
	}
	if attributes == nil {
		attributes = map[string]string{}
	}
	attributes[arguments.Kept] = base64.StdEncoding.EncodeToString(t)
	return attributes
}

// argumentError is what is wrong with an argument of a thing.
func argumentError(err error, thing string) error {
	var ae *arguments.Error
	if errors.As(err, &ae) {
		return wire.Errorf(wire.PreconditionFailed, "%s", ae.For(thing))
	}
	return err
}

// queueOptions is what a queue.declare asks for.
func (c *conn) queueOptions(m *wire.QueueDeclare, generated bool) (core.QueueOptions, error) {
	o := core.QueueOptions{
		Dialect: dialectName, Durable: m.Durable, AutoDelete: m.AutoDelete, Hidden: generated || m.Exclusive || m.AutoDelete,
	}
	if m.Exclusive {
		o.Owner, o.Durable = c.id(), false
		if m.Durable {
			o.Attributes = map[string]string{attrDurable: "true"}
		}
	}
	if err := arguments.Queue(&o, headers(m.Arguments)); err != nil {
		return o, argumentError(err, c.queueName(m.Queue))
	}
	o.Attributes = keep(o.Attributes, m.Arguments)
	return o, c.quorumRules(m, &o)
}

// quorumRules is what a quorum queue cannot be.
func (c *conn) quorumRules(m *wire.QueueDeclare, o *core.QueueOptions) error {
	why := ""
	switch {
	case o.Attributes[arguments.Type] != "quorum":
	case !m.Durable:
		why = "non-durable"
	case m.Exclusive:
		why = "exclusive-owner"
	case m.AutoDelete:
		why = "auto-delete"
	}
	if why == "" {
		return nil
	}
	return wire.Errorf(wire.PreconditionFailed, "invalid property '%s' for %s", why, c.queueName(m.Queue))
}

// counting says which deliveries tell x-delivery-count.
type counting uint8

const (
	uncounted counting = iota
	countAgain
	countAll
)

// counts is told of a queue that counts: countAgain to consumers, countAll to
// basic.get, whose first delivery says 0. So it is with RabbitMQ's quorum queues.
func counts(o *core.QueueOptions, told counting) counting {
	if o.Dialect == dialectName && (o.Attributes[arguments.Type] == "quorum" || o.MaxDeliveries > 0) {
		return told
	}
	return uncounted
}
