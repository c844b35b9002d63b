package core

import (
	"sync"
	"sync/atomic"
)

// A sharing is a message in memory that entries of several queues have.
type sharing struct {
	entries atomic.Int32 // charged for it
	id      uint64       // in shared.byID, or was; guarded by shared.mu
	msg     *Message     // as id
}

// shared finds the messages that are in memory by their body in the store (table b),
// so that a queue which is behind takes what another one has there: neither is it
// read and kept once for every queue, nor does it count as memory more than once.
type shared struct {
	mu   sync.Mutex
	byID map[uint64]*sharing // that some entry is charged for
}

// enter is called for the first entry that is charged for its sharing, and leave
// for the last. A message with a trail of deaths is its entry's own.
func (s *shared) enter(e *entry) {
	if e.body.id == 0 || e.msg == nil || len(e.msg.Deaths) > 0 {
		return
	}
	s.mu.Lock()
	e.sharers.id, e.sharers.msg = e.body.id, e.msg
	s.byID[e.body.id] = e.sharers
	s.mu.Unlock()
}

func (s *shared) leave(w *sharing) {
	s.mu.Lock()
	if s.byID[w.id] == w { // else another queue read it at the same time, or it is in no table
		delete(s.byID, w.id)
	}
	s.mu.Unlock()
}

func (s *shared) find(id uint64) (*sharing, *Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.byID[id]; w != nil {
		return w, w.msg
	}
	return nil, nil
}

// readShared gives an entry the message that its body is of.
func (b *Broker) readShared(e *entry) (err error) {
	if len(e.deaths) == 0 {
		if e.sharers, e.msg = b.shared.find(e.body.id); e.msg != nil {
			return nil
		}
		e.sharers = new(sharing)
	}
	e.msg, err = b.readBody(e.body)
	return err
}
