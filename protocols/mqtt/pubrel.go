package mqtt

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// PUBREL from a client (3.6): it will not send this packet id again. PUBCOMP
// follows when that is durable, since the client may use the id for another
// message from then on. An unknown id is completed too: in a resumed session it
// may be of an exchange whose PUBCOMP was lost, and the answer is that PUBCOMP
// again. (3.7.2.1 would allow "packet identifier not found", but MQTT.js takes
// that for a publish that failed.)

func (c *conn) pubrel(f wire.Frame) error {
	a, err := wire.DecodeAck(c.version(), f)
	if err != nil {
		return err
	}
	s := c.s
	s.mu.Lock()
	r := s.in[a.PacketID]
	if r != nil && r.released { // again: its PUBCOMP is on its way
		r.conn = c
		s.mu.Unlock()
		return nil
	}
	if r == nil {
		code := wire.PacketIdentifierNotFound
		if c.resumed {
			code = wire.Success
		}
		c.writePubcomp(a.PacketID, code)
		s.mu.Unlock()
		return nil
	}
	if r.counted {
		c.received--
	}
	records := s.recordsIDs()
	r.released, r.counted, r.conn = true, false, c
	if !records {
		delete(s.in, a.PacketID)
		c.writePubcomp(a.PacketID, wire.Success)
	}
	s.mu.Unlock()
	if records {
		s.core.SetState(core.StateChange{Key: stateIn | uint32(a.PacketID)}, c, tokenComp|uint64(a.PacketID))
	}
	return nil
}

// forgotten says that a packet id is, on stable storage too. A client that has
// used it for another message in the meantime did not wait for PUBCOMP. Lock held.
func (c *conn) forgotten(id uint16) (dirty bool) {
	r := c.s.in[id]
	if r == nil || !r.released {
		return c.writePubcomp(id, wire.Success)
	}
	delete(c.s.in, id)
	dirty = r.conn.writePubcomp(id, wire.Success)
	if dirty && r.conn != c {
		r.conn.nc.Out.FlushSoon()
	}
	return dirty
}

func (c *conn) writePubcomp(id uint16, code wire.Code) bool {
	c.write(func(dst []byte) []byte {
		return wire.AppendAck(dst, c.version(), wire.Ack{Type: wire.PUBCOMP, PacketID: id, Code: code})
	})
	return c.nc.Out.Due()
}
