package core

import (
	"sync"

	"github.com/slipwaymq/slipway/core/match"
)

// publishOp is one publication on its way through the committer: those of its
// targets that could not take it at once.
type publishOp struct {
	b          *Broker
	ns         *Namespace
	pub        *Publication
	durability Durability
	encoded    []byte // the message as stored; nil: made as it is staged (encodedLater)
	size       int
	sharers    *sharing // of its entries, if it may come to have several
	body       bodyRef
	ahead      bool  // the body was written ahead, in chunks
	internal   bool  // a move: no limit or deduplication refuses it
	sent       int64 // of a moved entry; 0: now
	out        Outcome
	targets    []target
	gated      int  // how many of targets, the first ones, are gates
	spare      bool // nobody knows of it when it was applied
	one        [1]target
}

// A target is one queue that is to get a copy.
type target struct {
	q    *Queue
	note []byte
	e    *entry // nil where it was refused or deduplicated

	buried  bool   // refused, to be dead-lettered
	dialect string // whose note it is
	key     string // of the binding
}

// ownFrom is the length of a body that sinks had better have of their own.
const ownFrom = 8 << 10

// spareOps are operations that are over.
var spareOps = sync.Pool{New: func() any { return new(publishOp) }}

// prepare checks a publication, sends it to the sinks, lets queues take it
// that can at once, and returns the operation for the rest; nil if there is
// none (then confirmed) or with an error (then not).
func (ns *Namespace) prepare(pub *Publication, p *Publisher) (*publishOp, error) {
	b, m := ns.b, pub.Message
	named := pub.To.Kind == ToQueue && len(pub.HiddenKeys) == 0
	pub.To = pub.To.plain()
	if err := b.accepts(pub, p.patient); err != nil {
		return nil, err
	}
	if m.Cron != "" {
		if err := m.onCalendar(b.clock.Now()); err != nil {
			return nil, err
		}
	}
	m.PublishedAt, m.Source = b.Now(), pub.To // rules of bindings look at them
	if pub.TimeToLive > 0 {
		m.ExpiresAt = m.PublishedAt + pub.TimeToLive
	}
	if pub.Retain {
		b.looks.Load().published(ns, m)
	}
	rs, err := p.routes[:0], error(nil)
	if !pub.RetainOnly {
		rs, err = ns.route(rs, m, pub.To, pub.HiddenKeys, pub.NoLocal, false)
	}
	if err == nil && named && len(rs) == 0 && !pub.RetainOnly {
		err = errf(NotFound, "no queue %q", pub.To.Name)
	}
	if err != nil {
		return nil, err
	}
	p.routes, pub.Routed = rs, len(rs)
	if m.ID == (MessageID{}) {
		m.ID = b.NewMessageID()
	}
	b.counters.published.Add(1)
	identify(m, rs)
	p.takers, p.behind, p.laggard = 0, 0, nil
	op := spareOps.Get().(*publishOp)
	*op = publishOp{b: b, ns: ns, pub: pub, size: messageSize(m), out: Outcome{ID: m.ID, Routed: len(rs)}}
	op.targets = op.one[:0]
	for i := range rs {
		r := &rs[i]
		if !r.keep {
			if len(m.Body) >= ownFrom {
				m.own() // once for all sinks, which then need no copies
			}
			p.offer(r, m)
			continue
		}
		op.targets = append(op.targets, target{q: r.q, note: r.merged(b), dialect: r.dialect, key: r.key})
	}
	if len(op.targets) > 1 {
		op.sharers = new(sharing)
	}
	op.gatesFirst()
	clear(rs)
	if len(rs) == 0 {
		b.counters.unroutable.Add(1)
	}
	op.direct(p)
	if pub.Mark != nil {
		pub.Session.note(pub.Mark)
	}
	if len(op.targets) == 0 && !op.retains() && (pub.Mark == nil || !pub.Session.durable) {
		out := op.out
		op.free()
		p.confirmed(pub, out)
		return nil, nil
	}
	op.encode()
	return op, nil
}

// free lets the operation be used again.
func (op *publishOp) free() {
	*op = publishOp{}
	spareOps.Put(op)
}

