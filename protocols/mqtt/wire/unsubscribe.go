package wire

import "github.com/mochi-mqtt/server/v2/packets"

// DecodeUnsubscribe decodes an UNSUBSCRIBE (3.10): PacketID, Filters and
// Properties. It owns its memory.
func DecodeUnsubscribe(v Version, f Frame) (*packets.Packet, error) {
	body := f.kept()
	c := cursor{b: body}
	c.packetID()
	if v == V5 {
		c.block(UNSUBSCRIBE, nil)
	}
	c.filters("MQTT-3.10.3-2", func(string) {})
	if err := c.end(); err != nil {
		return nil, err
	}
	return decode(v, UNSUBSCRIBE, body, (*packets.Packet).UnsubscribeDecode)
}

// AppendUnsuback appends an UNSUBACK (3.11), which before version 5 has no codes.
func AppendUnsuback(dst []byte, p Peer, id uint16, codes []Code, reason string) []byte {
	pk := packets.Packet{PacketID: id, ReasonCodes: codeBytes(codes)}
	pk.Properties.ReasonString = reason
	return encode(dst, p, UNSUBACK, &pk, (*packets.Packet).UnsubackEncode)
}
