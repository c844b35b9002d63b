package core

import (
	"context"
	"sync"
)

// A Publisher is the publishing side of one connection. Publish, Full, Wait,
// Flush and Close are for one goroutine.
type Publisher struct {
	ns      *Namespace // immutable
	limit   int        // immutable
	patient bool       // immutable
	leading bool       // immutable
	parks   bool       // owner goroutine only; it has parked something
	queued  bool       // guarded by Broker.parkMu; it is in Broker.parked

	dirty  []Flusher // owner goroutine only
	ahead  bool      // owner goroutine only: something may wait for Flush to be committed
	routes []route   // owner goroutine only: scratch

	takers, behind int     // owner goroutine only; sinks, and queues in memory, of the last publish
	laggard        Laggard // owner goroutine only; one of those that are behind

	mu     sync.Mutex
	parked []*publishOp  // guarded by mu, in order
	bytes  int           // guarded by mu
	freed  chan struct{} // guarded by mu; closed when bytes fall under limit, nil when nobody waits
	closed bool          // guarded by mu; what is parked counts as left behind
}

// NewPublisher makes the publishing side of one connection. limit is the
// bytes it may park before Full; 0: the default.
func (ns *Namespace) NewPublisher(limit int) *Publisher {
	if limit <= 0 {
		limit = ns.b.limits.ParkedBytes
	}
	return &Publisher{ns: ns, limit: limit}
}

// Patient makes it a publisher whose client waits rather than being refused, and
// returns it: what the disk has no room for is parked too, and nothing is
// dropped. Call it before the first Publish.
func (p *Publisher) Patient() *Publisher { p.patient = true; return p }

// Leading makes it a publisher for a goroutine that has nothing to do but wait
// for its confirmations, which calls Flush before it does, and returns it: what
// is to be confirmed may wait for that Flush and goes as one group then. Where
// nobody is committing Flush does so itself and takes the time of a sync; no
// lock may be held that a Confirm or a Flusher takes. It is nothing for who reads
// a connection: a disk that stalls would keep it from its pings and its
// acknowledgements. Call it before the first Publish.
func (p *Publisher) Leading() *Publisher { p.leading = true; return p }

// waits says that what is published now must park.
func (p *Publisher) waits() bool {
	b := p.ns.b
	return b.overBudget() || p.patient && !b.store.Room()
}

// Publish routes pub and hands it to its targets. What can be seen at once
// (too large, no space, no such queue, draining) is returned and the Confirm
// is not called; all else goes to the Confirm. Over the memory budget the
// publication is parked in order and admitted when the committer has caught
// up, or, if it is transient and nobody asks, dropped and counted. See Patient.
func (p *Publisher) Publish(pub *Publication) error {
	if pub.Retain || pub.RetainOnly {
		p.ns.retained.entering.RLock()
		defer p.ns.retained.entering.RUnlock()
	}
	op, err := p.ns.prepare(pub, p)
	if op == nil {
		return err
	}
	b := p.ns.b
	p.mu.Lock()
	over := len(p.parked) > 0 || p.waits()
	park := over && (p.patient || !op.droppable())
	if park {
		p.parks = true
		p.parked = append(p.parked, op)
		p.bytes += op.size
		p.ns.retained.park(p, op)
		b.park(p)
		// The committer may have caught up before it could see this; one more
		// group makes it look again.
		b.committer.submit(&change{}, Local, 0)
	}
	p.mu.Unlock()
	switch {
	case !over:
		ahead := p.leading && op.asked()
		p.ahead = p.ahead || ahead
		op.spare = true
		return b.admit(op, ahead)
	case !park:
		op.withdraw()
		b.counters.dropped.Add(1)
	}
	return nil
}

func (p *Publisher) confirmed(pub *Publication, o Outcome) {
	if pub.Confirm != nil && pub.Confirm.Confirmed(pub.Token, o) {
		p.dirty = append(p.dirty, pub.Confirm)
	}
}

// Full says that the parked bytes are over the limit: take no more publishes
// until Wait returns. What is parked waits for the committer, which needs no
// client's help to catch up, so that waiting cannot deadlock; that of a Patient
// one may wait for room on the disk, which its own acknowledgements may have to
// make: settle what came of those first.
func (p *Publisher) Full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes >= p.limit
}

