package mqtt

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core"
)

// A session is what the door keeps of a client between connections: which
// packet ids are in use in each direction. It hangs on the core.Session
// (SetLocal) and dies with it; after a restart what QoS 2 needs is read back
// from the core.Session's state.
type session struct {
	core *core.Session        // immutable
	h    *Handler             // immutable
	conn atomic.Pointer[conn] // whose output takes what comes; nil while offline

	mu        sync.Mutex
	out       map[uint16]*slot     // guarded by mu; packet ids of ours
	at        map[position]uint16  // guarded by mu; those whose message the queue will deliver again
	lastID    uint16               // guarded by mu
	order     uint64               // guarded by mu; slots ever made
	strays    int                  // guarded by mu; strays whose packet id is not durable yet
	recording int                  // guarded by mu; bytes of messages whose packet id is not durable yet
	in        map[uint16]*received // guarded by mu; QoS 2 packet ids of the client's
	retained  []*retainedValues    // guarded by mu; retained values still to be sent
	cursors   uint32               // guarded by mu; the last number of a recorded cursor
}

// A slot is a packet id in use for a delivery.
type slot struct {
	id      uint16
	order   uint64 // slots are resent in this order
	qos     byte
	phase   phase
	counted bool // it takes of this connection's receive maximum
	sent    bool // a PUBLISH with it was written before: another one is a resend
	stray   bool // QoS 1: the packet id is not the one that its place in the queue says (ids.go), so it is recorded
	stored  bool // the packet id is in the session's state: at QoS 2, and of a stray, before it is sent, else when the connection ends
	moved   bool // the message comes out of the session's queue, with a note that says this packet id

	feed     *feed          // what delivered it on this connection; nil for a retained value and before redelivery
	consumer *core.Consumer // feed's
	receipt  core.Receipt   // of the delivery; its position names the message
	note     note           // while recording, and for a retained value
	msg      *core.Message
}

// phase is where a delivery stands (4.3.2, 4.3.3).
type phase uint8

const (
	recording phase = iota // its packet id is on its way to the store, nothing was sent
	published              // PUBLISH sent; waits for PUBACK or PUBREC
	releasing              // PUBREC received and on its way to the store
	released               // PUBREL sent; waits for PUBCOMP
)

// received is a QoS 2 packet id that the client uses until it has PUBCOMP.
type received struct {
	stored   bool   // the message is as durable as it gets
	conn     *conn  // who waits for that, or for PUBCOMP
	seq      uint64 // with this place in its acks
	counted  bool   // it takes of the connection's receive maximum
	released bool   // PUBREL received and on its way to the store
}

// position names a message of the session's queue.
type position struct {
	incarnation, seq uint64
	lane             uint8
}

func positionOf(r core.Receipt) position { return position{r.Incarnation, r.Seq, r.Lane} }

// The durable state: keys are a direction and a packet id, or the number of a
// cursor over retained values (retained.go); values begin with a byte that says
// what is recorded.
const (
	stateIn     = 0 << 16
	stateOut    = 1 << 16
	stateCursor = 2 << 16

	stateReceived  = 1 // in: PUBREC is due or sent
	statePublished = 1 // out: PUBLISH may have been sent; the position follows
	stateForeign   = 2 // out: the same for a message of another queue than the session's
	stateReleased  = 3 // out: PUBREC received, PUBREL is due or sent
	stateMoved     = 4 // out: it came from another queue and is in the session's now, with a note that says the packet id
	stateQoS1      = 5 // out: QoS 1, when a connection ended or for a stray; the position follows
)

func appendPosition(b []byte, p position) []byte {
	b = binary.BigEndian.AppendUint64(b, p.incarnation)
	b = append(b, p.lane)
	return binary.BigEndian.AppendUint64(b, p.seq)
}

func readPosition(b []byte) (p position, ok bool) {
	if len(b) != 17 {
		return p, false
	}
	return position{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[9:]), b[8]}, true
}

// sessionOf finds or makes ours for a core.Session that was just opened.
func (h *Handler) sessionOf(cs *core.Session) *session {
	if s, ok := cs.Local().(*session); ok {
		return s
	}
	s := &session{core: cs, h: h, out: map[uint16]*slot{}, at: map[position]uint16{}, in: map[uint16]*received{}}
	var foreign []uint32
	cs.State(func(key uint32, val []byte) {
		if !s.recover(key, val) {
			foreign = append(foreign, key)
		}
	})
	for _, key := range foreign {
		cs.SetState(core.StateChange{Key: key}, nil, 0)
	}
	s.recoverCut()
	cs.SetLocal(s)
	return s
}

// recover takes up one recorded packet id; false if it is of no use any more.
func (s *session) recover(key uint32, val []byte) bool {
	id := uint16(key)
	switch {
	case len(val) == 0:
		return false
	case key >= stateCursor:
		return s.recoverCursor(key, val)
	case id == 0:
		return false
	case key < stateOut:
		s.in[id] = &received{stored: true}
		return true
	}
	sl := s.newSlot(id, 2)
	sl.sent, sl.stored = true, true
	switch val[0] {
	case statePublished, stateQoS1:
		if val[0] == stateQoS1 {
			sl.qos = 1
		}
		p, ok := readPosition(val[1:])
		if ok {
			s.at[p] = id
			return true
		}
	case stateMoved:
		sl.moved = true
		return true
	case stateReleased:
		sl.phase = released
		return true
	}
	delete(s.out, id)
	return false
}

