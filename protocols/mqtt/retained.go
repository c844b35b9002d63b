package mqtt

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// Retained values for a new subscription (3.3.1.3): a cursor walks them as the
// client takes them, so a subscription to a million costs what it sends. They
// take of the receive maximum as deliveries do.
//
// What is QoS 1 or 2 of it goes through the queue of a session that outlives
// restarts, a batch at a time: from there it is sent, and sent again, as any
// message, and how far the cursor came is recorded in the same step. For other
// sessions it is written at once, and is gone with them.

type retainedValues struct {
	filter string // of the subscription
	note   note
	cursor *core.RetainedCursor // nil: only batch
	since  int64                // ms; what was published later came through the binding
	batch  []*core.Message      // fetched and not sent; the pump's
	key    uint32               // of its record in the session's state; 0: none yet
	after  string               // the path that it came to: as recorded; the pump's
}

const (
	retainedBatch = 64
	retainedAgain = time.Second // after the store could not be read
)

// canSendRetained: lock held.
func (c *conn) canSendRetained() bool {
	return len(c.retained) > 0 && !c.unreadable && !c.nc.Out.Full() &&
		(c.retained[0].note.qos == 0 || c.quota > 0 && c.s.hasID() && c.queued < retainedBatch)
}

// sendRetained sends as many as the client takes now. The pump's.
func (c *conn) sendRetained() {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for !c.ended && c.canSendRetained() {
		r := c.retained[0]
		if len(r.batch) > 0 {
			m := r.batch[0]
			r.batch = r.batch[1:]
			if r.cursor != nil && s.recordsIDs() && retainedQoS(m, r.note) > 0 {
				c.queueRetained(r, m)
			} else {
				c.writeRetained(m, r.note)
			}
			continue
		}
		s.mu.Unlock()
		c.nc.Out.Flush()
		more, err := c.fetchRetained(r)
		s.mu.Lock()
		if err != nil {
			c.readAgain()
			return
		}
		if !more && len(c.retained) > 0 && c.retained[0] == r {
			c.retained = c.retained[1:]
			s.mu.Unlock()
			s.dropCursor(r)
			s.mu.Lock()
		}
	}
}

// readAgain has the pump go on in a while. Lock held.
func (c *conn) readAgain() {
	c.unreadable = true
	time.AfterFunc(retainedAgain, func() {
		c.s.mu.Lock()
		c.unreadable = false
		c.s.mu.Unlock()
		c.kick()
	})
}

func (c *conn) fetchRetained(r *retainedValues) (more bool, err error) {
	if r.cursor == nil {
		return false, nil
	}
	ms, err := r.cursor.Next(retainedBatch)
	fetched := len(ms) > 0 // DeleteFunc may leave none of them
	if err != nil && !fetched {
		c.h.cfg.Log.Error("retained messages cannot be read; they are read again", "filter", r.filter, "error", err)
		return false, err
	}
	now := c.h.cfg.Broker.Now() // of a time to come is what a run published whose clock was ahead
	r.batch = slices.DeleteFunc(ms, func(m *core.Message) bool { return m.PublishedAt > r.since && m.PublishedAt <= now })
	return fetched, nil
}

func retainedQoS(m *core.Message, n note) byte {
	published, _, _ := origin(m, 0, lost{})
	return min(n.qos, published)
}

// writeRetained: lock held.
func (c *conn) writeRetained(m *core.Message, n note) {
	if !c.mayReceive(m) { // asked for on an earlier connection
		c.h.counters.Revoked.Add(1)
		return
	}
	qos := retainedQoS(m, n)
	if qos == 0 {
		c.writeFull(m, n, true)
		return
	}
	sl := c.s.newSlot(c.s.freeID(), qos)
	sl.counted, sl.msg, sl.note = true, m, n
	c.quota--
	c.writePublish(sl, m, n)
}

// queueRetained has a value come out of the session's queue. Lock held, and let
// go of meanwhile.
func (c *conn) queueRetained(r *retainedValues, m *core.Message) {
	s := c.s
	n := r.note
	n.retained = true
	r.after = topicOf(m.Source)
	change := s.recordCursor(r)
	c.queued++
	s.mu.Unlock()
	s.core.Enqueue(m, n.encode(), change)
	s.mu.Lock()
}

// recordCursor is the change of state that remembers how far a cursor came:
//
//	byte    1; another form takes another number
//	uvarint since
//	string  filter
//	string  after
//	note    the rest
//
// A string is a uvarint length and its bytes. Lock held.
func (s *session) recordCursor(r *retainedValues) core.StateChange {
	if r.key == 0 {
		s.cursors++
		r.key = stateCursor + s.cursors
	}
	b := binary.AppendUvarint([]byte{1}, uint64(r.since))
	for _, text := range []string{r.filter, r.after} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return core.StateChange{Key: r.key, Value: append(b, r.note.encode()...)}
}

// recordCursors are the changes that remember the cursors that were not recorded
// so far. Lock held.
func (s *session) recordCursors(list []*retainedValues) (changes []core.StateChange) {
	if !s.recordsIDs() {
		return nil
	}
	for _, r := range list {
		if r.key == 0 && r.cursor != nil && r.note.qos > 0 {
			changes = append(changes, s.recordCursor(r))
		}
	}
	return changes
}

// dropCursor forgets a cursor's record.
func (s *session) dropCursor(r *retainedValues) {
	if r.key != 0 {
		s.core.SetState(core.StateChange{Key: r.key}, nil, 0)
	}
}

// recoverCursor takes up what was recorded of a cursor; false if it is of no use.
func (s *session) recoverCursor(key uint32, val []byte) bool {
	if val[0] != 1 {
		return false
	}
	since, size := binary.Uvarint(val[1:])
	if size <= 0 {
		return false
	}
	r, rest := &retainedValues{since: int64(since), key: key}, val[1+size:]
	for _, into := range []*string{&r.filter, &r.after} {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return false
		}
		*into, rest = string(rest[size:size+int(n)]), rest[size+int(n):]
	}
	r.note = decodeNote(rest, nil)
	filter, err := match.ParseMQTT(r.filter)
	if _, there := s.core.Namespace().Binding(s.core.Prefix() + "\x00" + r.filter); err != nil || !there {
		return false
	}
	r.cursor = s.core.Namespace().RetainedAfter(filter, r.after)
	s.retained, s.cursors = append(s.retained, r), max(s.cursors, key-stateCursor)
	return true
}
