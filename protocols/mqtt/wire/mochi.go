package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Limits of the packets that mochi decodes, because its structs are larger than
// their encoding.
const (
	MaxProperties = 64 << 10 // bytes of one property block
	MaxFilters    = 65_536   // topic filters in one SUBSCRIBE or UNSUBSCRIBE
)

// kept is the frame's body in memory that nobody else uses: mochi's strings
// alias what they were decoded from.
func (f Frame) kept() []byte {
	if f.Owned {
		return f.Body
	}
	return bytes.Clone(f.Body)
}

// decode runs one of mochi's decoders over a body that was checked before. This
// is the only place that recovers from its panics.
func decode(v Version, t Type, body []byte, f func(*packets.Packet, []byte) error) (pk *packets.Packet, err error) {
	defer func() {
		if p := recover(); p != nil {
			pk, err = nil, malformed("4.13", fmt.Sprintf("the codec gave up on a %v: %v", t, p))
		}
	}()
	pk = &packets.Packet{
		ProtocolVersion: byte(v),
		FixedHeader:     packets.FixedHeader{Type: byte(t), Remaining: len(body)},
	}
	if err := f(pk, body); err != nil {
		return nil, fromMochi(err)
	}
	return pk, nil
}

func fromMochi(err error) error {
	var code packets.Code
	if errors.As(err, &code) && Code(code.Code).Failed() {
		return &Error{Code(code.Code), "4.13", err.Error()}
	}
	return malformed("4.13", err.Error())
}

// block checks the property block of a packet that mochi will decode.
func (c *cursor) block(t Type, p *Properties) {
	if raw := c.properties(t, p); len(raw) > MaxProperties {
		c.fail(&Error{PacketTooLarge, "3.2.2.3.6", fmt.Sprintf("%d bytes of properties in %v", len(raw), t)})
	}
}

// Peer is what an encoder has to know of the client.
type Peer struct {
	Version       Version
	MaxPacket     uint32 // its maximum packet size; 0: none
	NoProblemInfo bool   // it sent Request Problem Information 0 (MQTT-3.1.2-29)
}

// encode runs one of mochi's encoders onto dst. A packet over the client's
// maximum packet size loses its reason string and user properties
// (MQTT-3.2.2-19); if it still is, it must not be sent (MQTT-3.1.2-24) and dst is
// returned as it was.
func encode(dst []byte, p Peer, t Type, pk *packets.Packet, f func(*packets.Packet, *bytes.Buffer) error) []byte {
	pk.ProtocolVersion = byte(p.Version)
	pk.FixedHeader.Type = byte(t)
	pk.Mods.AllowResponseInfo = true
	// CONNACK and DISCONNECT may explain themselves even to a client that does
	// not want it (3.1.2.11.7).
	pk.Mods.DisallowProblemInfo = p.NoProblemInfo && t != CONNACK && t != DISCONNECT
	for range 2 {
		buf := bytes.NewBuffer(dst)
		if err := f(pk, buf); err != nil {
			panic(err) // these encoders refuse nothing that a server sends
		}
		if n := buf.Len() - len(dst); p.MaxPacket == 0 || n <= int(p.MaxPacket) {
			return buf.Bytes()
		}
		pk.Mods.DisallowProblemInfo = true
	}
	return dst
}