// newSlot takes a packet id. Lock held.
func (s *session) newSlot(id uint16, qos byte) *slot {
	s.order++
	sl := &slot{id: id, order: s.order, qos: qos, phase: published}
	s.out[id] = sl
	return sl
}

// recordsIDs says whether packet ids are known after a restart: if the session
// is.
func (s *session) recordsIDs() bool { return s.core.Durable() }

// leave makes the packet ids ready for another connection, or frees those
// whose message goes to somebody else. It returns the changes of state that
// follow. Lock held; no delivery comes any more.
func (s *session) leave() (changes []core.StateChange) {
	for id, sl := range s.out {
		own := sl.feed != nil && sl.feed.own
		foreign := sl.feed != nil && !own
		sl.counted = false
		switch {
		case sl.phase >= releasing || sl.feed == nil: // what was not sent again yet: see below
		case foreign:
			delete(s.out, id)
			if sl.qos == 2 && s.recordsIDs() {
				changes = append(changes, core.StateChange{Key: stateOut | uint32(id)})
			}
		default:
			s.at[positionOf(sl.receipt)] = id
		}
		if sl.phase == recording {
			s.recorded(sl) // the queue delivers it again, and it is recorded again
		}
		sl.feed, sl.consumer = nil, nil
	}
	for _, r := range s.in {
		r.counted = false
	}
	return append(changes, s.recordQoS1()...)
}

// recordQoS1 are the changes that record which QoS 1 deliveries were sent. Lock
// held.
func (s *session) recordQoS1() (changes []core.StateChange) {
	if !s.recordsIDs() {
		return nil
	}
	for p, id := range s.at {
		if sl := s.out[id]; sl.qos == 1 && sl.sent && !sl.stored {
			sl.stored = true
			val := appendPosition([]byte{stateQoS1}, p)
			changes = append(changes, core.StateChange{Key: stateOut | uint32(id), Value: val})
		}
	}
	return changes
}

// finish sees to what others may not get of a shared subscription: a QoS 2
// message that was sent. It stays with a session that goes on [MQTT-4.8.2-4],
// and ends with one that ends [MQTT-4.8.2-5]. No delivery comes any more.
func (s *session) finish() {
	s.mu.Lock()
	list := s.inOrder(func(sl *slot) bool {
		return sl.qos == 2 && sl.sent && sl.phase == published && sl.feed != nil && sl.feed.group != nil
	})
	s.mu.Unlock()
	for _, sl := range list {
		if !s.recordsIDs() {
			sl.consumer.Settle(core.Ack, false, []core.Receipt{sl.receipt}, nil, nil, nil, 0)
			continue
		}
		if b := sl.bond(); sl.consumer.Forward(sl.receipt, s.core, b.Note, b.Change) {
			s.mu.Lock()
			sl.moved, sl.feed, sl.consumer, sl.counted = true, nil, nil, false
			s.mu.Unlock()
		}
	}
}

// inOrder lists slots as they were made. Lock held.
func (s *session) inOrder(want func(*slot) bool) []*slot {
	var list []*slot
	for _, sl := range s.out {
		if want(sl) {
			list = append(list, sl)
		}
	}
	slices.SortFunc(list, func(a, b *slot) int { return int(int64(a.order) - int64(b.order)) })
	return list
}

// What the store confirms to a session: its tokens are a kind, the low bits of
// the slot's order, so that a late one never hits the next user of an id, and
// the packet id.
const (
	tokenRecorded uint64 = iota << 56
	tokenReleased uint64 = 1 << 56

	tokenOrder = 1<<40 - 1
)

func (sl *slot) token(kind uint64) uint64 { return kind | (sl.order&tokenOrder)<<16 | uint64(sl.id) }

// Confirmed is core.Confirm: a packet id or its change of phase is durable.
func (s *session) Confirmed(token uint64, o core.Outcome) bool {
	if o.Err != nil {
		return false // the broker is closing, and so is the connection
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.out[uint16(token)]
	if sl == nil || (sl.order&tokenOrder) != token>>16&tokenOrder {
		return false
	}
	c := s.conn.Load()
	if token&^(tokenOrder<<16|0xffff) == tokenReleased {
		if sl.phase != releasing {
			return false
		}
		sl.phase = released
		return c != nil && c.pubrelFor(sl)
	}
	if sl.phase != recording {
		return false
	}
	m, stray := sl.msg, sl.stray
	s.recorded(sl)
	sl.stored = true
	return c != nil && (c.writePublish(sl, m, sl.note) || stray) // others wait behind a stray
}

// recorded ends a slot's first phase. Lock held.
func (s *session) recorded(sl *slot) {
	s.recording -= len(sl.msg.Body)
	if sl.stray {
		s.strays--
	}
	sl.phase, sl.msg = published, nil
}

// Send is core.Sink: QoS 0 goes straight to the connection.
func (s *session) Send(m *core.Message, b []byte) (dirty bool, behind core.Laggard) {
	c := s.conn.Load()
	if c == nil {
		s.h.counters.Offline.Add(1)
		return false, nil
	}
	return c.writeQoS0(m, decodeNote(b, nil)) // room for identifiers would be allocated for those without, too
}

// Flush is core.Flusher.
func (s *session) Flush() {
	if c := s.conn.Load(); c != nil {
		c.Flush()
	}
}
