package wire

import "encoding/binary"

// Publish is a PUBLISH from a client, or its will. Its slices are borrowed from
// the frame, but for a Payload that is Given: that is the caller's to keep, with
// what is in front of it in the frame, which is shorter.
type Publish struct {
	Topic      []byte // empty only with an alias
	Payload    []byte
	Given      bool
	Properties Properties
	PacketID   uint16 // 0 with QoS 0
	QoS        byte
	Dup        bool
	Retain     bool
}

// DecodePublish decodes a PUBLISH (3.3).
func DecodePublish(v Version, f Frame) (p Publish, err error) {
	p.QoS, p.Dup, p.Retain = f.Flags>>1&3, f.Flags&8 != 0, f.Flags&1 != 0
	c := cursor{b: f.Body}
	p.Topic = c.str() // MQTT-3.3.2-1
	if p.QoS > 0 {
		p.PacketID = c.packetID()
	}
	if v == V5 {
		c.properties(PUBLISH, &p.Properties)
	}
	if c.err != nil {
		return Publish{}, c.err
	}
	p.Payload, p.Given = c.b, f.Owned && len(c.b) > len(f.Body)/2
	if len(p.Topic) == 0 && p.Properties.TopicAlias == 0 {
		if v == V5 {
			return Publish{}, violation("3.3.2.1", "neither a topic name nor an alias")
		}
		return Publish{}, malformed("MQTT-4.7.3-1", "empty topic name")
	}
	if err := checkTopicName(p.Topic, "MQTT-3.3.2-2"); err != nil {
		return Publish{}, err
	}
	return p, nil
}

// packetID reads a packet identifier, which is never 0.
func (c *cursor) packetID() uint16 {
	id := c.u16()
	if id == 0 && c.err == nil {
		c.fail(violation("MQTT-2.2.1-3", "packet identifier 0"))
	}
	return id
}

// Outgoing is a PUBLISH to a client.
type Outgoing struct {
	Topic         string // may be empty with an alias, version 5 only
	Payload       []byte
	Forward       []byte   // encoded properties of the message, see Properties.AppendForward; version 5 only, as what follows
	Subscriptions []uint32 // subscription identifiers (MQTT-3.3.4-3)
	Expiry        uint32   // seconds left, if HasExpiry
	TopicAlias    uint16   // 0: none
	HasExpiry     bool

	PacketID uint16 // not sent with QoS 0
	QoS      byte
	Dup      bool
	Retain   bool
}

// PublishSize is the length of the packet, for the client's maximum packet size
// (MQTT-3.1.2-24).
func PublishSize(v Version, o *Outgoing) int {
	rest, _ := o.sizes(v)
	return 1 + varintLen(rest) + rest
}

// sizes returns the remaining length and that of the properties.
func (o *Outgoing) sizes(v Version) (rest, props int) {
	rest = 2 + len(o.Topic) + len(o.Payload)
	if o.QoS > 0 {
		rest += 2
	}
	if v != V5 {
		return rest, 0
	}
	props = len(o.Forward)
	if o.HasExpiry {
		props += 5
	}
	if o.TopicAlias != 0 {
		props += 3
	}
	for _, id := range o.Subscriptions {
		props += 1 + varintLen(int(id))
	}
	return rest + varintLen(props) + props, props
}

// AppendPublish appends the packet. Topic and total length must be legal: at
// most 65,535 bytes and what PublishSize can express in four bytes.
func AppendPublish(dst []byte, v Version, o *Outgoing) []byte {
	return append(AppendPublishHead(dst, v, o), o.Payload...)
}

// AppendPublishHead appends all but the payload, whose length it counts, for a
// caller that sends the payload by reference.
func AppendPublishHead(dst []byte, v Version, o *Outgoing) []byte {
	rest, props := o.sizes(v)
	first := byte(PUBLISH)<<4 | o.QoS<<1
	if o.Dup {
		first |= 8
	}
	if o.Retain {
		first |= 1
	}
	dst = appendVarint(append(dst, first), rest)
	dst = appendBytes(dst, o.Topic)
	if o.QoS > 0 {
		dst = binary.BigEndian.AppendUint16(dst, o.PacketID)
	}
	if v != V5 {
		return dst
	}
	dst = appendVarint(dst, props)
	if o.HasExpiry {
		dst = AppendNumber(dst, MessageExpiry, o.Expiry)
	}
	if o.TopicAlias != 0 {
		dst = AppendNumber(dst, TopicAlias, uint32(o.TopicAlias))
	}
	for _, id := range o.Subscriptions {
		dst = AppendNumber(dst, SubscriptionIdentifier, id)
	}
	return append(dst, o.Forward...)
}
