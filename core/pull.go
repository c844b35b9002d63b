package core

import (
	"context"
	"slices"
	"time"
)

// A pull is one Receive under way.
type pull struct {
	to     *Consumer      // immutable; Get's: it holds what is taken, without a deadline
	noAck  bool           // immutable; of a Get
	opt    ReceiveOptions // immutable
	reader *reader        // guarded by the queue's lock
	got    []Delivery     // guarded by the queue's lock until done is closed
	taken  []*entry       // guarded by the queue's lock
	once   bool           // guarded by the queue's lock; waits only for the loader
	over   bool           // guarded by the queue's lock
	done   chan struct{}
	at     *pullNode
}

// longestLease is how long a message may stay invisible in all (SQS
// ChangeMessageVisibility: 12 hours).
const longestLease = 12 * time.Hour

// Receive pulls. It returns as soon as there is something, with what there is
// then; no deliveries and no error when Wait is over. A grouped queue's leases
// are on stable storage when it returns. A cancelled ctx gives back what it
// had. Locked: the queue is exclusive. OverLimit: MaxInFlight is reached.
func (q *Queue) Receive(ctx context.Context, o ReceiveOptions) ([]Delivery, error) {
	p, replay, err := q.startPull(o)
	if err != nil || replay != nil {
		return replay, err
	}
	if o.Wait > 0 {
		stop := q.ns.b.clock.AfterFunc(o.Wait, func() { q.endPull(p) })
		defer stop()
	}
	select {
	case <-p.done:
		return p.got, q.recordPull(ctx, p)
	default: // then the end of ctx is worth asking for
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		q.endPull(p)
		<-p.done
		q.Unreceive(p.got)
		return nil, ctx.Err()
	}
	return p.got, q.recordPull(ctx, p)
}

// startPull takes what is there, or has the pull wait.
func (q *Queue) startPull(o ReceiveOptions) (p *pull, replay []Delivery, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.deleted:
		return nil, nil, errf(NotFound, "no queue %q", q.name)
	case q.opt.Owner != "":
		return nil, nil, errf(Locked, "queue %q is exclusive to another connection", q.name)
	}
	if o.Lease < 0 {
		if o.Lease = q.opt.Lease; o.Lease == 0 {
			o.Lease = DefaultLease
		}
	}
	o.Max = max(1, min(o.Max, 1000))
	q.used()
	if o.AttemptID != "" && q.grouped {
		if replay := q.replayAttempt(o); replay != nil {
			return nil, replay, nil
		}
	}
	p = &pull{opt: o, reader: q.pullReader(o), done: make(chan struct{})}
	if limit := q.opt.MaxInFlight; limit > 0 && len(q.st.leases) >= limit {
		if !q.grouped {
			return nil, nil, errf(OverLimit, "queue %q has %d messages in flight", q.name, limit)
		}
	}
	defer q.rearm()
	if q.serve(p) {
		return p, nil, nil
	}
	p.once = o.Wait <= 0 || q.ns.b.hurry.Load()
	if p.once && !q.loading {
		q.finishPull(p)
		return p, nil, nil
	}
	p.at = q.forTakers().pulls.push(p)
	return p, nil, nil
}

// pullReader is the cursor for a pull: all with one size limit share one.
func (q *Queue) pullReader(o ReceiveOptions) *reader {
	if q.grouped {
		return &reader{maxBytes: o.MaxBytes, tooLarge: &q.ns.b.counters.tooLarge}
	}
	if o.MaxBytes == 0 {
		return plain
	}
	r := q.skippers[o.MaxBytes]
	if r == nil {
		r = &reader{maxBytes: o.MaxBytes, tooLarge: &q.ns.b.counters.tooLarge}
		t := q.forTakers()
		if t.skippers == nil {
			t.skippers = map[int]*reader{}
		}
		t.skippers[o.MaxBytes] = r
	}
	return r
}

// serve lets the pull take what it can, and finishes it if that is anything.
// Lock held.
func (q *Queue) serve(p *pull) bool {
	if p.to != nil {
		return q.serveGet(p)
	}
	b := q.ns.b
	now := b.Now()
	if q.grouped {
		p.reader.group = nil
	}
	for len(p.got) < p.opt.Max {
		if limit := q.opt.MaxInFlight; limit > 0 && len(q.st.leases) >= limit {
			break
		}
		e := q.pickFor(p.reader)
		if e == nil {
			break
		}
		q.st.lease(e, &q.forTakers().pulled, now+p.opt.Lease.Milliseconds(), now)
		q.noteTenant(e, now)
		if q.st.grouped != nil {
			p.reader.group = q.st.grouped.byName[e.group]
		}
		p.got = append(p.got, q.delivery(e))
		p.taken = append(p.taken, e)
		b.counters.delivered.Add(1)
	}
	if len(p.got) == 0 {
		return false
	}
	if p.opt.AttemptID != "" && q.grouped {
		q.noteAttempt(p)
	}
	op := &recordOp{q: q, durable: q.grouped}
	for _, e := range p.taken {
		if p.opt.Lease <= 0 {
			op.giveBack(e)
			continue
		}
		op.add(e)
		if e.keep != inMemory && b.scarce() {
			b.dropBody(e)
		}
	}
	if !q.grouped {
		op.submit()
	}
	q.finishPull(p)
	return true
}

