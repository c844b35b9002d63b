package core

import "context"

// settleOp removes settled entries from the store, and changes a session's
// state with them.
type settleOp struct {
	q       *Queue
	entries []*entry
	few     [1]*entry
	session *Session
	change  *StateChange
	confirm Confirm
	token   uint64
	durable bool
	stored  bool
}

// remove ends an entry's lease for good. Queue lock held.
func (op *settleOp) remove(e *entry) {
	op.q.st.end(e)
	op.gone(e)
}

// gone takes an entry that is already out of every list. Queue lock held.
func (op *settleOp) gone(e *entry) {
	op.q.letGo(e)
	if e.keep != inMemory {
		op.stored = true
	}
	op.entries = append(op.entries, e)
}

// letGo is the end of a settled entry, but for what the store has of it. Lock
// held.
func (q *Queue) letGo(e *entry) {
	b := q.ns.b
	b.uncharge(e)
	e.msg = nil
	b.counters.settled.Add(1)
	q.leaves(e)
}

// submit hands it to the committer if there is anything to write.
func (op *settleOp) submit() {
	d := Lazy
	if op.durable || op.change != nil && op.session.Durable() {
		d = Durable
	}
	if !op.stored && op.change == nil && op.confirm == nil {
		return
	}
	op.q.ns.b.submitOr(op, d, op.confirm, op.token)
}

func (op *settleOp) stage(g *staging) {
	op.q.mu.Lock()
	for _, e := range op.entries {
		op.q.stageRemoval(g, e, true)
	}
	op.q.mu.Unlock()
	if op.change != nil {
		op.session.stageState(g, op.change)
	}
}

func (op *settleOp) applied(g *staging) {
	op.q.mu.Lock()
	for _, e := range op.entries {
		op.q.st.forget(e.pos)
	}
	op.q.mu.Unlock()
	g.confirm(op.confirm, op.token, Outcome{})
}

// recordOp writes what a waiting or leased entry must remember of its
// deliveries (table l).
type recordOp struct {
	q       *Queue
	entries []*entry
	durable bool
	confirm Confirm
}

// giveBack puts an entry back at its place and has its count recorded. Queue
// lock held.
func (op *recordOp) giveBack(e *entry) {
	op.q.st.giveBack(e)
	e.bound = nil
	op.q.noteExpiry(e) // which may have come while it was held
	op.q.ns.b.counters.redelivered.Add(1)
	op.add(e)
}

// add has an entry recorded as it is when the group is staged.
func (op *recordOp) add(e *entry) {
	if e.keep == inStore {
		e.recorded = true
		op.entries = append(op.entries, e)
	}
}

func (op *recordOp) submit() {
	if len(op.entries) == 0 && op.confirm == nil {
		return
	}
	d := Lazy
	if op.durable {
		d = Durable
	}
	op.q.ns.b.submitOr(op, d, op.confirm, 0)
}

func (op *recordOp) stage(g *staging) {
	q := op.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return
	}
	for _, e := range op.entries {
		if e.inc != q.head.inc || e.over {
			continue
		}
		q.stageLease(g, e)
	}
}

func (op *recordOp) applied(g *staging) { g.confirm(op.confirm, 0, Outcome{}) }

// Settle settles pull deliveries and waits until that is durable. errs[i] is
// nil, Stale: the lease is over, or NotFound: the message is gone. In a queue that is
// not grouped, a delivery whose lease ran out can still be settled while
// nobody else got the message.
func (q *Queue) Settle(ctx context.Context, how Settlement, rs ...Receipt) (errs []error, err error) {
	errs = make([]error, len(rs))
	w := newWaiter()
	var dirty []Flusher
	q.mu.Lock()
	if q.deleted {
		q.mu.Unlock()
		return nil, errf(NotFound, "no queue %q", q.name)
	}
	op := &settleOp{q: q, durable: true, confirm: w}
	back := &recordOp{q: q}
	for i, r := range rs {
		e, leased := q.settleable(r)
		switch {
		case e == nil:
			errs[i] = q.over(r)
		case how == Reject && leased:
			q.st.end(e)
			q.bury(e, Rejected)
		case how == Ack && leased:
			op.remove(e)
		case how == Ack:
			q.st.take(e)
			op.gone(e)
		case leased:
			if how == Release {
				e.deliveries--
			}
			back.giveBack(e)
		}
	}
	q.invalidateAttempts(rs)
	back.submit()
	op.submit()
	q.dispatch(&dirty)
	q.mu.Unlock()
	flushAll(&dirty)
	o, err := w.wait(ctx)
	if err == nil {
		err = o.Err
	}
	return errs, err
}

// settleable finds the entry that a pull receipt names. Lock held.
func (q *Queue) settleable(r Receipt) (e *entry, leased bool) {
	p := pos{r.Lane, r.Seq}
	if r.Incarnation != q.head.inc {
		return nil, false
	}
	if e := q.st.leases[p]; e != nil {
		if e.holder == &q.pulled && e.lease == r.Lease {
			return e, true
		}
		return nil, false
	}
	if q.grouped {
		return nil, false
	}
	if i, ok := findEntry(q.st.returned, p); ok && q.st.returned[i].lease == r.Lease {
		return q.st.returned[i], false
	}
	return nil, false
}

// over tells why a receipt settles nothing: its message is gone (NotFound), or
// waits or is somebody else's (Stale). Lock held.
func (q *Queue) over(r Receipt) error {
	p := pos{r.Lane, r.Seq}
	stale := errf(Stale, "the delivery is over")
	if r.Incarnation == q.head.inc {
		if q.st.leases[p] != nil {
			return stale
		}
		if _, ok := findEntry(q.st.returned, p); ok {
			return stale
		}
		if q.grouped {
			for _, gr := range q.st.grouped.byName {
				if _, ok := findEntry(gr.waiting, p); ok {
					return stale
				}
			}
		}
	}
	return errf(NotFound, "the message is gone")
}
