package mqtt

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// PUBLISH to a client (3.3). Deliveries come from feeds: the consumer of the
// session's own queue, and one for each shared subscription and $queue that
// the client takes part in. All take of one receive maximum. What finds it
// used up, or the output full, waits in the backlog, and the core is told to
// stop (flow.go).

// A feed is one core.Consumer of a connection.
type feed struct {
	c        *conn          // immutable
	consumer *core.Consumer // set by start, after the first deliveries; used on the read loop, the pump and by end
	own      bool           // immutable; of the session's own queue, whose notes say how
	note     note           // immutable; of a foreign queue
	group    *group         // immutable; nil unless shared
	member   string         // immutable; the key of its membership in group
	key      string         // immutable; in conn.feeds
	taken    int            // QoS 0: deliveries since the credit was renewed; guarded by s.mu
}

// An outgoing is a delivery on its way to the client.
type outgoing struct {
	feed     *feed
	consumer *core.Consumer
	d        core.Delivery
}

// Deliver is core.Receiver.
func (f *feed) Deliver(k *core.Consumer, d core.Delivery) bool {
	c, s := f.c, f.c.s
	o := outgoing{f, k, d}
	s.mu.Lock()
	if len(c.backlog) > 0 || c.held || c.ended || !c.ready(&o) {
		c.backlog = append(c.backlog, o)
		s.mu.Unlock()
		return true // Flush looks after it
	}
	record, dirty := c.send(&o)
	s.mu.Unlock()
	c.record(record)
	return dirty
}

// Flush is core.Flusher.
func (f *feed) Flush() { f.c.Flush() }

// FlushNow is core.Prompt.
func (f *feed) FlushNow() { f.c.FlushNow() }

// Cancelled is core.Receiver: the queue was deleted. Its messages are gone; that
// of a $queue may come again.
func (f *feed) Cancelled(*core.Consumer, error) bool {
	if !f.own && f.group == nil {
		f.c.orphan(f.key, f.note, f)
	}
	return false
}

// effectiveQoS is the minimum of what was published and what was granted
// [MQTT-3.8.4-8]. What a queue held is at least QoS 1: it is settled by an
// acknowledgement.
func (f *feed) effectiveQoS(n *note, published byte) byte {
	switch {
	case f.own:
		return max(1, min(n.qos, published))
	case f.group != nil:
		return min(n.qos, max(1, published))
	}
	return n.qos
}

// ready says whether one more delivery can be sent now. Lock held.
func (c *conn) ready(o *outgoing) bool {
	if c.nc.Out.Full() || c.s.recording > maxRecording || c.s.strays > 0 {
		return false
	}
	return o.feed.unacknowledged() || c.quota > 0 && c.s.hasID()
}

// unacknowledged says that the feed's deliveries are QoS 0.
func (f *feed) unacknowledged() bool { return !f.own && f.note.qos == 0 }

// maxRecording bounds the bytes that wait for their packet ids to be durable:
// they are not in the output yet.
const maxRecording = 1 << 20

// send writes a delivery, or, if its packet id must be recorded first, returns
// its slot for record. Lock held.
func (c *conn) send(o *outgoing) (record *slot, dirty bool) {
	f, m := o.feed, o.d.Message
	n := f.note
	if f.own {
		n = decodeNote(o.d.Note, nil)
	}
	if n.retained && c.queued > 0 {
		c.queued--
	}
	published, _, _ := origin(m, 0, lost{})
	qos := f.effectiveQoS(&n, published)
	if qos == 0 {
		f.taken++
		c.creditDue = c.creditDue || f.taken >= qos0Credit/2
		return nil, c.writeFull(m, n, false)
	}
	sl := c.slotFor(o, n.has, qos)
	c.quota--
	sl.counted, sl.feed, sl.consumer, sl.receipt = true, f, o.consumer, o.d.Receipt
	if (sl.qos == 2 || sl.stray) && !sl.stored && c.s.recordsIDs() {
		sl.phase, sl.msg, sl.note = recording, m, n
		c.s.recording += len(m.Body)
		if sl.stray {
			c.s.strays++
		}
		return sl, false
	}
	if o.d.Deliveries > 1 && f.own {
		sl.sent = true // before a restart, under another packet id
	}
	return nil, c.writePublish(sl, m, n)
}

// slotFor finds the packet id of a message that was sent on an earlier
// connection, or takes a new one. Lock held.
func (c *conn) slotFor(o *outgoing, has uint16, qos byte) *slot {
	s := c.s
	if sl := s.out[has]; sl != nil && sl.moved {
		sl.moved = false
		return sl
	}
	if o.feed.own {
		p := positionOf(o.d.Receipt)
		if id, again := s.at[p]; again {
			delete(s.at, p)
			return s.out[id]
		}
		return s.newOwn(p, qos)
	}
	return s.newSlot(s.freeID(), qos)
}

// record makes a packet id durable before the first PUBLISH with it: the session's
// Confirmed goes on. What is of a shared subscription is then the session's, or
// nobody's, whatever happens [MQTT-4.8.2-4], [MQTT-4.8.2-5].
func (c *conn) record(sl *slot) {
	if sl == nil {
		return
	}
	change := core.StateChange{Key: stateOut | uint32(sl.id), Value: []byte{stateForeign}}
	var bond *core.Bond
	switch {
	case sl.stray:
		change.Value = appendPosition([]byte{stateQoS1}, positionOf(sl.receipt))
	case sl.feed.own:
		change.Value = appendPosition([]byte{statePublished}, positionOf(sl.receipt))
	case sl.feed.group != nil:
		bond = sl.bond()
	}
	sl.consumer.Begin(sl.receipt, c.s.core, change, bond, c.s, sl.token(tokenRecorded))
}

