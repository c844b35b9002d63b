package core

import "slices"

// bury ends a taken entry by moving it, with its trail, to where the queue's
// dead letters go, in one atomic step; without such a place it is dropped.
// Lock held.
func (q *Queue) bury(e *entry, why DeathReason) {
	q.ns.b.committer.submit(q.burial(e, why), Lazy, 0)
}

func (q *Queue) burial(e *entry, why DeathReason) operation {
	if q.opt.DeadLetter.Kind == NoAddress {
		op := &settleOp{q: q}
		op.entries = op.few[:0]
		op.gone(e)
		return op
	}
	q.ns.b.counters.deadLettered.Add(1)
	q.leaves(e)
	return &moveOp{q: q, e: e, why: why, died: true, to: q.opt.DeadLetter}
}

// leaves notes that an entry was taken out for good: until its removal is
// staged no head may be written that passes over it. Lock held.
func (q *Queue) leaves(e *entry) {
	e.over = true
	if e.keep != inMemory {
		q.leaving++
	}
}

// moveOp takes an entry out of one queue and publishes it to an address, all
// or nothing.
type moveOp struct {
	q       *Queue
	e       *entry
	why     DeathReason
	died    bool // add to the trail; else it is a redrive
	back    bool // it stays: see stage
	missing bool // the address reaches no queue
	to      Address
	note    []byte   // instead of the entry's; nil: the same
	session *Session // whose state changes with it; nil: none
	change  StateChange
	publish *publishOp
}

func (op *moveOp) stage(g *staging) {
	q, e := op.q, op.e
	if e.msg == nil {
		m, err := q.ns.b.readMessage(posKey(nil, e.keep.table(), e.inc, e.pos), e.body)
		if err != nil {
			q.ns.b.log.Error("a message in the store cannot be read; it cannot be dead-lettered", "queue", q.name, "error", err)
			return
		}
		m.Deaths = e.deaths
		e.msg = m
	}
	op.publish = q.ns.moved(op, g.now)
	// A redrive whose queue is gone stays. So does what was only delivered too
	// often, and is delivered on (SQS); what expired, was rejected or overflowed
	// ends here, where there is nowhere to go (RabbitMQ), and is counted.
	if op.back = op.missing && op.session == nil && (!op.died || op.why == DeliveryLimit && op.to.Kind != ToExchange); op.back {
		return
	}
	if op.missing && op.session == nil { // else it ends with its session
		q.ns.b.counters.dropped.Add(1)
		q.ns.b.log.Warn("a dead letter was dropped: its address reaches no queue", "queue", q.name, "address", op.to.String())
	}
	if op.publish != nil {
		op.publish.stage(g)
	}
	if op.session != nil {
		op.session.stageState(g, &op.change)
	}
	q.mu.Lock()
	q.stageRemoval(g, e, true)
	q.mu.Unlock()
}

func (op *moveOp) applied(g *staging) {
	if op.publish != nil {
		op.publish.applied(g)
	}
	q := op.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if op.back {
		op.e.undead = op.died
		q.stay(op.e)
		g.wake(q)
		return
	}
	q.st.forget(op.e.pos)
	q.ns.b.uncharge(op.e)
}

// stay puts back a taken entry that was to leave. Lock held.
func (q *Queue) stay(e *entry) {
	e.over = false
	if e.keep != inMemory {
		q.leaving--
	}
	if e.inc == q.head.inc && !q.deleted {
		q.st.putBack(e)
		return
	}
	q.ns.b.uncharge(e)
}

// moved prepares the publication of a moved message. Limits and deduplication
// do not refuse it: it was accepted once.
func (ns *Namespace) moved(op *moveOp, now int64) *publishOp {
	m := *op.e.msg
	to := op.to
	if op.died {
		m.Deaths = died(op.e.deaths, &m, op.q.name, op.why, now)
	}
	m.ExpiresAt, m.DeliverAt = 0, 0
	if to.Kind == ToExchange {
		to = m.divert(to)
	}
	p := &publishOp{b: ns.b, ns: ns, pub: &Publication{Message: &m, To: to}, size: messageSize(&m), internal: true}
	if !op.q.grouped {
		p.sent = op.e.sent
	}
	targets := ns.targets(&m, to)
	op.missing = len(targets) == 0
	for _, r := range targets {
		if op.died && cycles(&m, r.q.name, op.why) {
			ns.b.counters.cycles.Add(1)
			continue
		}
		r.q.mu.Lock()
		r.q.pending++
		r.q.mu.Unlock()
		note := r.merged(ns.b)
		if op.to.Kind == ToQueue {
			note = op.e.note // it stays what it was: SQS renders a notification in a dead-letter queue too
		}
		if op.note != nil {
			note = op.note
		}
		p.targets = append(p.targets, target{q: r.q, note: note, dialect: r.dialect, key: r.key})
	}
	p.gatesFirst()
	if len(p.targets) == 0 {
		return nil
	}
	ns.b.memory.Add(int64(p.size))
	p.encoded = appendMessage(nil, &m)
	return p
}