// droppable says that the publisher expects nothing of the message: it is
// transient and nobody waits to hear of it (QoS 0).
func (op *publishOp) droppable() bool {
	return op.durability == Local && !op.pub.Message.Durable && op.pub.Confirm == nil
}

func (op *publishOp) retains() bool { return op.pub.Retain || op.pub.RetainOnly }

// accepts is what can be refused without looking at any target. What is patient
// is not refused for want of room.
func (b *Broker) accepts(pub *Publication, patient bool) error {
	m := pub.Message
	switch {
	case b.draining.Load():
		return errf(Closed, "the broker is shutting down")
	case messageSize(m) > b.limits.MessageBytes:
		return errf(TooLarge, "message of %d bytes, the limit is %d", messageSize(m), b.limits.MessageBytes)
	case len(m.Headers) > b.limits.HeaderCount:
		return errf(TooLarge, "%d headers, the limit is %d", len(m.Headers), b.limits.HeaderCount)
	case codecCheck(m) != nil:
		return codecCheck(m)
	case m.Durable && !patient && !b.store.Room():
		return errf(NoSpace, "the disk is below its low-space watermark")
	case pub.To.Kind == ToTopic:
		if err := match.ValidPath(pub.To.Name); err != nil {
			return errf(Invalid, "topic: %v", err)
		}
	}
	return nil
}

// direct gives a transient copy to each target that can take it around the
// committer: one with nothing pending that it could overtake, and room in
// its window. Those targets are done with.
func (op *publishOp) direct(p *Publisher) {
	if op.b.holding.Load() {
		return
	}
	if op.gated > 0 {
		return
	}
	rest := op.targets[:0]
	m, now := op.pub.Message, op.pub.Message.PublishedAt
	for _, t := range op.targets {
		if op.storedBy(t.q) {
			rest = append(rest, t)
			continue
		}
		t.q.mu.Lock()
		if t.q.deleted || !t.q.takesNow(m, op.size) {
			rest = append(rest, t)
			t.q.mu.Unlock()
			continue
		}
		m.own()
		e := t.q.newEntry(m, t.note, op.size, now)
		e.sharers = op.sharers
		e.inc, e.seq = t.q.head.inc, t.q.head.seq
		t.q.head.seq++
		t.q.arrive(e)
		t.q.dispatch(&p.dirty)
		if op.pub.Confirm == nil {
			p.note(t.q, e.lane)
		}
		t.q.mu.Unlock()
	}
	clear(op.targets[len(rest):])
	op.targets = rest
}

// storedBy says whether the queue's copy must survive a restart.
func (op *publishOp) storedBy(q *Queue) bool { return op.pub.Message.Durable && q.durable }

// takesNow says whether a transient message may be appended right away. Lock
// held.
func (q *Queue) takesNow(m *Message, size int) bool {
	lane := q.lane(m)
	return q.pending == 0 && q.opt.Dedup == DedupOff && !q.grouped && m.DeliverAt == 0 && q.opt.Delay == 0 &&
		(q.opt.Overflow == DropHead || !q.overfull(1, int64(len(m.Body)))) && q.st.holds(lane, size) && !q.ns.b.overMemory()
}

// encode fixes how durable the operation is and what it stores.
func (op *publishOp) encode() {
	m := op.pub.Message
	op.durability = Local
	stored := op.retains() || op.pub.Mark != nil && op.pub.Session.durable
	for i := range op.targets {
		q := op.targets[i].q
		stored = stored || op.storedBy(q)
		q.mu.Lock()
		q.pending++
		q.mu.Unlock()
	}
	if stored {
		op.durability = Lazy
		if op.pub.Confirm != nil && m.Durable {
			op.durability = Durable
		}
	}
	if op.encodedLater() {
		return
	}
	op.encoded = appendMessage(nil, m)
	if !m.owned {
		m.Body, m.owned = op.encoded[len(op.encoded)-len(m.Body):], true
	}
}

// Messages of these sizes are encoded straight into the group, if that need not
// copy their body to keep it: shorter ones are better encoded by their publisher
// than by the committer, longer ones go there in chunks.
const (
	laterFrom = 4 << 10
	laterTo   = chunkBytes / 2
)

