package core

import (
	"slices"
)

// A Consumer is a push consumer of one queue. Its methods are safe for
// concurrent use.
type Consumer struct {
	q      *Queue          // immutable
	opt    ConsumerOptions // immutable
	reader *reader         // guarded by q.mu
	held   holder          // guarded by q.mu
	bytes  int             // guarded by q.mu; held and nowhere but in memory
	credit int             // guarded by q.mu
	purged int             // guarded by q.mu; deliveries that a purge took: settling them refunds still
	gone   bool            // guarded by q.mu
	passed bool            // guarded by q.mu; passive: it is pushed nothing
}

// unsettledBytes is how much that only memory has one consumer may hold.
const unsettledBytes = 16 << 20

// Consume adds a push consumer; deliveries may start before it returns.
// Locked: the queue is another's, or one of the two wants to be alone.
func (q *Queue) Consume(o ConsumerOptions) (*Consumer, error) {
	c := &Consumer{q: q, opt: o, credit: o.Credit, reader: plain}
	if o.Predicate != nil || q.sticky != nil {
		c.reader = &reader{predicate: o.Predicate}
	}
	var dirty []Flusher
	defer flushAll(&dirty)
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.deleted:
		return nil, errf(NotFound, "no queue %q", q.name)
	case q.opt.Owner != "" && q.opt.Owner != o.Owner:
		return nil, errf(Locked, "queue %q is exclusive to another connection", q.name)
	case len(q.consumers) > 0 && (o.Exclusive || q.consumers[0].opt.Exclusive):
		return nil, errf(Locked, "queue %q has an exclusive consumer", q.name)
	}
	i := 0
	for i < len(q.consumers) && q.consumers[i].opt.Priority >= o.Priority {
		i++
	}
	t := q.forTakers()
	t.consumers = slices.Insert(t.consumers, i, c)
	if t.active == nil {
		t.active = c
	}
	if t.sole == nil && o.Sole {
		t.sole = c
	}
	if q.sticky != nil {
		q.sticky.join(c)
	}
	q.used()
	q.dispatch(&dirty)
	return c, nil
}

// Queue is what it consumes.
func (c *Consumer) Queue() *Queue { return c.q }

// AddCredit lets n more deliveries be held.
func (c *Consumer) AddCredit(n int) { c.changeCredit(func() { c.credit += n }) }

// SetCredit lets n deliveries come from now on, whatever is held.
func (c *Consumer) SetCredit(n int) { c.changeCredit(func() { c.credit = n }) }

func (c *Consumer) changeCredit(f func()) {
	var dirty []Flusher
	c.q.mu.Lock()
	f()
	c.q.dispatch(&dirty)
	c.q.mu.Unlock()
	flushAll(&dirty)
}

// Cancel ends it and puts back what it holds, counted as delivered; what was
// delivered as often as it may be is dead-lettered. The Receiver is not called after it returns.
func (c *Consumer) Cancel() {
	q := c.q
	var dirty []Flusher
	defer flushAll(&dirty)
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.gone {
		return
	}
	c.leave()
	op := &recordOp{q: q}
	for c.held.head != nil {
		q.returned(c.held.head, op)
	}
	op.submit()
	q.used()
	if q.opt.AutoDelete && len(q.consumers) == 0 && !c.passed {
		q.ns.deleteLater(q)
	}
	q.dispatch(&dirty)
}

// leave takes the consumer off its queue. Lock held.
func (c *Consumer) leave() {
	c.gone = true
	if i := slices.Index(c.q.consumers, c); i >= 0 {
		c.q.consumers = slices.Delete(c.q.consumers, i, i+1)
	}
	delete(c.q.passive, c)
	if c.q.active == c {
		c.q.active = nil
		if len(c.q.consumers) > 0 {
			c.q.active = c.q.consumers[0]
		}
	}
	if c.q.sole == c {
		c.q.sole = nil
		if i := slices.IndexFunc(c.q.consumers, func(k *Consumer) bool { return k.opt.Sole }); i >= 0 {
			c.q.sole = c.q.consumers[i]
		}
	}
	if c.q.sticky != nil {
		c.q.sticky.leave(c)
	}
}

