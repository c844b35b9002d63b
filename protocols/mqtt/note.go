package mqtt

import "encoding/binary"

// A note is what a binding says about the copies it makes: the granted QoS,
// whether the retain flag is kept (retain-as-published) and the subscription
// identifiers, of which several bindings give several [MQTT-3.3.4-4]. It is
// stored as one byte of flags and the identifiers as uvarints. A new flag
// takes a free bit; nothing else may change without a new first bit. What the
// door itself puts into a session's queue says so: a retained value for a new
// subscription, and a message that the client has under a packet id already,
// which then stands before the identifiers.
type note struct {
	qos         byte
	asPublished bool
	retained    bool
	has         uint16 // the packet id under which it was sent as another queue's; 0: none
	ids         []uint32
}

const (
	noteQoS         = 0x03
	noteAsPublished = 0x04
	noteRetained    = 0x08
	noteHas         = 0x10
)

func (n *note) encode() []byte {
	flags := n.qos & noteQoS
	if n.asPublished {
		flags |= noteAsPublished
	}
	if n.retained {
		flags |= noteRetained
	}
	if n.has != 0 {
		flags |= noteHas
	}
	b := []byte{flags}
	if n.has != 0 {
		b = binary.AppendUvarint(b, uint64(n.has))
	}
	for _, id := range n.ids {
		b = binary.AppendUvarint(b, uint64(id))
	}
	return b
}

// decodeNote reads one; ids are appended to room, so that a caller with a
// small array allocates nothing.
func decodeNote(b []byte, room []uint32) note {
	if len(b) == 0 {
		return note{}
	}
	n := note{qos: b[0] & noteQoS, asPublished: b[0]&noteAsPublished != 0, retained: b[0]&noteRetained != 0, ids: room}
	has := b[0]&noteHas != 0
	for b = b[1:]; len(b) > 0; {
		id, size := binary.Uvarint(b)
		if size <= 0 {
			break
		}
		b = b[size:]
		if has {
			n.has, has = uint16(id), false
			continue
		}
		n.ids = append(n.ids, uint32(id))
	}
	return n
}

// mergeNotes is core.Dialect.Merge: overlapping subscriptions give one copy,
// of the maximum QoS [MQTT-3.3.4-2] and with all their identifiers
// [MQTT-3.3.4-4].
func mergeNotes(notes [][]byte) []byte {
	out := []byte{0}
	for _, b := range notes {
		if len(b) == 0 {
			continue
		}
		qos := max(out[0]&noteQoS, b[0]&noteQoS)
		out[0] = (out[0]|b[0])&^noteQoS | qos
		out = append(out, b[1:]...)
	}
	return out
}