func (op *publishOp) encodedLater() bool {
	return op.pub.Message.owned && !op.retains() && op.size >= laterFrom && op.size <= laterTo
}

// asked says that somebody waits until it is on the disk.
func (op *publishOp) asked() bool { return op.durability == Durable && op.pub.Confirm != nil }

// admit hands the operation to the committer, large bodies first; ahead of a
// call of lead, if its publisher will make one.
func (b *Broker) admit(op *publishOp, ahead bool) error {
	op.stageLarge()
	b.enter(op)
	submit := b.committer.submit
	if ahead {
		submit = b.committer.submitAhead
	}
	if submit(op, op.durability, op.size) {
		return nil
	}
	b.leave(op)
	op.withdraw()
	return errf(Closed, "the broker is shutting down")
}

// enter and leave account for a publication on its way to the store.
func (b *Broker) enter(op *publishOp) {
	b.memory.Add(int64(op.size))
	if op.retains() {
		b.retains.Add(1)
	}
}

func (b *Broker) leave(op *publishOp) {
	b.memory.Add(-int64(op.size))
	if op.retains() {
		b.retains.Add(-1)
	}
}

// withdraw undoes the reservation of an operation that will not happen.
func (op *publishOp) withdraw() {
	for i := range op.targets {
		q := op.targets[i].q
		q.mu.Lock()
		q.pending--
		q.mu.Unlock()
	}
}

func (q *Queue) newEntry(m *Message, note []byte, size int, now int64) *entry {
	e := &entry{msg: m, size: size, counted: uint32(len(m.Body)), note: note, enqueued: now, sent: now, expires: m.ExpiresAt, group: m.GroupID,
		deaths: m.Deaths, heapAt: -1}
	e.lane = q.lane(m)
	return e
}

// lane is where the message's priority puts it.
func (q *Queue) lane(m *Message) uint8 {
	if q.ordered {
		return laneHighest
	}
	return laneHighest - min(m.Priority, q.highest)
}

// stage stages the copies, and with them, unless a queue refused its own, the
// retained value and the session's mark: a mark that outlived a refusal would
// have the next message of that packet id taken for a duplicate.
func (op *publishOp) stage(g *staging) {
	op.placeBody(g)
	for i := range op.targets {
		if i > 0 && i == op.gated && op.stopped() {
			break
		}
		t := &op.targets[i]
		if i >= op.gated && op.gated > 0 && op.ns.held(t.key) {
			continue
		}
		t.q.mu.Lock()
		op.stageTarget(g, t)
		t.q.mu.Unlock()
	}
	op.settleBody(g)
	if op.out.Err != nil {
		return
	}
	if op.retains() {
		op.b.stageRetained(g, op)
	}
	if op.pub.Mark != nil {
		op.pub.Session.stageState(g, op.pub.Mark)
	}
}

// stageTarget stages one queue's copy. Queue lock held.
func (op *publishOp) stageTarget(g *staging, t *target) {
	q, m := t.q, op.pub.Message
	if q.deleted {
		return
	}
	e := t.q.newEntry(m, t.note, op.size, g.now)
	e.sharers = op.sharers
	if op.sent != 0 {
		e.sent = op.sent
	}
	e.due = q.dueAt(m, g.now)
	if err := q.refuses(e, g.now); err != nil && !op.internal {
		op.out.Err = err
		q.noteRefusal(g.now, err)
		t.buried = q.opt.Overflow == RejectPublishDeadLetter
		return
	}
	if (q.grouped || q.gate) && e.group == "" {
		if e.group = m.Source.Name; m.Source.Kind == ToExchange {
			e.group = m.Source.Key
		}
	}
	if q.opt.Dedup != DedupOff && !op.internal {
		original, dup, err := q.deduplicate(g, m, e)
		if err != nil {
			op.out.Err = err
			q.noteRefusal(g.now, err)
			return
		}
		if dup {
			if op.decides(q) {
				op.out.Duplicate, op.out.ID, op.out.Sequence = true, original.id, original.number
			}
			return
		}
	}
	op.number(t, e)
	if q.gate && (q.opt.Hollow || !op.storedBy(q)) { // what is not stored cannot be replayed
		q.noteDedup(g, m, e)
		g.touch(q)
		return
	}
	e.keep, e.body = op.keeping(q, e, g.now), op.body
	if e.keep == inMemory {
		e.body = bodyRef{}
	}
	q.stageEntry(g, e, e.keep == inStore, op.encoded)
	if !op.internal {
		q.noteDedup(g, m, e)
	}
	q.coming++
	q.comingB += int64(e.counted)
	t.e = e
}