// targets is the queues that an address reaches now.
func (ns *Namespace) targets(m *Message, to Address) []route {
	rs, err := ns.route(nil, m, to.plain(), nil, nil, true)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(rs, func(r route) bool { return !r.keep })
}

// divert makes a dead-letter exchange the message's source and returns it with
// the routing key to use: the exchange's own, else those that the message has.
func (m *Message) divert(to Address) Address {
	if to.Key == "" {
		to.Key = m.Source.RoutingKey()
	} else {
		m.Keys = nil
	}
	m.Source = to.plain()
	return to
}

// died is the trail with one more death.
func died(trail []Death, m *Message, queue string, why DeathReason, now int64) []Death {
	d := Death{Queue: queue, Reason: why, Count: 1, Time: now, Source: m.Source, Keys: m.Keys}
	if m.ExpiresAt != 0 {
		ttl := max(0, m.ExpiresAt-m.PublishedAt)
		d.TTL = &ttl
	}
	rest := make([]Death, 1, len(trail)+1)
	for _, t := range trail {
		if t.Queue == queue && t.Reason == why {
			d, d.Count = t, t.Count+1 // the rest tells of the first time
			continue
		}
		rest = append(rest, t)
	}
	rest[0] = d
	return rest
}

// cycles says whether dead-lettering would bring a message back to a queue
// that it left before without any consumer having had a hand in it
// (RabbitMQ's rule: automatic cycles are dropped).
func cycles(m *Message, to string, why DeathReason) bool {
	if why == Rejected || why == DeliveryLimit {
		return false
	}
	been := false
	for _, d := range m.Deaths {
		if d.Reason == Rejected || d.Reason == DeliveryLimit {
			return false
		}
		been = been || d.Queue == to
	}
	return been
}

// buryRefused dead-letters a publish that the queue was too full for.
func (q *Queue) buryRefused(m *Message, now int64) {
	q.mu.Lock()
	to := q.opt.DeadLetter
	q.mu.Unlock()
	if to.Kind == NoAddress {
		return
	}
	e := q.newEntry(m, nil, messageSize(m), now)
	q.ns.b.committer.submit(&moveOp{q: q, e: e, why: MaxLength, died: true, to: to}, Lazy, 0)
}

// Redrive moves up to n ready messages to the queue named to, or, if that is
// empty, each to the queue that it first died in. It returns how many it set
// moving; those whose queue is gone stay. Each move is atomic.
func (q *Queue) Redrive(n int, to string) (moving int, err error) {
	exists := map[string]bool{"": false, q.name: false}
	if to != "" {
		if _, ok := q.ns.Queue(to); !ok {
			return 0, errf(NotFound, "no queue %q", to)
		}
	}
	var stay []*entry
	q.mu.Lock()
	defer q.mu.Unlock()
	for moving < n && !q.deleted {
		e := q.pick(plain)
		if e == nil {
			break
		}
		q.leaves(e)
		dest := to
		if dest == "" && len(e.deaths) > 0 {
			dest = e.deaths[len(e.deaths)-1].Queue
		}
		there, known := exists[dest]
		if !known { // Namespace.mu comes before Queue.mu
			q.mu.Unlock()
			_, there = q.ns.Queue(dest)
			exists[dest] = there
			q.mu.Lock()
		}
		if !there {
			stay = append(stay, e)
			continue
		}
		moving++
		q.ns.b.committer.submit(&moveOp{q: q, e: e, to: QueueAddress(dest)}, Lazy, 0)
	}
	for _, e := range stay {
		q.stay(e)
	}
	return moving, nil
}
