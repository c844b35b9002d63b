package mqtt

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// PUBREC from a client (3.5): it has the message. The delivery is settled and
// the packet id enters its second phase in one atomic group; PUBREL follows
// when that is durable (DESIGN section 5). A reason code that is an error ends
// the exchange.

func (c *conn) pubrec(f wire.Frame) error {
	a, err := wire.DecodeAck(c.version(), f)
	if err != nil {
		return err
	}
	s := c.s
	s.mu.Lock()
	sl := s.out[a.PacketID]
	switch {
	case sl == nil:
		c.writePubrel(a.PacketID, wire.PacketIdentifierNotFound)
		s.mu.Unlock()
		return nil
	case sl.qos != 2:
		s.mu.Unlock()
		return protocolError(wire.ProtocolError, "MQTT-4.3.2-3", "PUBREC for a QoS 1 delivery")
	case sl.phase == released: // it did not get our PUBREL
		c.writePubrel(sl.id, wire.Success)
		s.mu.Unlock()
		return nil
	case sl.phase != published || !sl.counted: // nothing was sent, or the answer is on its way
		s.mu.Unlock()
		return nil
	}
	if a.Code.Failed() {
		c.release(sl)
		s.mu.Unlock()
		c.endExchange(sl)
		c.acked.add(sl)
		return nil
	}
	records := s.recordsIDs()
	sl.phase, sl.msg = releasing, nil
	if !records {
		sl.phase = released
		c.writePubrel(sl.id, wire.Success)
	}
	s.mu.Unlock()
	c.secondPhase(sl, records)
	return nil
}

// secondPhase settles the message; its credit comes back with PUBCOMP.
func (c *conn) secondPhase(sl *slot, records bool) {
	change := &core.StateChange{Key: stateOut | uint32(sl.id), Value: []byte{stateReleased}}
	switch {
	case sl.consumer == nil && records:
		c.s.core.SetState(*change, c.s, sl.token(tokenReleased))
	case sl.consumer == nil:
	case records:
		sl.consumer.Settle(core.Ack, false, []core.Receipt{sl.receipt}, c.s.core, change, c.s, sl.token(tokenReleased))
	default:
		sl.consumer.Settle(core.Ack, false, []core.Receipt{sl.receipt}, nil, nil, nil, 0)
	}
}

// endExchange forgets the packet id's record.
func (c *conn) endExchange(sl *slot) {
	if c.s.recordsIDs() && (sl.qos == 2 || sl.stored) {
		c.s.core.SetState(core.StateChange{Key: stateOut | uint32(sl.id)}, nil, 0)
	}
}

// pubrelFor sends the PUBREL of a slot whose release is durable. Lock held.
func (c *conn) pubrelFor(sl *slot) bool {
	c.writePubrel(sl.id, wire.Success)
	return c.nc.Out.Due()
}

func (c *conn) writePubrel(id uint16, code wire.Code) {
	c.write(func(dst []byte) []byte {
		return wire.AppendAck(dst, c.version(), wire.Ack{Type: wire.PUBREL, PacketID: id, Code: code})
	})
}
