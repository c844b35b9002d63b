package core

// Forward ends a pull delivery by moving its message, as it is, to another queue,
// in one atomic step: what a door dead-letters for a reason of its own, which note,
// the annotation it has there, can tell. Its trail does not grow. Stale: the lease
// is over. NotFound: the message is gone, or there is no such queue.
func (q *Queue) Forward(r Receipt, to string, note []byte) error {
	if _, ok := q.ns.Queue(to); !ok {
		return errf(NotFound, "no queue %q", to)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return errf(NotFound, "no queue %q", q.name)
	}
	e, leased := q.settleable(r)
	switch {
	case e == nil:
		return q.over(r)
	case leased:
		q.st.end(e)
	default:
		q.st.take(e)
	}
	q.leaves(e)
	q.ns.b.committer.submit(&moveOp{q: q, e: e, to: QueueAddress(to), note: note}, Lazy, 0)
	q.rearm()
	return nil
}

// Forward ends a delivery by moving its message, as it is but for its expiry,
// which has no say in what was begun, to a session's queue, and changes the
// session's state with it, in one atomic step, within 10 ms: what a door keeps
// for the one consumer that had it while the others go on. It reports false if
// the delivery is not this consumer's.
func (c *Consumer) Forward(r Receipt, to *Session, note []byte, change StateChange) bool {
	q := c.q
	q.mu.Lock()
	defer q.mu.Unlock()
	e := c.holds(r)
	if e == nil {
		return false
	}
	to.note(&change)
	c.release(e)
	q.st.end(e)
	q.leaves(e)
	q.ns.b.committer.submit(&moveOp{q: q, e: e, to: QueueAddress(to.queue.name), note: note, session: to, change: change}, Lazy, 0)
	q.rearm()
	return true
}

// Enqueue puts a message that was stored before (a retained value), as it is,
// into the session's queue, and changes the session's state with it, in one
// atomic step, within 10 ms. No limit refuses it.
func (s *Session) Enqueue(m *Message, note []byte, change StateChange) {
	b, q := s.ns.b, s.queue
	s.note(&change)
	p := &publishOp{
		b: b, ns: s.ns, pub: &Publication{Message: m, To: QueueAddress(q.name), Session: s, Mark: &change},
		size: messageSize(m), internal: true,
	}
	q.mu.Lock()
	q.pending++
	q.mu.Unlock()
	p.targets = []target{{q: q, note: note}}
	b.memory.Add(int64(p.size))
	p.encoded = appendMessage(nil, m)
	p.durability = Lazy
	if !b.committer.submit(p, p.durability, p.size) {
		b.leave(p)
		p.withdraw()
	}
}
