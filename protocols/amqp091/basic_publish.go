package amqp091

import (
	"bytes"
	"context"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// basic.publish and its content (1.8.3.7, 2.3.5.2).
//
//	mandatory           basic.return 312 NO_ROUTE, before the confirm
//	immediate           not implemented, as in RabbitMQ
//	CC, BCC             further routing keys; BCC is taken out
//	user-id             must be the connection's user
//	expiration          ms, as text
//	refused             confirm.select: basic.nack; a channel error for what RabbitMQ closes it for
//	not admitted        for want of room on the disk or of memory, or by an operator: connection.blocked, and the
//	                    message is parked, in order; acknowledgements and all else go on (blocked.go)

// content is the message that a channel is receiving.
type content struct {
	pub       *publication // nil: none, or its header is still to come
	method    bool         // a basic.publish was read
	mandatory bool
	size      uint64 // of the body
	body      []byte // what came of it, if it comes in several frames
}

// expected says that a content frame must come next.
func (x *content) expected() bool { return x.method || x.pub != nil }

// publication is what one publish allocates.
type publication struct {
	core.Publication
	message core.Message
}

// routeCache remembers where a channel published last: nearly always the next
// publish goes the same way, and needs neither strings nor a look at permissions.
type routeCache struct {
	exchange, key string
	at            *core.Exchange // nil: the default exchange, or none was found
	delayed       bool
	err           error
	valid         bool
}

// leads says that what is remembered is of these, and still so.
func (r *routeCache) leads(exchange, key []byte) bool {
	return r.valid && string(exchange) == r.exchange && string(key) == r.key && (r.at == nil || !r.at.Deleted())
}

func (ch *channel) publish(args []byte) error {
	var m wire.BasicPublish
	if err := m.Decode(args); err != nil {
		return err
	}
	if m.Immediate {
		return wire.Errorf(wire.NotImplemented, "immediate=true")
	}
	if !ch.route.leads(m.Exchange, m.RoutingKey) {
		ch.routeTo(string(m.Exchange), string(m.RoutingKey))
	}
	ch.content = content{method: true, mandatory: m.Mandatory}
	return nil
}

func (ch *channel) routeTo(exchange, key string) {
	r := &ch.route
	*r = routeCache{exchange: exchange, key: key, valid: true, err: ch.c.mayPublish(exchange, key)}
	if exchange == "" {
		return
	}
	x, ok := ch.c.ns.Exchange(exchange)
	if !ok {
		r.valid = false // it may be declared at any time
		r.err = wire.Errorf(wire.NotFound, "no %s", ch.c.exchangeName(exchange))
		return
	}
	o := x.Options()
	if r.err == nil && o.Kind == core.ExchangeTopic {
		r.err = ch.c.mayKey(core.Write, exchange, key)
	}
	r.at, r.delayed = x, o.Kind == core.ExchangeDelayed
	if o.Internal && r.err == nil {
		r.err = ch.c.internalExchange(exchange)
	}
}

// mayCopy asks for what CC and BCC lead to, where each key has its own permission.
func (ch *channel) mayCopy(pub *publication) error {
	x := ch.route.exchange
	topic := ch.route.at != nil && ch.route.at.Options().Kind == core.ExchangeTopic
	if x != "" && !topic {
		return nil
	}
	for _, keys := range [...][]string{pub.message.Keys, pub.HiddenKeys} {
		for _, key := range keys {
			if err := ch.c.mayPublish(x, key); err != nil {
				return err
			}
			if topic {
				if err := ch.c.mayKey(core.Write, x, key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (c *conn) internalExchange(name string) error {
	return wire.Errorf(wire.AccessRefused, "cannot publish to internal %s", c.exchangeName(name))
}

// header is the content header.
func (ch *channel) header(payload []byte) error {
	x := &ch.content
	if !x.method || x.pub != nil {
		return wire.Errorf(wire.UnexpectedFrame, "expected method frame, got non-method frame instead")
	}
	h, err := wire.DecodeHeader(payload)
	if err != nil {
		return err
	}
	if err := ch.route.err; err != nil {
		return err
	}
	if most := ch.c.h.cfg.MaxMessage; h.BodySize > uint64(most) {
		return wire.Errorf(wire.PreconditionFailed, "message size %d is larger than configured max size %d", h.BodySize, most)
	}
	pub := &publication{}
	pub.Message, pub.To = &pub.message, core.ExchangeAddress(ch.route.exchange, ch.route.key)
	if err := ch.fill(pub, h.Properties); err != nil {
		return err
	}
	if err := ch.mayCopy(pub); err != nil {
		return err
	}
	x.method, x.pub, x.size = false, pub, h.BodySize
	if h.BodySize == 0 {
		return ch.complete(nil, true)
	}
	return nil
}

// body is a part of the content. Memory grows with what comes, not with what
// was said to come.
func (ch *channel) body(f wire.Frame) error {
	x, payload := &ch.content, f.Payload
	if x.pub == nil {
		detail := "expected method frame, got non-method frame instead"
		if x.method {
			detail = "expected content header for class 60, got non content header frame instead"
		}
		return wire.Errorf(wire.UnexpectedFrame, "%s", detail)
	}
	switch have := uint64(len(x.body) + len(payload)); {
	case have > x.size:
		return wire.Errorf(wire.UnexpectedFrame, "a body of more than %d bytes", x.size)
	case have == x.size && len(x.body) == 0:
		return ch.complete(payload, f.Given)
	}
	grown := x.grow(len(payload))
	x.body = append(x.body, payload...)
	c := ch.c
	if c.receiving += grown; c.receiving > c.h.cfg.MaxReceiving {
		return wire.Errorf(wire.ResourceError, "more than %d bytes of messages that are not complete", c.h.cfg.MaxReceiving)
	}
	if uint64(len(x.body)) == x.size {
		return ch.complete(x.body, true)
	}
	return nil
}

// grow makes room for n more bytes: at least what is there already again, but
// never more than the body has. It returns by how much that is more.
func (x *content) grow(n int) (grown int) {
	if want := len(x.body) + n; want > cap(x.body) {
		grown = -cap(x.body)
		bigger := make([]byte, len(x.body), min(int(x.size), max(want, 2*cap(x.body))))
		copy(bigger, x.body)
		x.body = bigger
		grown += cap(bigger)
	}
	return grown
}

// dropContent forgets the message that is being received.
func (ch *channel) dropContent() {
	ch.c.receiving -= cap(ch.content.body)
	ch.content = content{}
}

// complete publishes a message that is all there. body is lent, or given: nobody
// else changes it any more.
func (ch *channel) complete(body []byte, given bool) error {
	pub, mandatory := ch.content.pub, ch.content.mandatory
	ch.dropContent()
	if pub.message.Body = body; given {
		pub.message.GiveBody(body)
	}
	ch.c.h.counters.Published.Add(1)
	if ch.tx != nil {
		return ch.tx.publish(ch, pub, mandatory)
	}
	seq := ch.expectConfirm(mandatory)
	if ch.confirms {
		pub.Confirm, pub.Token = ch, seq
	}
	if err := ch.submit(pub); err != nil {
		return err
	}
	if mandatory && pub.Routed == 0 {
		ch.giveBack(pub, body)
	}
	ch.releaseConfirms(mandatory)
	return ch.c.admitted()
}

// submit hands a publication to the core, which parks it while it cannot be
// admitted. What the core refuses at once closes the channel, or is nacked.
func (ch *channel) submit(pub *publication) error {
	c := ch.c
	err := c.pub.Publish(&pub.Publication)
	switch {
	case err == nil:
		return nil
	case core.KindOf(err) == core.NotFound:
		return wire.Errorf(wire.NotFound, "no %s", c.exchangeName(ch.route.exchange))
	case core.KindOf(err) == core.Denied:
		return c.internalExchange(ch.route.exchange)
	}
	return c.refusal(err, c.exchangeName(ch.route.exchange))
}

// giveBack is basic.return of what nobody takes.
func (ch *channel) giveBack(pub *publication, body []byte) {
	c, m := ch.c, pub.Message
	c.h.counters.Returned.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	out := outgoing(m)
	method := wire.BasicReturn{ReplyCode: uint16(wire.NoRoute), ReplyText: wire.NoRoute.String(), Exchange: out.exchange, RoutingKey: out.key}
	d := core.Delivery{Message: &core.Message{Body: bytes.Clone(body), Origin: m.Origin}}
	out.message = d.Message
	ch.encode(&out, &d, uncounted, func(dst []byte) []byte { return method.Append(dst, ch.num) })
}

// admitted waits while more is parked than a connection may have parked. This
// connection is not read meanwhile; everybody else goes on.
func (c *conn) admitted() error {
	if w := c.pub.Laggard(); w != nil {
		c.makeWay(w)
	}
	parked := c.pub.Parked()
	c.publishWaits(parked > 0)
	if parked == 0 || !c.pub.Full() {
		return nil
	}
	c.settleAcked()
	defer c.readAgain()
	return c.waits(func() error {
		if c.pub.Wait(c.ctx) != nil {
			return context.Cause(c.ctx)
		}
		return nil
	})
}

// makeWay has the connection wait while those are behind who get what it publishes
// and nobody confirms: TCP slows its client, and the queue need not go to the disk.
// One that consumes too is read on: others, or the queue itself, may wait for what
// it acknowledges.
func (c *conn) makeWay(w core.Laggard) {
	c.mu.Lock()
	consumes := len(c.consumers) > 0
	c.mu.Unlock()
	if consumes || !c.holdback.Ready() {
		return
	}
	c.settleAcked()
	_ = c.waits(func() error { // whose ends are all the same
		c.holdback.Wait(w, c.ctx.Done())
		return nil
	})
}
