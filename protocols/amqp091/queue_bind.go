package amqp091

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// queue.bind and unbind (1.7.2.3, 1.7.2.5), exchange.bind and unbind
// (RabbitMQ's).
//
//	the same binding again             is the same binding
//	unbind of what is not there        unbind-ok, as in RabbitMQ
//	default exchange                   ACCESS_REFUSED
//	empty queue and empty key          the last queue, under its own name

func (ch *channel) queueBind(args []byte) error {
	var m wire.QueueBind
	if err := m.Decode(args); err != nil {
		return err
	}
	if m.Queue == "" && m.RoutingKey == "" {
		m.RoutingKey = ch.lastQueue
	}
	q, err := ch.queue(&m.Queue)
	if err != nil {
		return err
	}
	if err := ch.c.may(core.Write, "queue", m.Queue); err != nil {
		return err
	}
	b := &core.Binding{Queue: q}
	if err := ch.bind(b, m.Exchange, m.RoutingKey, m.Arguments); err != nil {
		return err
	}
	if !m.NoWait {
		ch.write((&wire.QueueBindOk{}).Append)
	}
	return nil
}

func (ch *channel) queueUnbind(args []byte) error {
	var m wire.QueueUnbind
	if err := m.Decode(args); err != nil {
		return err
	}
	if m.Queue == "" && m.RoutingKey == "" {
		m.RoutingKey = ch.lastQueue
	}
	if m.Queue == "" {
		m.Queue = ch.lastQueue
	}
	if err := ch.c.may(core.Write, "queue", m.Queue); err != nil {
		return err
	}
	if err := ch.unbind(core.QueueAddress(m.Queue), m.Exchange, m.RoutingKey, m.Arguments); err != nil {
		return err
	}
	ch.write((&wire.QueueUnbindOk{}).Append)
	return nil
}

func (ch *channel) exchangeBind(args []byte) error {
	var m wire.ExchangeBind
	if err := m.Decode(args); err != nil {
		return err
	}
	c := ch.c
	to, err := c.exchange(m.Destination)
	if err != nil {
		return err
	}
	if err := c.mayForward(m.Destination, ""); err != nil {
		return err
	}
	if err := ch.bind(&core.Binding{Target: to}, m.Source, m.RoutingKey, m.Arguments); err != nil {
		return err
	}
	if !m.NoWait {
		ch.write((&wire.ExchangeBindOk{}).Append)
	}
	return nil
}

func (ch *channel) exchangeUnbind(args []byte) error {
	var m wire.ExchangeUnbind
	if err := m.Decode(args); err != nil {
		return err
	}
	if err := ch.c.mayForward(m.Destination, ""); err != nil {
		return err
	}
	if err := ch.unbind(core.ExchangeAddress(m.Destination, ""), m.Source, m.RoutingKey, m.Arguments); err != nil {
		return err
	}
	if !m.NoWait {
		ch.write((&wire.ExchangeUnbindOk{}).Append)
	}
	return nil
}

// bind completes a binding that has its destination and makes it.
func (ch *channel) bind(b *core.Binding, source, key string, arguments wire.Table) error {
	c := ch.c
	if _, err := c.exchange(source); err != nil {
		return err
	}
	if err := c.mayBindFrom(source, key); err != nil {
		return err
	}
	b.Dialect, b.Exchange, b.RoutingKey, b.Arguments, b.Durable = dialectName, source, key, headers(arguments), true
	b.Attributes = keep(nil, arguments)
	err := c.waits(func() error { _, err := c.ns.Bind(b); return err })
	return c.refusal(err, c.exchangeName(source))
}

func (ch *channel) unbind(from core.Address, source, key string, arguments wire.Table) error {
	c := ch.c
	if source == "" {
		return defaultExchange()
	}
	if err := c.mayBindFrom(source, key); err != nil {
		return err
	}
	name := core.BindingKey(source, from, key, headers(arguments))
	err := c.waits(func() error { _, err := c.ns.Unbind(name); return err })
	return c.refusal(err, c.exchangeName(source))
}

func defaultExchange() error {
	return wire.Errorf(wire.AccessRefused, "operation not permitted on the default exchange")
}

// exchange finds an exchange that is a router of its own, or the tree.
func (c *conn) exchange(name string) (*core.Exchange, error) {
	if name == "" {
		return nil, defaultExchange()
	}
	x, ok := c.ns.Exchange(name)
	if !ok {
		return nil, wire.Errorf(wire.NotFound, "no %s", c.exchangeName(name))
	}
	return x, nil
}
