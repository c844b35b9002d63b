package mqtt

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// acks are the acknowledgements that a connection owes for QoS 1 and 2
// publishes, in order of receipt ([MQTT-4.6.0-2], [MQTT-4.6.0-3]): they are
// confirmed in any order and sent from the front. Guarded by the session.
type acks struct {
	list  []ack
	first uint64        // number of list[0]
	empty chan struct{} // closed when the list is empty, if somebody waits for that
}

type ack struct {
	id   uint16
	qos  byte
	done bool
	code wire.Code
	err  error
}

func (a *acks) push(x ack) (seq uint64) {
	a.list = append(a.list, x)
	return a.first + uint64(len(a.list)-1)
}

func (a *acks) at(seq uint64) *ack {
	if i := seq - a.first; seq >= a.first && i < uint64(len(a.list)) {
		return &a.list[i]
	}
	return nil
}

// expectAck books a QoS 1 or 2 publish. A duplicate is one that was taken
// before: it is acknowledged, and not published [MQTT-4.3.3-10].
func (c *conn) expectAck(p *wire.Publish) (seq uint64, duplicate bool, err error) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var r *received
	if p.QoS == 2 {
		r = s.in[p.PacketID]
	}
	if r != nil && r.released {
		r = nil // another message: what becomes of the id before is recorded first
	}
	if r == nil || !r.counted {
		if c.version() == wire.V5 && c.received >= int(c.h.cfg.ReceiveMaximum) {
			return 0, false, protocolError(wire.ReceiveMaximumExceeded, "MQTT-3.3.4-9", "more than %d publishes without acknowledgement", c.received)
		}
		c.received++
	}
	seq = c.acks.push(ack{id: p.PacketID, qos: p.QoS})
	if p.QoS == 1 {
		return seq, false, nil
	}
	if r == nil {
		s.in[p.PacketID] = &received{conn: c, seq: seq, counted: true}
		return seq, false, nil
	}
	r.conn, r.seq, r.counted = c, seq, true
	if r.stored {
		c.acknowledge(seq, wire.Success, nil)
		c.sendAcks() // the read loop flushes
	}
	return seq, true, nil
}

// tokenComp marks the confirmation of a PUBREL's state; others are the number
// of an acknowledgement.
const tokenComp = 1 << 63

// Confirmed is core.Confirm: a publish is durable or refused, or a QoS 2
// packet id is forgotten.
func (c *conn) Confirmed(token uint64, o core.Outcome) bool {
	s := c.s
	if token&tokenComp != 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return o.Err == nil && c.forgotten(uint16(token))
	}
	code := codeOf(o.Err)
	if o.Err == nil && o.Routed == 0 {
		code = wire.NoMatchingSubscribers
	}
	return c.settlePublish(token, code, o.Err)
}

// settlePublish books how a publish ended and sends what can be sent.
func (c *conn) settlePublish(seq uint64, code wire.Code, err error) (dirty bool) {
	s := c.s
	if err != nil {
		c.h.counters.Refused.Add(1)
	}
	s.mu.Lock()
	a := c.acks.at(seq)
	if a == nil || a.done {
		s.mu.Unlock()
		return false
	}
	forget := c.acknowledge(seq, code, err)
	dirty = c.sendAcks()
	s.mu.Unlock()
	if forget != 0 && s.recordsIDs() {
		s.core.SetState(core.StateChange{Key: stateIn | uint32(forget)}, nil, 0)
	}
	return dirty
}

// acknowledge marks one as done. Of a QoS 2 publish another connection may
// wait for the outcome by now. It returns the packet id that a refusal frees.
// Lock held.
func (c *conn) acknowledge(seq uint64, code wire.Code, err error) (forget uint16) {
	a := c.acks.at(seq)
	a.done, a.code, a.err = true, code, err
	r := c.s.in[a.id]
	if a.qos != 2 || r == nil || r.released {
		return 0
	}
	waiting, place := r.conn, r.seq
	r.stored, r.conn = true, nil
	if code.Failed() {
		forget = a.id
		delete(c.s.in, a.id)
	}
	if waiting == nil || waiting == c && place == seq {
		return forget
	}
	if other := waiting.acks.at(place); other != nil {
		other.done, other.code, other.err = true, code, err
	}
	if waiting != c && waiting.sendAcks() {
		waiting.nc.Out.FlushSoon()
	}
	return forget
}

// sendAcks sends what is done at the front. Lock held.
func (c *conn) sendAcks() bool {
	n := 0
	list := c.acks.list
	for n < len(list) && list[n].done && !c.unconfirmable(&list[n]) {
		n++
	}
	if n > 0 {
		c.nc.Out.Encode(protocols.Must, func(dst []byte) []byte {
			for i := range list[:n] {
				dst = c.appendAck(dst, &list[i])
			}
			return dst
		})
		c.h.counters.PacketsOut.Add(uint64(n))
		c.acks.drop(n)
	}
	return n > 0 && c.nc.Out.Due()
}

// unconfirmable says that a refusal cannot be put into words and the
// connection is closed over it [MQTT-3.3.5-2].
func (c *conn) unconfirmable(a *ack) bool {
	if !a.code.Failed() || c.version() == wire.V5 {
		return false
	}
	c.nc.Stop(unconfirmed(a.err))
	return true
}

func (c *conn) appendAck(dst []byte, a *ack) []byte {
	t := wire.PUBACK
	if a.qos == 2 {
		t = wire.PUBREC
	}
	if a.qos == 1 || a.code.Failed() {
		c.received--
	}
	out := wire.Ack{Type: t, Code: a.code, PacketID: a.id}
	if a.err != nil && !c.peer.NoProblemInfo {
		out.Properties = c.reasonProperty(reasonOf(a.err))
	}
	return wire.AppendAck(dst, c.version(), out)
}

// reasonProperty is a reason string, unless the client takes no packet that
// long [MQTT-3.4.2-2].
func (c *conn) reasonProperty(text string) []byte {
	if most := c.peer.MaxPacket; most != 0 && len(text)+16 > int(most) {
		return nil
	}
	return wire.AppendString(nil, wire.ReasonString, text)
}

// drop forgets the first n.
func (a *acks) drop(n int) {
	a.first += uint64(n)
	if n == len(a.list) {
		a.list = a.list[:0]
		if cap(a.list) > 1024 {
			a.list = nil
		}
		if a.empty != nil {
			close(a.empty)
			a.empty = nil
		}
		return
	}
	a.list = a.list[n:]
}
