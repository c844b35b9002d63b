package wire

import "github.com/mochi-mqtt/server/v2/packets"

// DecodeDisconnect decodes a DISCONNECT (3.14): ReasonCode and Properties. Before
// version 5 it is empty; in 5 code and properties may be left out.
func DecodeDisconnect(v Version, f Frame) (*packets.Packet, error) {
	body := f.kept()
	c := cursor{b: body}
	code := Success
	if v == V5 && len(c.b) > 0 {
		code = Code(c.u8())
		if len(c.b) > 0 {
			c.block(DISCONNECT, nil)
		}
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	if err := checkCode(DISCONNECT, code); err != nil {
		return nil, err
	}
	pk, err := decode(v, DISCONNECT, body, (*packets.Packet).DisconnectDecode)
	if err != nil {
		return nil, err
	}
	pk.ReasonCode = byte(code) // mochi overlooks a code without a property length
	return pk, nil
}

// AppendDisconnect appends a DISCONNECT with a reason; props may be nil. Before
// version 5 a server has none, and dst is returned as it is.
func AppendDisconnect(dst []byte, p Peer, code Code, props *packets.Properties) []byte {
	if p.Version != V5 {
		return dst
	}
	pk := packets.Packet{ReasonCode: byte(code)}
	if props != nil {
		pk.Properties = *props
	}
	return encode(dst, p, DISCONNECT, &pk, (*packets.Packet).DisconnectEncode)
}
