package wire

// Ack is a PUBACK, PUBREC, PUBREL or PUBCOMP.
type Ack struct {
	Type       Type
	Code       Code   // Success before version 5
	PacketID   uint16 //
	Properties []byte // encoded: a reason string and user properties; borrowed from the frame
}

// DecodeAck decodes the four packets that answer a PUBLISH (3.4 to 3.7). Before
// version 5 they are just an identifier; in 5 the reason code and the
// properties may be left out (3.4.2.1, 3.4.2.2.1).
func DecodeAck(v Version, f Frame) (Ack, error) {
	c := cursor{b: f.Body}
	a := Ack{Type: f.Type, PacketID: c.packetID()}
	if v == V5 && len(c.b) > 0 {
		a.Code = Code(c.u8())
		if len(c.b) > 0 {
			a.Properties = c.properties(f.Type, nil)
		}
	}
	if err := c.end(); err != nil {
		return Ack{}, err
	}
	if err := checkCode(f.Type, a.Code); err != nil {
		return Ack{}, err
	}
	return a, nil
}

// AppendAck appends the packet in its shortest form; before version 5 it has
// neither code nor properties.
func AppendAck(dst []byte, v Version, a Ack) []byte {
	first := byte(a.Type) << 4
	if a.Type == PUBREL {
		first |= 2 // MQTT-3.6.1-1
	}
	id := [2]byte{byte(a.PacketID >> 8), byte(a.PacketID)}
	switch {
	case v != V5 || (a.Code == Success && len(a.Properties) == 0):
		return append(dst, first, 2, id[0], id[1])
	case len(a.Properties) == 0:
		return append(dst, first, 3, id[0], id[1], byte(a.Code))
	}
	n := len(a.Properties)
	dst = appendVarint(append(dst, first), 3+varintLen(n)+n)
	dst = appendVarint(append(dst, id[0], id[1], byte(a.Code)), n)
	return append(dst, a.Properties...)
}
