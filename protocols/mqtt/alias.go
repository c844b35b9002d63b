package mqtt

import "github.com/slipwaymq/slipway/protocols/mqtt/wire"

// maxAliases bounds the topic aliases that we define on a connection, whatever
// the client would take: they keep their topics in memory.
const maxAliases = 64

// sentAliases are the topic aliases that a connection's client knows from us
// (3.3.2.3.4): of the first topics that were sent to it, as many as it takes.
// Guarded by the output's lock: they are looked up while a packet is appended,
// so that the one that defines an alias goes out first.
type sentAliases struct {
	most int // immutable once connected; 0: none
	m    map[string]uint16
}

// shorten replaces a topic by its alias, or defines one.
func (c *conn) shorten(o *wire.Outgoing) {
	a := &c.sentAliases
	if a.most == 0 || len(o.Topic) < 3 {
		return
	}
	if id, known := a.m[o.Topic]; known {
		o.Topic, o.TopicAlias = "", id
		return
	}
	if len(a.m) == a.most {
		return
	}
	// The definition makes the packet longer, by 3 and what its lengths may grow.
	if most := c.peer.MaxPacket; most != 0 && wire.PublishSize(c.version(), o)+5 > int(most) {
		return
	}
	if a.m == nil {
		a.m = map[string]uint16{}
	}
	o.TopicAlias = uint16(len(a.m) + 1)
	a.m[o.Topic] = o.TopicAlias
}

func (c *conn) appendHead(dst []byte, o *wire.Outgoing) []byte {
	c.shorten(o)
	return wire.AppendPublishHead(dst, c.version(), o)
}