// Parked is how many bytes are parked.
func (p *Publisher) Parked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// Wait returns when Publisher is no longer Full.
func (p *Publisher) Wait(ctx context.Context) error {
	p.mu.Lock()
	if p.bytes < p.limit {
		p.mu.Unlock()
		return nil
	}
	if p.freed == nil {
		p.freed = make(chan struct{})
	}
	freed := p.freed
	p.mu.Unlock()
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Flush flushes every sink and receiver that Publish made dirty; call it when
// the connection's input is drained.
func (p *Publisher) Flush() {
	for i, f := range p.dirty {
		f.Flush()
		p.dirty[i] = nil
	}
	p.dirty = p.dirty[:0]
	if p.ahead {
		p.ahead = false
		p.ns.b.committer.lead(p.ns.b)
	}
}

// Close flushes. What is parked is still published, unless what others left parked
// is a quarter of the memory already: then it is dropped and counted, and its
// Confirm told NoSpace. Nothing had confirmed it, and clients that come, wait and go
// again must not fill the memory. What left a mark in its session stays: its client
// may not send it again.
func (p *Publisher) Close() {
	p.Flush()
	b := p.ns.b
	p.mu.Lock()
	var gone []*publishOp
	if !p.closed {
		p.closed = true
		if b.left.Add(int64(p.bytes)) > b.limits.MemoryBytes/4 {
			gone = p.giveUp()
		}
	}
	p.mu.Unlock()
	for _, op := range gone {
		op.withdraw()
		b.counters.dropped.Add(1)
		if c := op.pub.Confirm; c != nil && c.Confirmed(op.pub.Token, Outcome{Err: errf(NoSpace, "too much is parked already")}) {
			c.Flush()
		}
	}
}

// giveUp takes out what is parked without a mark. Lock held; the publisher is closed.
func (p *Publisher) giveUp() (gone []*publishOp) {
	kept := p.parked[:0]
	for _, op := range p.parked {
		if op.pub.Mark != nil {
			kept = append(kept, op)
			continue
		}
		gone = append(gone, op)
		p.bytes -= op.size
		p.ns.retained.unpark(p, op)
		p.ns.b.left.Add(-int64(op.size))
	}
	clear(p.parked[len(kept):])
	p.parked = kept
	return gone
}

// unpark admits parked publications while there is budget, and reports
// whether some are left. Called by who commits.
func (p *Publisher) unpark(b *Broker) (left bool) {
	var dirty []Flusher
	defer flushAll(&dirty)
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.parked) > 0 && !p.waits() {
		op := p.parked[0]
		p.parked[0] = nil
		p.parked = p.parked[1:]
		p.bytes -= op.size
		if p.closed {
			b.left.Add(-int64(op.size))
		}
		err := b.admit(op, false)
		p.ns.retained.unpark(p, op)
		if c := op.pub.Confirm; err != nil && c != nil && c.Confirmed(op.pub.Token, Outcome{Err: err}) {
			dirty = append(dirty, c)
		}
	}
	if p.freed != nil && p.bytes < p.limit {
		close(p.freed)
		p.freed = nil
	}
	return len(p.parked) > 0
}

// Publish publishes one message and waits for its outcome: for HTTP. A
// cancelled ctx stops the waiting, not the publish, nor a sync that it does itself
// (Publisher.Leading).
func (ns *Namespace) Publish(ctx context.Context, pub *Publication) (Outcome, error) {
	s := ns.b.singles.Get().(*single)
	pub.Confirm, pub.Token = s.w, 0
	s.p.ns = ns
	if err := s.p.Publish(pub); err != nil {
		return Outcome{}, err
	}
	s.p.Flush()
	o, err := s.w.wait(ctx)
	if err == nil && !s.p.parks { // else the committer may be at it still
		ns.b.singles.Put(s)
	} else {
		s.p.Close()
	}
	if err != nil {
		return Outcome{}, err
	}
	return o, o.Err
}

// single is what Namespace.Publish needs for one message. It is used again once
// the outcome has come, after which nobody else knows of it.
type single struct {
	p Publisher
	w waiter
}

func (b *Broker) newSingle() any {
	return &single{p: Publisher{limit: 1, leading: true}, w: newWaiter()}
}

// waiter is a Confirm that one goroutine waits for.
type waiter chan Outcome

func newWaiter() waiter { return make(waiter, 1) }

func (w waiter) Confirmed(_ uint64, o Outcome) bool { w <- o; return false }
func (w waiter) Flush()                             {}

// wait asks for ctx's end only if it has to: to a door that is work.
func (w waiter) wait(ctx context.Context) (Outcome, error) {
	select {
	case o := <-w:
		return o, nil
	default:
	}
	select {
	case o := <-w:
		return o, nil
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}
