package amqp091

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// exchange.declare and delete (1.6.2.1, 1.6.2.3).
//
//	direct, fanout, topic, headers        yes
//	x-consistent-hash                     by routing key; hash-header, hash-property
//	x-delayed-message                     x-delayed-type says how it routes; x-delay of a message, in ms, when
//	alternate-exchange                    yes
//	auto-delete, internal, passive        yes
//	delete of what is not there           delete-ok, as in RabbitMQ

func (ch *channel) exchangeDeclare(args []byte) error {
	var m wire.ExchangeDeclare
	if err := m.Decode(args); err != nil {
		return err
	}
	if err := ch.declareExchange(&m); err != nil {
		return err
	}
	if !m.NoWait {
		ch.write((&wire.ExchangeDeclareOk{}).Append)
	}
	return nil
}

func (ch *channel) declareExchange(m *wire.ExchangeDeclare) error {
	c := ch.c
	x, err := c.exchange(m.Exchange)
	if m.Passive || m.Exchange == "" {
		return err
	}
	if err := c.may(core.Configure, "exchange", m.Exchange); err != nil {
		return err
	}
	o, err := c.exchangeOptions(m)
	if err != nil {
		return err
	}
	if x == nil && strings.HasPrefix(m.Exchange, "amq.") {
		return wire.Errorf(wire.AccessRefused, "exchange name '%s' contains reserved prefix 'amq.*'", m.Exchange)
	}
	created := false
	err = c.waits(func() (err error) {
		x, created, err = c.ns.DeclareExchange(m.Exchange, o)
		return err
	})
	if x != nil && !created && (err == nil || core.KindOf(err) == core.Exists) {
		err = c.sameExchange(&o, x)
	}
	return c.refusal(err, c.exchangeName(m.Exchange))
}

var exchangeKinds = map[string]bool{
	core.ExchangeDirect: true, core.ExchangeFanout: true, core.ExchangeTopic: true, core.ExchangeHeaders: true,
	core.ExchangeHash: true, core.ExchangeDelayed: true,
}

func (c *conn) exchangeOptions(m *wire.ExchangeDeclare) (core.ExchangeOptions, error) {
	o := core.ExchangeOptions{
		Dialect: dialectName, Kind: m.Type, Durable: m.Durable, AutoDelete: m.AutoDelete, Internal: m.Internal,
	}
	if !exchangeKinds[m.Type] {
		return o, wire.Errorf(wire.CommandInvalid, "unknown exchange type '%s'", m.Type)
	}
	if err := arguments.Exchange(&o, headers(m.Arguments)); err != nil {
		return o, argumentError(err, c.exchangeName(m.Exchange))
	}
	o.Attributes = keep(o.Attributes, m.Arguments)
	if o.Kind == core.ExchangeDelayed && (!exchangeKinds[o.DelayedKind] || o.DelayedKind == core.ExchangeDelayed) {
		return o, wire.Errorf(wire.PreconditionFailed, "Invalid argument, 'x-delayed-type' must be an existing exchange type")
	}
	if o.Alternate == "" {
		return o, nil
	}
	if err := c.may(core.Read, "exchange", m.Exchange); err != nil {
		return o, err
	}
	return o, c.mayForward(o.Alternate, "")
}

// sameExchange says what differs from the exchange that is there.
func (c *conn) sameExchange(want *core.ExchangeOptions, x *core.Exchange) error {
	have := x.Options()
	if have.Dialect != dialectName && !x.Builtin() {
		return nil
	}
	if text, differs := arguments.ExchangeDiffers(have, *want, c.exchangeName(x.Name())); differs {
		return wire.Errorf(wire.PreconditionFailed, "%s", text)
	}
	return nil
}

func (ch *channel) exchangeDelete(args []byte) error {
	var m wire.ExchangeDelete
	if err := m.Decode(args); err != nil {
		return err
	}
	c := ch.c
	switch {
	case m.Exchange == "":
		return defaultExchange()
	case strings.HasPrefix(m.Exchange, "amq."):
		return wire.Errorf(wire.AccessRefused, "deletion of system %s not allowed", c.exchangeName(m.Exchange))
	}
	if err := c.may(core.Configure, "exchange", m.Exchange); err != nil {
		return err
	}
	err := c.waits(func() error { return c.ns.DeleteExchange(m.Exchange, m.IfUnused) })
	if err != nil && core.KindOf(err) != core.NotFound {
		return c.refusal(err, c.exchangeName(m.Exchange))
	}
	if !m.NoWait {
		ch.write((&wire.ExchangeDeleteOk{}).Append)
	}
	return nil
}