// bond is what makes a message of a shared subscription the session's own.
func (sl *slot) bond() *core.Bond {
	n := sl.feed.note
	n.has = sl.id
	return &core.Bond{Note: n.encode(), Change: core.StateChange{Key: stateOut | uint32(sl.id), Value: []byte{stateMoved}}}
}

// writePublish writes the PUBLISH of a slot. Lock held.
func (c *conn) writePublish(sl *slot, m *core.Message, n note) bool {
	own := sl.feed == nil || sl.feed.own
	o, ok := c.outgoing(m, &n, sl.sent)
	o.QoS, o.PacketID, o.Dup = sl.qos, sl.id, sl.sent && own
	o.Retain = o.Retain || n.retained || sl.feed == nil
	if own && !c.mayReceive(m) {
		c.h.counters.Revoked.Add(1)
		ok = false
	}
	if !ok || !c.fits(&o) {
		c.discard(sl)
		return true
	}
	sl.sent = true
	c.countPublish(&o)
	c.nc.Out.EncodeWithBody(protocols.Must, func(dst []byte) []byte { return c.appendHead(dst, &o) }, o.Payload)
	return c.nc.Out.Due()
}

// writeFull writes a QoS 0 delivery of a queue, or a retained value: the caller
// looked for room, so it is not dropped now. Lock held.
func (c *conn) writeFull(m *core.Message, n note, retain bool) bool {
	o, ok := c.outgoing(m, &n, false)
	o.Retain = o.Retain || retain
	if !ok || !c.fits(&o) {
		return false
	}
	c.countPublish(&o)
	c.nc.Out.EncodeWithBody(protocols.Must, func(dst []byte) []byte { return c.appendHead(dst, &o) }, o.Payload)
	return c.nc.Out.Due()
}

// writeQoS0 writes what is published now, or drops it if the output is full.
// A body that is lent is copied. No lock needed.
func (c *conn) writeQoS0(m *core.Message, n note) (dirty bool, behind core.Laggard) {
	dirty = c.offerQoS0(m, n)
	if c.nc.Out.Behind() {
		behind = c.nc.Out
	}
	return dirty, behind
}

func (c *conn) offerQoS0(m *core.Message, n note) (dirty bool) {
	o, ok := c.outgoing(m, &n, false)
	if !ok || !c.fits(&o) {
		return false
	}
	var kept []byte
	lent := o.Payload
	if m.Kept() {
		kept, lent = lent, nil
	}
	if !c.nc.Out.EncodeWithBody(protocols.May, func(dst []byte) []byte { return append(c.appendHead(dst, &o), lent...) }, kept) {
		c.h.counters.Dropped.Add(1)
		return false
	}
	c.countPublish(&o)
	return c.nc.Out.Due()
}

func (c *conn) countPublish(o *wire.Outgoing) {
	n := &c.h.counters
	n.PacketsOut.Add(1)
	n.PublishesOut.Add(1)
	n.PublishBytesOut.Add(uint64(len(o.Payload)))
}

// outgoing is the PUBLISH of a message; false if MQTT cannot spell its topic
// or it expired while it waited here and was not begun before [MQTT-4.3.3-7].
func (c *conn) outgoing(m *core.Message, n *note, begun bool) (o wire.Outgoing, ok bool) {
	_, retained, forward := origin(m, c.version(), c.h.lostTo(c.version(), m))
	o = wire.Outgoing{Topic: topicOf(m.Source), Payload: m.Body, Forward: forward, Subscriptions: n.ids}
	o.Retain = retained && n.asPublished // MQTT-3.3.1-12, MQTT-3.3.1-13
	if m.ExpiresAt != 0 {
		left := m.ExpiresAt - c.h.cfg.Broker.Now()
		if left < 0 && !begun {
			return o, false
		}
		o.HasExpiry, o.Expiry = true, uint32(min((max(left, 0)+999)/1000, 0xffffffff))
	}
	return o, o.Topic != "" && len(o.Topic) <= 0xffff
}

// fits says whether the client takes a packet of that size [MQTT-3.1.2-24].
func (c *conn) fits(o *wire.Outgoing) bool {
	size := wire.PublishSize(c.version(), o)
	if size <= maxPacket && (c.peer.MaxPacket == 0 || size <= int(c.peer.MaxPacket)) {
		return true
	}
	c.h.counters.TooLarge.Add(1)
	return false
}

// maxPacket is the longest packet there is: 256 MiB less one, and its header.
const maxPacket = 268_435_455 + 5

// discard ends a delivery that cannot be sent as if it had been acknowledged
// [MQTT-3.1.2-25]: the pump settles it. Lock held.
func (c *conn) discard(sl *slot) {
	c.release(sl)
	if sl.feed != nil {
		c.discards = append(c.discards, sl)
	}
}

// release frees a slot's packet id and its part of the quota. Lock held.
func (c *conn) release(sl *slot) {
	delete(c.s.out, sl.id)
	if sl.counted {
		c.quota++
	}
}
