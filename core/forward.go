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