// recordPull makes a grouped queue's leases durable before they are answered.
func (q *Queue) recordPull(ctx context.Context, p *pull) error {
	if len(p.taken) == 0 || !q.grouped {
		return nil
	}
	w := newWaiter()
	op := &recordOp{q: q, durable: true, confirm: w}
	q.mu.Lock()
	for _, e := range p.taken {
		op.add(e)
	}
	op.submit()
	q.mu.Unlock()
	o, err := w.wait(ctx)
	if err != nil {
		q.Unreceive(p.got)
		return err
	}
	return o.Err
}

// Unreceive gives back what Receive returned, as if never delivered: nobody has
// seen it.
func (q *Queue) Unreceive(ds []Delivery) {
	var rs []Receipt
	for _, d := range ds {
		rs = append(rs, d.Receipt)
	}
	if len(rs) == 0 {
		return
	}
	var dirty []Flusher
	q.mu.Lock()
	op := &recordOp{q: q}
	for _, r := range rs {
		if e, leased := q.settleable(r); e != nil && leased {
			e.deliveries--
			op.giveBack(e)
		}
	}
	q.invalidateAttempts(rs)
	op.submit()
	q.dispatch(&dirty)
	q.mu.Unlock()
	flushAll(&dirty)
}

// finishPull ends a pull with what it has. Lock held.
func (q *Queue) finishPull(p *pull) {
	if p.over {
		return
	}
	p.over = true
	if p.at != nil {
		q.pulls.remove(p.at)
		p.at = nil
	}
	close(p.done)
}

func (q *Queue) endPull(p *pull) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.finishPull(p)
	q.used()
	q.rearm()
}

// servePulls serves the first waiting pull that can be. Lock held.
func (q *Queue) servePulls() bool {
	for n := q.pulls.first; n != nil; {
		next := n.next
		if q.serve(n.p) {
			return true
		}
		if !n.p.reader.skips(q.st) {
			return false
		}
		n = next
	}
	return false
}

// ExtendLease makes a pull lease end d from now; 0 makes the message visible.
// Stale: the lease is over. NotFound: the message is gone. Invalid: it would
// last over 12 hours in all.
func (q *Queue) ExtendLease(r Receipt, d time.Duration) error {
	var dirty []Flusher
	defer flushAll(&dirty)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return errf(NotFound, "no queue %q", q.name)
	}
	e, leased := q.settleable(r)
	switch {
	case e == nil:
		return q.over(r)
	case !leased:
		return errf(Stale, "the delivery is over")
	}
	now := q.ns.b.Now()
	if now+d.Milliseconds() > e.leased+longestLease.Milliseconds() {
		return errf(Invalid, "total visibility timeout over %v", longestLease)
	}
	op := &recordOp{q: q}
	if d <= 0 {
		op.giveBack(e)
	} else {
		q.st.setDeadline(e, now+d.Milliseconds())
		op.add(e)
	}
	q.invalidateAttempts([]Receipt{r})
	op.submit()
	q.dispatch(&dirty)
	return nil
}

// expireLeases puts back what was held too long. Lock held.
func (q *Queue) expireLeases(now int64) {
	op := &recordOp{q: q}
	for len(q.st.deadlines) > 0 && q.st.deadlines[0].deadline <= now {
		op.giveBack(q.st.deadlines[0])
	}
	op.submit()
}

// attempt is what a ReceiveRequestAttemptId got, for five minutes.
type attempt struct {
	receipts []Receipt
	until    int64
}

const attemptLife = 5 * time.Minute

func (q *Queue) noteAttempt(p *pull) {
	now := q.ns.b.Now()
	for id, a := range q.attempts {
		if a.until <= now {
			delete(q.attempts, id)
		}
	}
	t := q.forTakers()
	if t.attempts == nil {
		t.attempts = map[string]*attempt{}
	}
	a := &attempt{until: now + attemptLife.Milliseconds()}
	for _, d := range p.got {
		a.receipts = append(a.receipts, d.Receipt)
	}
	t.attempts[p.opt.AttemptID] = a
}

// replayAttempt gives the same deliveries again and starts their leases anew.
func (q *Queue) replayAttempt(o ReceiveOptions) []Delivery {
	a, now := q.attempts[o.AttemptID], q.ns.b.Now()
	if a == nil || a.until <= now {
		return nil
	}
	op := &recordOp{q: q}
	var ds []Delivery
	for _, r := range a.receipts {
		e, leased := q.settleable(r)
		if e == nil || !leased || e.msg == nil {
			return nil
		}
		q.st.setDeadline(e, now+o.Lease.Milliseconds())
		op.add(e)
		ds = append(ds, q.delivery(e))
	}
	op.submit()
	return ds
}

// invalidateAttempts ends attempts of which a message was settled or changed.
func (q *Queue) invalidateAttempts(rs []Receipt) {
	for id, a := range q.attempts {
		if slices.ContainsFunc(a.receipts, func(r Receipt) bool { return slices.Contains(rs, r) }) {
			delete(q.attempts, id)
		}
	}
}

// pullQueue is the waiting pulls in order of arrival.
type pullQueue struct {
	first, last *pullNode
	n           int
}

type pullNode struct {
	p          *pull
	prev, next *pullNode
}

func (l *pullQueue) len() int { return l.n }

func (l *pullQueue) push(p *pull) *pullNode {
	n := &pullNode{p: p, prev: l.last}
	if l.last != nil {
		l.last.next = n
	} else {
		l.first = n
	}
	l.last = n
	l.n++
	return n
}

func (l *pullQueue) remove(n *pullNode) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		l.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		l.last = n.prev
	}
	l.n--
}
