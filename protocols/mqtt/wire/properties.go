package wire

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Property is the identifier of a property of version 5 (2.2.2.2).
type Property byte

// The properties.
const (
	PayloadFormat          Property = 1
	MessageExpiry          Property = 2
	ContentType            Property = 3
	ResponseTopic          Property = 8
	CorrelationData        Property = 9
	SubscriptionIdentifier Property = 11
	SessionExpiry          Property = 17
	AssignedClientID       Property = 18
	ServerKeepAlive        Property = 19
	AuthenticationMethod   Property = 21
	AuthenticationData     Property = 22
	RequestProblemInfo     Property = 23
	WillDelay              Property = 24
	RequestResponseInfo    Property = 25
	ResponseInfo           Property = 26
	ServerReference        Property = 28
	ReasonString           Property = 31
	ReceiveMaximum         Property = 33
	TopicAliasMaximum      Property = 34
	TopicAlias             Property = 35
	MaximumQoS             Property = 36
	RetainAvailable        Property = 37
	UserProperty           Property = 38
	MaximumPacketSize      Property = 39
	WildcardSubAvailable   Property = 40
	SubIDAvailable         Property = 41
	SharedSubAvailable     Property = 42
)

type kind uint8

const (
	kindNone kind = iota
	kindBool
	kindU16
	kindU32
	kindVarint
	kindString
	kindTopic // a string without wildcards
	kindBin
	kindPair
)

// spec is what 2.2.2.2 and the sections of the packets say about a property
// that a client may send.
type spec struct {
	kind    kind
	in      uint32 // bit 1<<Type for each packet that a client may put it into
	many    bool   // may appear more than once
	nonZero bool   // 0 is a protocol error
}

func in(types ...Type) (bits uint32) {
	for _, t := range types {
		bits |= 1 << t
	}
	return bits
}

// specs leaves out what only a server sends.
var specs = [256]spec{
	PayloadFormat:          {kind: kindBool, in: in(PUBLISH, will)},
	MessageExpiry:          {kind: kindU32, in: in(PUBLISH, will)},
	ContentType:            {kind: kindString, in: in(PUBLISH, will)},
	ResponseTopic:          {kind: kindTopic, in: in(PUBLISH, will)},
	CorrelationData:        {kind: kindBin, in: in(PUBLISH, will)},
	SubscriptionIdentifier: {kind: kindVarint, in: in(SUBSCRIBE), nonZero: true},
	SessionExpiry:          {kind: kindU32, in: in(CONNECT, DISCONNECT)},
	AuthenticationMethod:   {kind: kindString, in: in(CONNECT, AUTH)},
	AuthenticationData:     {kind: kindBin, in: in(CONNECT, AUTH)},
	RequestProblemInfo:     {kind: kindBool, in: in(CONNECT)},
	WillDelay:              {kind: kindU32, in: in(will)},
	RequestResponseInfo:    {kind: kindBool, in: in(CONNECT)},
	ReasonString:           {kind: kindString, in: in(PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT, AUTH)},
	ReceiveMaximum:         {kind: kindU16, in: in(CONNECT), nonZero: true},
	TopicAliasMaximum:      {kind: kindU16, in: in(CONNECT)},
	TopicAlias:             {kind: kindU16, in: in(PUBLISH), nonZero: true},
	UserProperty: {kind: kindPair, many: true, in: in(CONNECT, PUBLISH, will, PUBACK, PUBREC, PUBREL, PUBCOMP,
		SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH)},
	MaximumPacketSize: {kind: kindU32, in: in(CONNECT), nonZero: true},
}

// forwarded are the properties of a message that travel with it unaltered
// (MQTT-3.3.2-4, -15, -16, -17, -20).
const forwarded uint64 = 1<<PayloadFormat | 1<<ContentType | 1<<ResponseTopic | 1<<CorrelationData | 1<<UserProperty

// Properties are those of a PUBLISH or a will. The slices are borrowed from the
// packet.
type Properties struct {
	ContentType     []byte
	ResponseTopic   []byte
	CorrelationData []byte
	Expiry          uint32 // seconds, if Has(MessageExpiry)
	TopicAlias      uint16 // 0: none
	PayloadIsUTF8   bool

	present uint64
	raw     []byte
}

// Has says whether a property was there, since most have no value that means
// "absent".
func (p *Properties) Has(id Property) bool { return p.present&(1<<id) != 0 }

// AppendForward appends, as they came and in their order, the properties that a
// server must pass on unaltered: all but the expiry, the alias and a will's
// delay. Outgoing.Forward takes them.
func (p *Properties) AppendForward(dst []byte) []byte {
	if p.present&^forwarded == 0 {
		return append(dst, p.raw...)
	}
	for id, field := range fields(p.raw) {
		if forwarded&(1<<id) != 0 {
			dst = append(dst, field...)
		}
	}
	return dst
}

// User yields the user properties in order, duplicates included.
func (p *Properties) User() iter.Seq2[[]byte, []byte] { return UserProperties(p.raw) }

// UserProperties yields the user properties of an encoded list of properties
// that was checked before: Outgoing.Forward, Ack.Properties.
func UserProperties(list []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, val []byte) bool) {
		for id, field := range fields(list) {
			if id == UserProperty {
				c := cursor{b: field[1:]}
				if k, v := c.bin(), c.bin(); !yield(k, v) {
					return
				}
			}
		}
	}
}

// ParseForward reads back what AppendForward wrote, for a door that turns a
// stored message into another protocol's.
func ParseForward(list []byte) (p Properties, err error) {
	c := cursor{b: list}
	c.list(PUBLISH, &p)
	return p, c.end()
}

