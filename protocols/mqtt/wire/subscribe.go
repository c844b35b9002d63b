package wire

import (
	"errors"
	"fmt"

	"github.com/mochi-mqtt/server/v2/packets"
)

// DecodeSubscribe decodes a SUBSCRIBE (3.8): PacketID, Filters with their
// options and subscription identifier, Properties. It owns its memory.
func DecodeSubscribe(v Version, f Frame) (*packets.Packet, error) {
	body := f.kept()
	c := cursor{b: body}
	c.packetID()
	if v == V5 {
		c.block(SUBSCRIBE, nil)
	}
	c.filters("MQTT-3.8.3-2", func(filter string) {
		c.subscriptionOptions(v, filter)
	})
	if err := c.end(); err != nil {
		return nil, err
	}
	return decode(v, SUBSCRIBE, body, (*packets.Packet).SubscribeDecode)
}

// filters reads topic filters to the end of the packet, each followed by what
// then reads. clause demands at least one.
func (c *cursor) filters(clause string, then func(filter string)) {
	n := 0
	for ; c.err == nil && len(c.b) > 0; n++ {
		filter := string(c.str()) // MQTT-3.8.3-1, MQTT-3.10.3-1
		if c.err != nil {
			return
		}
		if err := CheckFilter(filter); err != nil {
			var broken *Error
			errors.As(err, &broken) // it makes no other
			c.fail(broken)
			return
		}
		if n == MaxFilters {
			c.fail(&Error{QuotaExceeded, "4.13", fmt.Sprintf("more than %d topic filters in a packet", MaxFilters)})
			return
		}
		then(filter)
	}
	if c.err == nil && n == 0 {
		c.fail(violation(clause, "no topic filter"))
	}
}

// subscriptionOptions reads the byte after a filter (3.8.3.1).
func (c *cursor) subscriptionOptions(v Version, filter string) {
	b := c.u8()
	switch {
	case c.err != nil:
	case b&3 == 3:
		c.fail(malformed("3.8.3.1", "maximum QoS 3"))
	case v != V5 && b > 2, b&0xc0 != 0:
		c.fail(malformed("MQTT-3.8.3-5", "reserved bits of the subscription options"))
	case b>>4&3 == 3:
		c.fail(violation("3.8.3.1", "retain handling 3"))
	case b&4 != 0 && Shared(filter):
		c.fail(violation("MQTT-3.8.3-4", "no local on a shared subscription"))
	}
}

// AppendSuback appends a SUBACK (3.9), one code for each filter in order. Before
// version 5 every failure is 0x80. reason may be empty.
func AppendSuback(dst []byte, p Peer, id uint16, codes []Code, reason string) []byte {
	pk := packets.Packet{PacketID: id, ReasonCodes: codeBytes(codes)}
	if p.Version != V5 {
		for i, c := range codes {
			if c.Failed() {
				pk.ReasonCodes[i] = 0x80
			}
		}
	}
	pk.Properties.ReasonString = reason
	return encode(dst, p, SUBACK, &pk, (*packets.Packet).SubackEncode)
}

func codeBytes(codes []Code) []byte {
	out := make([]byte, len(codes))
	for i, c := range codes {
		out[i] = byte(c)
	}
	return out
}
