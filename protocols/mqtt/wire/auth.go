package wire

import "github.com/mochi-mqtt/server/v2/packets"

// DecodeAuth decodes an AUTH of version 5 (3.15): ReasonCode and Properties. A
// client may only continue or start again, and must name the method.
func DecodeAuth(f Frame) (*packets.Packet, error) {
	body := f.kept()
	if len(body) == 0 { // 3.15.2.1: it means Success, which only a server says
		return nil, checkCode(AUTH, Success)
	}
	c := cursor{b: body}
	code := Code(c.u8())
	c.block(AUTH, nil)
	if err := c.end(); err != nil {
		return nil, err
	}
	if err := checkCode(AUTH, code); err != nil {
		return nil, err
	}
	pk, err := decode(V5, AUTH, body, (*packets.Packet).AuthDecode)
	if err != nil {
		return nil, err
	}
	if pk.Properties.AuthenticationMethod == "" {
		return nil, violation("3.15.2.2.2", "AUTH without an authentication method")
	}
	return pk, nil
}

// AppendAuth appends an AUTH with the method and data of props.
func AppendAuth(dst []byte, p Peer, code Code, props *packets.Properties) []byte {
	pk := packets.Packet{ReasonCode: byte(code), Properties: *props}
	return encode(dst, p, AUTH, &pk, (*packets.Packet).AuthEncode)
}
