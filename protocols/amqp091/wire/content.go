package wire

import "encoding/binary"

// ClassBasic is the class of every content.
const ClassBasic = 60

// Decode reads the arguments of basic.publish by hand; strings are lent.
func (m *BasicPublish) Decode(args []byte) error {
	c := cursor{b: args}
	c.take(2)
	m.Exchange, m.RoutingKey = c.shortBytes(), c.shortBytes()
	bits := c.octet()
	m.Mandatory, m.Immediate = bits&1 != 0, bits&2 != 0
	return c.done(MethodBasicPublish)
}

// Append appends the method's frame.
func (m *BasicPublish) Append(dst []byte, channel uint16) []byte {
	dst, at := beginMethod(dst, channel, MethodBasicPublish)
	dst = append(dst, 0, 0)
	dst = appendShortstr(dst, m.Exchange)
	dst = appendShortstr(dst, m.RoutingKey)
	return endFrame(append(dst, bitsOf(m.Mandatory, m.Immediate)), at)
}

// Decode reads the arguments of basic.deliver by hand; strings are lent.
func (m *BasicDeliver) Decode(args []byte) error {
	c := cursor{b: args}
	m.ConsumerTag, m.DeliveryTag = c.shortBytes(), c.longlong()
	m.Redelivered = c.octet()&1 != 0
	m.Exchange, m.RoutingKey = c.shortBytes(), c.shortBytes()
	return c.done(MethodBasicDeliver)
}

// AppendDeliver appends the frame of a basic.deliver. A routing key of more
// than 255 bytes is cut.
func AppendDeliver(dst []byte, channel uint16, consumerTag string, tag uint64, redelivered bool, exchange, key string) []byte {
	dst, at := beginMethod(dst, channel, MethodBasicDeliver)
	dst = appendShortstr(dst, consumerTag)
	dst = binary.BigEndian.AppendUint64(dst, tag)
	dst = append(dst, bitsOf(redelivered))
	dst = appendShortstr(dst, exchange)
	dst = appendShortstr(dst, key)
	return endFrame(dst, at)
}

// A Header is a content header: how long the body is, and the encoded
// properties, which are lent.
type Header struct {
	BodySize   uint64
	Properties []byte
}

// DecodeHeader reads the payload of a header frame.
func DecodeHeader(payload []byte) (h Header, err error) {
	c := cursor{b: payload}
	class := c.short()
	c.short() // weight
	h.BodySize = c.longlong()
	if c.bad || len(c.b) < 2 {
		return h, Errorf(SyntaxError, "a content header of %d bytes", len(payload))
	}
	if class != ClassBasic {
		return h, Errorf(UnexpectedFrame, "expected content header for class %d, got one for class %d instead", ClassBasic, class)
	}
	h.Properties = c.b
	return h, nil
}

// AppendHeader appends the frame of a content header.
func AppendHeader(dst []byte, channel uint16, bodySize int, properties []byte) []byte {
	dst, at := beginFrame(dst, FrameHeader, channel)
	dst = append(dst, 0, ClassBasic, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, uint64(bodySize))
	return endFrame(append(dst, properties...), at)
}

// AppendBody appends the body frames of a message, none longer than frameMax
// (0: no limit).
func AppendBody(dst []byte, channel uint16, body []byte, frameMax int) []byte {
	for len(body) > 0 {
		n := BodyPart(len(body), frameMax)
		dst = AppendBodyHead(dst, channel, n)
		dst = append(append(dst, body[:n]...), frameEnd)
		body = body[n:]
	}
	return dst
}

// BodyPart is how much of n bytes goes into the next body frame.
func BodyPart(n, frameMax int) int {
	if frameMax <= FrameOverhead {
		return n
	}
	return min(n, frameMax-FrameOverhead)
}

// AppendBodyHead appends the head of a body frame whose n bytes follow, and
// then AppendFrameEnd.
func AppendBodyHead(dst []byte, channel uint16, n int) []byte {
	return append(dst, byte(FrameBody), byte(channel>>8), byte(channel), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// AppendFrameEnd ends the frame of AppendBodyHead.
func AppendFrameEnd(dst []byte) []byte { return append(dst, frameEnd) }
