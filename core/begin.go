package core

// A Bond makes a delivery its session's alone, through the end of the broker
// too: a start that finds it moves the message into the session's queue, with
// note as its annotation and change to the session's state, as Forward does for
// a connection that ends; or, if the session is gone, drops it.
type Bond struct {
	Note   []byte
	Change StateChange
}

// bond is a Bond of an entry. Immutable.
type bond struct {
	session uint64
	Bond
}

// Begin records, before a door sends it, that a delivery was begun: what a start
// must know to go on with it. The session's state changes with it, in one atomic
// group that is durable when confirm is told. From then on the message does not
// expire in a queue whose options say Begun, after a restart either; with a bond
// (nil: none) it goes to nobody but the session. A Receiver may call it in Deliver.
func (c *Consumer) Begin(r Receipt, s *Session, change StateChange, b *Bond, confirm Confirm, token uint64) {
	if !s.durable {
		s.SetState(change, confirm, token)
		return
	}
	s.note(&change)
	op := &beginOp{stateOp: stateOp{s, change, confirm, token}, consumer: c, receipt: r}
	if b != nil {
		op.bond = &bond{s.num, *b}
	}
	c.q.ns.b.submitOr(op, Durable, confirm, token)
}

type beginOp struct {
	stateOp
	consumer *Consumer
	receipt  Receipt
	bond     *bond
}

func (op *beginOp) stage(g *staging) {
	op.stateOp.stage(g)
	q := op.consumer.q
	q.mu.Lock()
	defer q.mu.Unlock()
	e := op.consumer.holds(op.receipt)
	if e == nil || e.keep != inStore || q.deleted || op.bond == nil && !(q.opt.Begun && q.mayExpire(e)) {
		return
	}
	e.bound, e.recorded = op.bond, true
	q.stageLease(g, e)
}

// mayExpire says whether an entry would ever expire if it waited. Lock held.
func (q *Queue) mayExpire(e *entry) bool {
	return e.expires != 0 || q.opt.MessageTTL != 0 || q.opt.Retention > 0
}

// stageLease writes an entry's record in table l. Lock held.
func (q *Queue) stageLease(g *staging, e *entry) {
	g.key = posKey(g.key[:0], tabLease, e.inc, e.pos)
	g.val = appendLease(g.val[:0], e)
	g.batch.Set(g.key, g.val)
}

// rejoin sees to an entry that was bound when the broker ended: its session gets
// it, wherever that is now.
func (r *recovery) rejoin(q *Queue, e *entry) {
	q.st.takeDeep(e)
	s := r.bySession[e.bound.session]
	if s == nil {
		op := &settleOp{q: q}
		op.entries = op.few[:0]
		op.gone(e)
		op.submit()
		return
	}
	q.leaves(e)
	s.note(&e.bound.Change)
	r.b.committer.submit(&moveOp{
		q: q, e: e, to: QueueAddress(s.queue.name), note: e.bound.Note, session: s, change: e.bound.Change,
	}, Lazy, 0)
}
