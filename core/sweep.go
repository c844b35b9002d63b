package core

import (
	"bytes"
	"sync"
)

// The sweeper clears old incarnations (purged and deleted queues) from the
// store in small batches on its own goroutine, giving up the shared bodies
// that their entries referred to. What it did not finish, a restart takes up.
type sweeper struct {
	b    *Broker
	mu   sync.Mutex
	todo []uint64 // guarded by mu
	stop bool     // guarded by mu
	wake chan struct{}
	done chan struct{}
}

const sweepBatch = 1000

func newSweeper(b *Broker) *sweeper {
	return &sweeper{b: b, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

func (s *sweeper) add(inc uint64) {
	s.mu.Lock()
	s.todo = append(s.todo, inc)
	s.mu.Unlock()
	s.signal()
}

func (s *sweeper) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sweeper) start() { go s.run() }

func (s *sweeper) close() {
	s.mu.Lock()
	s.stop = true
	s.mu.Unlock()
	s.signal()
	<-s.done
}

func (s *sweeper) run() {
	defer close(s.done)
	for range s.wake {
		for {
			s.mu.Lock()
			if s.stop {
				s.mu.Unlock()
				return
			}
			if len(s.todo) == 0 {
				s.mu.Unlock()
				break
			}
			inc := s.todo[0]
			s.todo = s.todo[1:]
			s.mu.Unlock()
			s.sweep(inc)
		}
	}
}

func (s *sweeper) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop
}

// sweep clears one incarnation: releases and deletion of a stretch are one
// atomic step, so that no body is released twice. It deletes no range that has
// nothing in it: that would be a tombstone which the store moves around and, as
// it meets nothing to delete, keeps.
func (s *sweeper) sweep(inc uint64) {
	// What was submitted before is in the store after this.
	if err := s.b.wait(Lazy, func(*staging) {}); err != nil {
		return
	}
	for _, tab := range []byte{tabEntry, tabDelay, tabSpill} {
		from, end := numKey(tab, inc), prefixEnd(numKey(tab, inc))
		for from != nil && !s.stopped() {
			bodies, next, empty := s.stretch(from, end)
			if empty {
				break
			}
			to := next
			if to == nil {
				to = end
			}
			err := s.b.wait(Lazy, func(g *staging) {
				for _, r := range bodies {
					r.release(g)
				}
				g.batch.DeleteRange(from, to)
			})
			if err != nil {
				return
			}
			from = next
		}
	}
	if s.stopped() {
		return
	}
	expiry, leases := s.any(tabExpiry, inc), s.any(tabLease, inc)
	s.b.committer.submit(&change{write: func(g *staging) {
		if expiry {
			g.batch.DeleteRange(numKey(tabExpiry, inc), prefixEnd(numKey(tabExpiry, inc)))
		}
		if leases {
			g.batch.DeleteRange(numKey(tabLease, inc), prefixEnd(numKey(tabLease, inc)))
		}
		g.batch.Delete(numKey(tabSweep, inc))
	}}, Lazy, 0)
}

// any says whether the incarnation has something in a table. It does not know
// when the store fails, and then says yes.
func (s *sweeper) any(tab byte, inc uint64) (found bool) {
	err := s.b.store.Scan(numKey(tab, inc), prefixEnd(numKey(tab, inc)), false, func(_, _ []byte) bool {
		found = true
		return false
	})
	return found || err != nil
}

// stretch reads up to sweepBatch entries for the bodies they refer to; next is
// where to go on, nil at the end. It is empty if there is certainly no entry.
func (s *sweeper) stretch(from, end []byte) (bodies []bodyRef, next []byte, empty bool) {
	n := 0
	err := s.b.store.Scan(from, end, false, func(key, val []byte) bool {
		if n++; n > sweepBatch {
			next = bytes.Clone(key)
			return false
		}
		if e, _, err := decodeEntry(bytes.Clone(val)); err == nil && e.body.id != 0 {
			bodies = append(bodies, e.body)
		}
		return true
	})
	if err != nil {
		s.b.log.Error("sweeping failed", "error", err)
	}
	return bodies, next, n == 0 && err == nil
}