// keeping says where this copy goes: the store if it must survive or wait
// there, the spill if memory has no place for it.
func (op *publishOp) keeping(q *Queue, e *entry, now int64) keeping {
	switch {
	case q.durable && (op.storedBy(q) || e.due > now):
		return inStore
	case e.due > now || q.pending == 1 && q.st.holds(e.lane, e.size) && !op.b.overMemory():
		return inMemory
	}
	return inSpill
}

// refuses says why the queue does not take the message. Lock held.
func (q *Queue) refuses(e *entry, now int64) error {
	switch {
	case e.due > now && !q.durable && q.ns.b.overMemory(): // it could wait nowhere else
		return errf(Full, "queue %q is only in memory, and there is none left for delayed messages", q.name)
	case q.opt.Overflow == DropHead || !q.overfull(1, int64(e.counted)):
		return nil
	}
	return errf(Full, "queue %q is at its limit", q.name)
}

// refusalsEvery is how often, in ms, a queue's refusals are worth a line.
const refusalsEvery = 60_000

// refusals are those of a queue, as the operator knows them.
type refusals struct {
	n      int   // not yet told
	toldAt int64 // ms
}

// noteRefusal counts what the queue did not take, and tells the operator now and
// then: not every publisher asks what became of a message. Lock held.
func (q *Queue) noteRefusal(now int64, why error) {
	q.ns.b.counters.refused.Add(1)
	if q.refused == nil {
		q.refused = &refusals{toldAt: now - refusalsEvery}
	}
	q.refused.n++
	if now-q.refused.toldAt < refusalsEvery {
		return
	}
	q.ns.b.log.Warn("a queue refuses messages", "queue", q.name, "why", why, "refused", q.refused.n)
	*q.refused = refusals{toldAt: now}
}

// overfull says whether n more, with bodies of size together, would pass the
// queue's limits. Lock held.
func (q *Queue) overfull(n, size int64) bool {
	o := q.opt
	return o.MaxLength != 0 && q.st.ready+q.coming+n > o.MaxLength ||
		o.MaxBytes != 0 && q.st.readyBytes+q.comingB+size > o.MaxBytes
}

// dueAt is when the message may first be delivered here. Lock held.
func (q *Queue) dueAt(m *Message, now int64) int64 {
	switch {
	case q.gate:
		return 0
	case m.DeliverAt != 0:
		return m.DeliverAt
	case q.opt.Delay > 0:
		return now + q.opt.Delay.Milliseconds()
	}
	return 0
}

func (op *publishOp) applied(g *staging) {
	for i := range op.targets {
		t := &op.targets[i]
		q := t.q
		q.mu.Lock()
		q.pending--
		if t.e != nil {
			q.coming--
			q.comingB -= int64(t.e.counted)
		}
		if t.e != nil && !q.deleted && t.e.inc == q.head.inc {
			if t.e.due > g.now {
				q.hold(t.e)
			} else {
				q.arrive(t.e)
				g.wake(q)
			}
		}
		q.mu.Unlock()
		if t.buried {
			q.buryRefused(op.pub.Message, g.now)
		}
	}
	op.b.leave(op)
	g.confirm(op.pub.Confirm, op.pub.Token, op.out)
	if op.spare {
		op.free()
	}
}

// arrive appends an entry that is now visible. Lock held; the caller
// dispatches.
func (q *Queue) arrive(e *entry) {
	if q.st.append(e) && e.msg != nil {
		q.ns.b.charge(e)
	}
	q.noteExpiry(e)
}
