package mqtt

import (
	"strconv"

	"github.com/slipwaymq/slipway/core"
)

// Which packet id a delivery gets. A message of a durable session's own queue has
// one by its place there, so that a restart, whatever ended the broker, finds it
// again though nothing was written: 65,535 messages that follow each other differ.
// One whose id is in use (a stray) gets another, which is recorded before it is
// sent; QoS 2 is recorded in any case, since its second phase has no message. What
// comes from elsewhere takes the next one that is free, and where the two meet
// it makes way: it goes on half of all ids further.

// maxIDs are the packet ids of one direction.
const maxIDs = 65_535

// ownID is the packet id of a message of the session's own queue. Sequences go on
// at the next 2^32 with each start of the broker, and the ids then somewhere else:
// those of the run before may be in use still.
func ownID(p position) uint16 {
	const elsewhere = 40_503
	return uint16(1 + (p.seq>>32*elsewhere+p.seq&(1<<32-1)+maxIDs-1)%maxIDs)
}

// newOwn takes the packet id of a message of the session's own queue. Lock held.
func (s *session) newOwn(p position, qos byte) *slot {
	if !s.recordsIDs() {
		return s.newSlot(s.freeID(), qos)
	}
	id := ownID(p)
	if s.out[id] == nil {
		return s.newSlot(id, qos)
	}
	s.lastID = id + maxIDs/2
	sl := s.newSlot(s.freeID(), qos)
	sl.stray = qos == 1
	return sl
}

// hasID says that freeID will find one. Lock held.
func (s *session) hasID() bool { return len(s.out) < maxIDs || len(s.at) > 0 }

// freeID finds a packet id that is not in use. Lock held; hasID said yes.
func (s *session) freeID() uint16 {
	if len(s.out) >= maxIDs {
		s.dropOldest()
	}
	for {
		if s.lastID++; s.lastID == 0 {
			s.lastID = 1
		}
		if s.out[s.lastID] == nil {
			return s.lastID
		}
	}
}

// dropOldest gives up the oldest packet id that waits for a message to be
// delivered again: if all others are in use, that message expired or was
// purged in the meantime. Lock held.
func (s *session) dropOldest() {
	var oldest *slot
	var where position
	for p, id := range s.at {
		if sl := s.out[id]; oldest == nil || sl.order < oldest.order {
			oldest, where = sl, p
		}
	}
	delete(s.at, where)
	delete(s.out, oldest.id)
}

// attrInflight is the session's attribute that says how many deliveries its last
// connection took unacknowledged.
const attrInflight = "inflight"

// ackedLately is how many acknowledgements a kill of the broker takes back: those
// of the last 10 ms, more or less.
const ackedLately = 1024

// recoverCut finds what may have been sent on a connection that the broker's end
// cut off: the first messages of the queue, as many as the client took. Nothing
// else is delivered meanwhile.
func (s *session) recoverCut() {
	cut := s.core.Cut()
	if cut == 0 {
		return
	}
	n := sentAtOnce(s.core, maxIDs) + ackedLately
	err := s.core.Queue().Browse(func(d core.Delivery) bool {
		p := positionOf(d.Receipt)
		if n--; n < 0 || p.seq >= cut {
			return false
		}
		s.maySent(p, &d)
		return true
	})
	if err != nil {
		s.h.cfg.Log.Error("a session's queue cannot be read", "client", s.core.ID(), "error", err)
	}
}

func (s *session) maySent(p position, d *core.Delivery) {
	n := decodeNote(d.Note, nil)
	published, _, _ := origin(d.Message, 0, lost{})
	if (&feed{own: true}).effectiveQoS(&n, published) != 1 {
		return // of QoS 2 all is recorded
	}
	if _, known := s.at[p]; known || s.out[ownID(p)] != nil {
		return
	}
	sl := s.newSlot(ownID(p), 1)
	sl.sent = true
	s.at[p] = sl.id
}

// sentAtOnce is what attrInflight says.
func sentAtOnce(cs *core.Session, unknown int) int {
	if n, err := strconv.Atoi(cs.Attributes()[attrInflight]); err == nil {
		return n
	}
	return unknown
}