// fields yields each property of a checked list with its whole encoding.
func fields(list []byte) iter.Seq2[Property, []byte] {
	return func(yield func(Property, []byte) bool) {
		c := cursor{b: list}
		for len(c.b) > 0 {
			start := c.b
			id := Property(c.u8())
			c.value(specs[id].kind)
			if c.err != nil || !yield(id, start[:len(start)-len(c.b)]) {
				return
			}
		}
	}
}

// value skips the value of a property.
func (c *cursor) value(k kind) {
	switch k {
	case kindBool:
		c.u8()
	case kindU16:
		c.u16()
	case kindU32:
		c.u32()
	case kindVarint:
		c.varint()
	case kindPair:
		c.bin()
		c.bin()
	default:
		c.bin()
	}
}

// properties reads and checks the property block of a packet that a client
// sent, and returns its content. What a message's block says is stored in p,
// which is nil for other packets.
func (c *cursor) properties(t Type, p *Properties) []byte {
	block := cursor{b: c.take(c.varint())}
	raw := block.b
	if c.err != nil {
		return nil
	}
	block.list(t, p)
	if block.err != nil {
		c.fail(block.err)
	}
	return raw
}

func (c *cursor) list(t Type, p *Properties) {
	raw := c.b
	var seen uint64
	for len(c.b) > 0 {
		id := Property(c.u8())
		s := &specs[id]
		switch {
		case s.in&(1<<t) == 0:
			c.fail(notAllowed(t, id))
		case seen&(1<<id) != 0 && !s.many:
			c.fail(violation("2.2.2.2", fmt.Sprintf("property %d twice in %v", id, t)))
		}
		seen |= 1 << id
		at := c.b
		number := c.checked(id, s)
		if c.err != nil {
			return
		}
		if p != nil {
			p.store(id, number, at[:len(at)-len(c.b)])
		}
	}
	if p != nil {
		p.present, p.raw = seen, raw
	}
}

// notAllowed is the refusal of a property in a packet that may not have it.
func notAllowed(t Type, id Property) *Error {
	if t == PUBLISH && id == SubscriptionIdentifier {
		return violation("MQTT-3.3.4-6", "subscription identifier in a PUBLISH from a client")
	}
	if t == DISCONNECT && id == ServerReference {
		return violation("3.14.2.2.5", "server reference in a DISCONNECT from a client")
	}
	return malformed("2.2.2.2", fmt.Sprintf("property %d in %v", id, t))
}

// checked reads a value and checks it; numbers are returned.
func (c *cursor) checked(id Property, s *spec) (number uint32) {
	switch s.kind {
	case kindBool:
		if number = uint32(c.u8()); number > 1 {
			c.fail(violation("3.1.2.11", fmt.Sprintf("property %d is neither 0 nor 1", id)))
		}
	case kindU16:
		number = uint32(c.u16())
	case kindU32:
		number = c.u32()
	case kindVarint:
		number = uint32(c.varint())
	case kindString:
		c.str()
	case kindTopic:
		if topic := c.str(); c.err == nil {
			if len(topic) == 0 {
				c.fail(violation("MQTT-4.7.3-1", "empty response topic"))
			} else if err := checkTopicName(topic, "MQTT-3.3.2-14"); err != nil {
				c.fail(violation("MQTT-3.3.2-14", "response topic with a wildcard"))
			}
		}
	case kindBin:
		c.bin()
	case kindPair:
		c.str()
		c.str()
	}
	if s.nonZero && number == 0 && c.err == nil {
		c.fail(zeroProperty(id))
	}
	return number
}

func zeroProperty(id Property) *Error {
	switch id {
	case TopicAlias:
		return &Error{TopicAliasInvalid, "MQTT-3.3.2-8", "topic alias 0"}
	case SubscriptionIdentifier:
		return violation("3.8.2.1.2", "subscription identifier 0")
	case ReceiveMaximum:
		return violation("3.1.2.11.3", "receive maximum 0")
	}
	return violation("3.1.2.11.4", "maximum packet size 0")
}

// store keeps a property of a message; field is its encoded value.
func (p *Properties) store(id Property, number uint32, field []byte) {
	switch id {
	case PayloadFormat:
		p.PayloadIsUTF8 = number == 1
	case MessageExpiry:
		p.Expiry = number
	case TopicAlias:
		p.TopicAlias = uint16(number)
	case ContentType:
		p.ContentType = field[2:]
	case ResponseTopic:
		p.ResponseTopic = field[2:]
	case CorrelationData:
		p.CorrelationData = field[2:]
	}
}

// AppendNumber appends a property of a message whose value is a number.
func AppendNumber(dst []byte, id Property, v uint32) []byte {
	dst = append(dst, byte(id))
	switch specs[id].kind {
	case kindBool:
		return append(dst, byte(v))
	case kindU16:
		return binary.BigEndian.AppendUint16(dst, uint16(v))
	case kindVarint:
		return appendVarint(dst, int(v))
	}
	return binary.BigEndian.AppendUint32(dst, v)
}

// AppendString appends a property of a message whose value is a string or binary
// data, of at most 65,535 bytes.
func AppendString[T string | []byte](dst []byte, id Property, v T) []byte {
	return appendBytes(append(dst, byte(id)), v)
}

// AppendUser appends a user property.
func AppendUser[T string | []byte](dst []byte, key, val T) []byte {
	return appendBytes(appendBytes(append(dst, byte(UserProperty)), key), val)
}

// appendBytes appends a string or binary data with its length. A longer one is
// cut: the length has 16 bits.
func appendBytes[T string | []byte](dst []byte, v T) []byte {
	v = v[:min(len(v), 0xffff)]
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(v)))
	return append(dst, v...)
}
