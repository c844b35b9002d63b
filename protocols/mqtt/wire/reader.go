package wire

import "fmt"

// MaxControl is the longest packet that is not a PUBLISH.
const MaxControl = 4 << 20

// MaxConnect is a good Reader.MaxPacket until the client is authenticated: with
// the rest of a connection it stays below 64 KiB.
const MaxConnect = 48 << 10

// Frame is one whole packet, its fields not yet looked at.
type Frame struct {
	Type  Type
	Flags byte   // the lower half of the first byte, checked
	Body  []byte // all after the remaining length
	Owned bool   // Body is the receiver's to keep; else it is lent until the next call
}

// Reader cuts a stream of bytes into frames. The zero value waits for a
// CONNECT, whose length MaxPacket should bound.
type Reader struct {
	Version   Version // 0 before CONNECT; set by the owner from the Connect
	MaxPacket int     // longest packet accepted, fixed header included; 0: no limit but the protocol's

	head  [5]byte // a fixed header that is not complete
	headN int
	first byte // of the packet whose body is arriving
	need  int  // length of that body; meaningful while inBody
	body  []byte
	in    bool // a body is arriving
}

// Buffered is how much memory the half-received packet holds.
func (r *Reader) Buffered() int { return r.headN + cap(r.body) }

// Next returns the first whole packet of what was buffered before and buf, and
// how many bytes of buf it took. Without a whole packet the frame's type is 0
// and all of buf has been taken. After an error the Reader is of no more use.
func (r *Reader) Next(buf []byte) (f Frame, n int, err error) {
	if !r.in {
		var bodyAt int
		if bodyAt, err = r.header(buf); err != nil || bodyAt < 0 {
			return Frame{}, len(buf), err
		}
		if len(buf)-bodyAt >= r.need { // the usual case: nothing to copy
			end := bodyAt + r.need
			r.in = false
			return Frame{Type: Type(r.first >> 4), Flags: r.first & 0x0f, Body: buf[bodyAt:end:end]}, end, nil
		}
		n, buf = bodyAt, buf[bodyAt:]
	}
	part := buf[:min(len(buf), r.need-len(r.body))]
	r.grow(len(part))
	r.body = append(r.body, part...)
	n += len(part)
	if len(r.body) < r.need {
		return Frame{}, n, nil
	}
	f = Frame{Type: Type(r.first >> 4), Flags: r.first & 0x0f, Body: r.body, Owned: true}
	r.body, r.in = nil, false
	return f, n, nil
}

// header completes the fixed header and returns where in buf the body begins,
// or -1 if more bytes are needed.
func (r *Reader) header(buf []byte) (bodyAt int, err error) {
	if len(buf) == 0 {
		return -1, nil
	}
	before := r.headN
	r.headN += copy(r.head[before:], buf)
	head := r.head[:r.headN]
	if before == 0 {
		if err := r.checkFirst(head[0]); err != nil {
			return 0, err
		}
	}
	length, n := varint(head[1:])
	switch {
	case n < 0:
		return 0, malformed("2.1.4", "remaining length of more than four bytes")
	case n == 0:
		return -1, nil
	case r.Version == V5 && n != varintLen(length):
		return 0, malformed("MQTT-1.5.5-1", "remaining length longer than necessary")
	}
	if err := r.checkLength(Type(head[0]>>4), 1+n+length); err != nil {
		return 0, err
	}
	r.first, r.need, r.in, r.headN = head[0], length, true, 0
	return 1 + n - before, nil
}

// checkFirst judges the first byte of a packet.
func (r *Reader) checkFirst(b byte) error {
	t, flags := Type(b>>4), b&0x0f
	switch {
	case r.Version == 0 && t != CONNECT:
		return violation("MQTT-3.1.0-1", fmt.Sprintf("the first packet is not a CONNECT but %v", t))
	case r.Version != 0 && t == CONNECT:
		return violation("MQTT-3.1.0-2", "a second CONNECT")
	case t == 0 || (t == AUTH && r.Version < V5 && r.Version != 0):
		return malformed("2.1.2", fmt.Sprintf("packet type %d is reserved", b>>4))
	case t == CONNACK || t == SUBACK || t == UNSUBACK || t == PINGRESP:
		return violation("2.1.2", fmt.Sprintf("a client sent %v", t))
	}
	want := byte(0)
	switch t {
	case PUBLISH:
		switch {
		case flags&0x06 == 0x06:
			return malformed("MQTT-3.3.1-4", "QoS 3")
		case flags&0x0e == 0x08 && r.Version != V31:
			return malformed("MQTT-3.3.1-2", "DUP with QoS 0")
		}
		return nil
	case PUBREL, SUBSCRIBE, UNSUBSCRIBE:
		want = 0x02
	}
	if flags == want || (r.Version == V31 && want != 0 && flags == want|0x08) { // 3.1 has DUP on these
		return nil
	}
	clause := map[Type]string{
		PUBREL: "MQTT-3.6.1-1", SUBSCRIBE: "MQTT-3.8.1-1", UNSUBSCRIBE: "MQTT-3.10.1-1",
		DISCONNECT: "MQTT-3.14.1-1", AUTH: "MQTT-3.15.1-1",
	}[t]
	if clause == "" {
		clause = "MQTT-2.1.3-1"
	}
	return malformed(clause, fmt.Sprintf("flags 0x%x of %v", flags, t))
}

// checkLength judges the size of a packet before any of it is stored.
func (r *Reader) checkLength(t Type, size int) error {
	limit := r.MaxPacket
	if t != PUBLISH && (limit == 0 || limit > MaxControl) {
		limit = MaxControl
	}
	if limit > 0 && size > limit {
		return &Error{PacketTooLarge, "3.2.2.3.6", fmt.Sprintf("%v of %d bytes, %d are allowed", t, size, limit)}
	}
	return nil
}

// grow makes room for n more bytes of the body: at least what is there already
// again, but never more than the packet has.
func (r *Reader) grow(n int) {
	if want := len(r.body) + n; want > cap(r.body) {
		bigger := make([]byte, len(r.body), min(r.need, max(want, 2*cap(r.body))))
		copy(bigger, r.body)
		r.body = bigger
	}
}
