package core

import "time"

// A queue is behind when what its consumers have not taken yet fills a good part
// of the window that it would have in memory. Whoever publishes what nobody
// confirms is held back by nothing else: a door that can (TCP then slows its
// client) waits for the queue, as for a Sink that is behind (Publisher.Laggard).
// Nobody waits for long, nor for who takes nothing, nor where there is a backlog
// on the disk already: what comes then goes there too.
const (
	behindBytes = 2 << 20                // of a lane's window
	behindTime  = 100 * time.Millisecond // at most for one wait
)

// lag is of a queue that was waited for. Guarded by its queue's lock.
type lag struct {
	caught chan struct{} // closed when the consumers have caught up; nil: nobody waits
	taken  uint64        // grows when something is, once the queue was waited for
	stuck  bool          // nothing was while somebody waited, nor since
}

// behind says that publishers should wait with more for the lane. Lock held.
func (q *Queue) behind(num uint8) bool {
	return len(q.consumers) > 0 && (q.lag == nil || !q.lag.stuck) && q.st.filled(num, 1)
}

// filled says whether a lane's window, with nothing behind it on the disk, is
// filled to a part of what publishers should fill of it.
func (s *qstate) filled(num uint8, part int) bool {
	l := s.lane(num)
	n, wide := s.holdsN(), max(s.limitBytes, s.wide())
	return l.deep == 0 && (len(l.window) >= n/2/part || l.bytes >= min(behindBytes, wide/2)/part)
}

// note notes whether a queue that was published to is behind.
func (p *Publisher) note(q *Queue, num uint8) {
	p.takers++
	if q.behind(num) {
		p.behind++
		p.laggard = laggingQueue{q, num}
	}
}

// laggingQueue is a Laggard: a lane of a queue.
type laggingQueue struct {
	q    *Queue
	lane uint8
}

// CatchUp is Laggard.
func (w laggingQueue) CatchUp(stop <-chan struct{}) bool {
	q := w.q
	caught, before := q.catching(w.lane)
	if caught == nil {
		return true
	}
	late := make(chan struct{})
	defer q.ns.b.clock.AfterFunc(behindTime, func() { close(late) })()
	select {
	case <-caught:
		return true
	case <-stop:
		return true
	case <-late:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lag.stuck = q.lag.taken == before
	return false
}

// catching returns a channel that is closed when the lane has caught up, nil if it
// has, and lag.taken.
func (q *Queue) catching(num uint8) (<-chan struct{}, uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.behind(num) {
		return nil, 0
	}
	if q.lag == nil {
		q.forTakers().lag = &lag{}
	}
	if q.lag.caught == nil {
		q.lag.caught = make(chan struct{})
	}
	return q.lag.caught, q.lag.taken
}

// caughtUp lets those go on who wait for the queue, if it is half as full as when
// they began. Lock held, after something was taken.
func (q *Queue) caughtUp() {
	if q.lag == nil {
		return
	}
	q.lag.taken++
	q.lag.stuck = false
	if q.lag.caught == nil {
		return
	}
	for _, l := range q.st.lanes {
		if q.st.filled(l.num, 2) {
			return
		}
	}
	close(q.lag.caught)
	q.lag.caught = nil
}