// Settle settles deliveries of this consumer; receipts that it does not hold
// are passed over. With change, the session's state changes in the same
// atomic group. confirm (may be nil) is told when all that is as durable as a
// settlement gets, within 10 ms, or, with change, on stable storage. refund
// gives one credit back for each.
func (c *Consumer) Settle(how Settlement, refund bool, rs []Receipt, s *Session, change *StateChange, confirm Confirm, token uint64) {
	var dirty []Flusher
	q := c.q
	q.mu.Lock()
	op := &settleOp{q: q, session: s, change: change, confirm: confirm, token: token}
	op.entries = op.few[:0]
	back := &recordOp{q: q}
	if change != nil {
		s.note(change)
	}
	for _, r := range rs {
		e := c.holds(r)
		if e == nil {
			if refund && c.wasPurged(r) {
				c.credit++
			}
			continue
		}
		if refund {
			c.credit++
		}
		c.settleOne(e, how, op, back)
	}
	back.submit()
	op.submit()
	q.dispatch(&dirty)
	q.mu.Unlock()
	flushAll(&dirty)
}

// holds finds the entry that a receipt names, if this consumer holds it. Lock
// held.
func (c *Consumer) holds(r Receipt) *entry {
	e := c.q.st.leases[pos{r.Lane, r.Seq}]
	if e == nil || e.holder != &c.held || e.inc != r.Incarnation || e.lease != r.Lease {
		return nil
	}
	return e
}

// wasPurged says whether the receipt is of a delivery that a purge took, once
// for each. Lock held.
func (c *Consumer) wasPurged(r Receipt) bool {
	if c.purged == 0 || r.Incarnation == c.q.head.inc {
		return false
	}
	c.purged--
	return true
}

// release takes an entry off the consumer's account. Lock held.
func (c *Consumer) release(e *entry) {
	if e.keep == inMemory {
		c.bytes -= e.size
	}
}

func (c *Consumer) settleOne(e *entry, how Settlement, op *settleOp, back *recordOp) {
	c.release(e)
	switch how {
	case Ack:
		op.remove(e)
	case Reject:
		c.q.st.end(e)
		c.q.bury(e, Rejected)
	case Release:
		e.deliveries--
		back.giveBack(e)
	default:
		c.q.returned(e, back)
	}
}

// returned puts back what a push consumer did not settle, or dead-letters it, if it
// was delivered as often as it may be: nobody may ever ask for it again. What a pull
// lets go of waits for the next one, as in SQS. Lock held.
func (q *Queue) returned(e *entry, back *recordOp) {
	if q.exhausted(e) {
		q.st.end(e)
		e.bound = nil
		q.bury(e, DeliveryLimit)
		return
	}
	back.giveBack(e)
}

// wants says whether the consumer can take one more. Lock held.
func (c *Consumer) wants() bool {
	return c.credit > 0 && c.bytes < unsettledBytes && (!c.q.opt.SingleActive || c.q.active == c) && (c.q.sole == nil || c.q.sole == c)
}

// deliver hands a taken entry to the consumer. Lock held.
func (c *Consumer) deliver(e *entry, dirty *[]Flusher) {
	q, b := c.q, c.q.ns.b
	c.credit--
	if q.sticky != nil {
		q.sticky.assign(e.group, c)
	}
	q.st.lease(e, &c.held, 0, b.Now())
	if c.opt.Receiver.Deliver(c, q.delivery(e)) {
		*dirty = append(*dirty, c.opt.Receiver)
	}
	c.took(e, c.opt.NoAck)
}

// took accounts for an entry that the consumer now has. Lock held.
func (c *Consumer) took(e *entry, noAck bool) {
	q, b := c.q, c.q.ns.b
	b.counters.delivered.Add(1)
	if noAck && e.keep == inMemory {
		q.st.end(e)
		q.letGo(e)
		return
	}
	if noAck {
		op := &settleOp{q: q}
		op.entries = op.few[:0]
		op.remove(e)
		op.submit()
		return
	}
	if e.keep == inMemory {
		c.bytes += e.size
	} else if b.scarce() {
		b.dropBody(e)
	}
}

func (q *Queue) delivery(e *entry) Delivery {
	return Delivery{
		Message: e.msg, Queue: q, Note: e.note, Deliveries: e.deliveries, EnqueuedAt: e.enqueued, FirstAt: e.first,
		Sequence: e.number, Deadline: e.deadline,
		Receipt: Receipt{Incarnation: e.inc, Seq: e.seq, Lane: e.lane, Lease: e.lease},
	}
}

func flushAll(dirty *[]Flusher) {
	for _, f := range *dirty {
		f.Flush()
	}
}
