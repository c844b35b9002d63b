package mqtt

import (
	"context"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// PUBLISH from a client (3.3).
//
//	QoS 0, 1, 2, retain, DUP         yes
//	topic alias                      5: as many as CONNACK said
//	receive maximum                  5: one publish more ends the connection
//	$queue/<name>                    puts into that queue; no other $ topic is taken, but a bridge's state (bridge.go)
//	refused                          5: a reason code; before, QoS 1 and 2 close the connection,
//	                                 since they could only be confirmed [MQTT-3.3.5-2]; QoS 0 is dropped and counted

// topicCache remembers the last topic of a connection: nearly always the next
// publish has the same, and needs neither a string nor a look at permissions.
type topicCache struct {
	name string
	to   core.Address
	err  error // why a topic may not be published to
}

// publication is what one PUBLISH allocates.
type publication struct {
	core.Publication
	message core.Message
	mark    core.StateChange
}

// markReceived is the durable state of a QoS 2 packet id.
var markReceived = []byte{stateReceived}

func (c *conn) publish(f wire.Frame) error {
	p, err := wire.DecodePublish(c.version(), f)
	if err != nil {
		return err
	}
	if err := c.resolveTopic(&p); err != nil {
		return err
	}
	c.h.counters.PublishesIn.Add(1)
	c.h.counters.PublishBytesIn.Add(uint64(len(p.Payload)))
	if p.QoS == 0 {
		if err := c.submit(&p, 0, false); err != nil {
			c.h.counters.Refused.Add(1)
			c.tellRefused("a publish is refused", c.topic.name, err)
		}
		return c.admitted()
	}
	seq, duplicate, err := c.expectAck(&p)
	if err != nil || duplicate {
		return err
	}
	if err := c.submit(&p, seq, p.QoS == 2); err != nil {
		if c.version() == wire.V5 { // before, the end of the connection says it
			c.tellRefused("a publish is refused", c.topic.name, err)
		}
		c.settlePublish(seq, codeOf(err), err)
	}
	return c.admitted()
}

// resolveTopic makes the topic the cached one, from the packet or by alias.
func (c *conn) resolveTopic(p *wire.Publish) error {
	alias := p.Properties.TopicAlias
	switch {
	case alias == 0:
		if string(p.Topic) == c.topic.name { // no allocation
			return nil
		}
		c.setTopic(string(p.Topic))
		return nil
	case alias > c.h.cfg.TopicAliases:
		return protocolError(wire.TopicAliasInvalid, "MQTT-3.3.2-9", "topic alias %d, %d are allowed", alias, c.h.cfg.TopicAliases)
	case len(p.Topic) > 0:
		c.setTopic(string(p.Topic))
		if c.aliases == nil {
			c.aliases = map[uint16]string{}
		}
		c.aliases[alias] = c.topic.name
		return nil
	}
	name, ok := c.aliases[alias]
	if !ok {
		return protocolError(wire.ProtocolError, "MQTT-3.3.2-7", "topic alias %d was not defined", alias)
	}
	if name != c.topic.name {
		c.setTopic(name)
	}
	return nil
}

func (c *conn) setTopic(name string) {
	c.topic = topicCache{name: name, to: addressOf(name)}
	// Whether a queue is there, or open, is asked each time: it may come and go.
	if c.topic.to.Kind == core.ToTopic {
		c.topic.err = c.mayPublish(name)
	}
}

// submit hands the message to the core. With an error nothing was submitted.
func (c *conn) submit(p *wire.Publish, seq uint64, exactlyOnce bool) error {
	if c.topic.err != nil {
		return c.refused(p, seq)
	}
	if c.topic.to.Kind == core.ToQueue {
		if err := c.mayPublish(c.topic.name); err != nil {
			return err
		}
	}
	x := &publication{}
	fill(&x.message, p, c.now(p))
	c.h.cfg.Broker.CheckUser(&x.message, c.principal)
	x.Message, x.To = &x.message, c.topic.to
	x.NoLocal = c.s.core
	x.Retain = p.Retain && x.To.Kind == core.ToTopic
	if p.QoS > 0 {
		x.Confirm, x.Token = c, seq
	}
	if exactlyOnce && c.s.recordsIDs() {
		x.mark = core.StateChange{Key: stateIn | uint32(p.PacketID), Value: markReceived}
		x.Session, x.Mark = c.s.core, &x.mark
	}
	return c.pub.Publish(&x.Publication)
}

// refused is what becomes of a publish to a topic that is not for clients, unless
// it is a bridge that says whether it is there.
func (c *conn) refused(p *wire.Publish, seq uint64) error {
	if !saysState(c.s.core.ID(), c.topic.name, p) {
		return c.topic.err
	}
	c.sayState(string(p.Payload))
	if p.QoS > 0 {
		c.settlePublish(seq, wire.Success, nil)
	}
	return nil
}

// now is the time, if the message needs it.
func (c *conn) now(p *wire.Publish) int64 {
	if c.version() != wire.V5 {
		return 0
	}
	if p.Properties.Has(wire.MessageExpiry) || p.Properties.Has(wire.UserProperty) {
		return c.h.cfg.Broker.Now()
	}
	return 0
}

// admitted waits while the core cannot take more. Everybody else goes on: what
// is parked needs only the disk.
func (c *conn) admitted() error {
	if w := c.pub.Laggard(); w != nil {
		c.makeWay(w)
	}
	if !c.pub.Full() {
		return nil
	}
	defer c.stepAside()()
	if c.pub.Wait(c.ctx) != nil {
		return context.Cause(c.ctx)
	}
	return nil
}

// stepAside finishes what was begun before the read loop waits for something. The
// result is called when it goes on.
func (c *conn) stepAside() (goOn func()) {
	c.acked.settle()
	c.pub.Flush()
	c.nc.Out.Flush()
	c.reading.Store(false) // confirmations flush themselves while we wait
	return func() { c.reading.Store(true) }
}

// makeWay has the publisher wait while most of those who get what it publishes
// at QoS 0 are behind: TCP slows its client, and nothing need be dropped.
func (c *conn) makeWay(w core.Laggard) {
	if !c.holdback.Ready() {
		return
	}
	defer c.stepAside()()
	c.holdback.Wait(w, c.ctx.Done())
}
