package core

import (
	"sync"
	"time"
)

// The committer is the only goroutine that changes the store. It swaps the
// pending slice, stages every operation into one batch, applies it once, and
// then lets each operation take effect in memory and tells who waits. There
// is one group in flight and no artificial delay; the only timer makes lazy
// groups durable after lazyInterval.
type committer struct {
	store Store
	clock Clock
	fatal func(error)

	mu      sync.Mutex
	pending []item        // guarded by mu
	first   []operation   // guarded by mu; for the beginning of the next group
	bytes   int64         // guarded by mu; charged by pending items, those in the group under way too
	closed  bool          // guarded by mu
	wake    chan struct{} // capacity 1
	done    chan struct{} // closed when the goroutine has ended
	drained func()        // called after each group, without locks; set before start

	groups, synced uint64 // guarded by mu: counters
	last           []item // committer goroutine only: the slice to swap with
	lazyAt         int64  // committer goroutine only: ms when lazy work became outstanding, 0 for none
}

// An operation is one thing that happens atomically. stage writes its effects
// into the group's batch; applied lets it take effect in memory once the
// batch is as durable as asked. Both run on the committer's goroutine.
type operation interface {
	stage(g *staging)
	applied(g *staging)
}

type item struct {
	op         operation
	durability Durability
	bytes      int64
}

// staging is one group being built.
type staging struct {
	b       *Broker
	batch   Batch
	now     int64
	staged  int       // operations of the group before the one that stages; those that submitFirst has do not count
	touched []*Queue  // whose heads are to be written; each once
	ready   []*Queue  // which got entries and are to be dispatched; each once
	dirty   []Flusher // to be flushed at the end
	key     []byte    // scratch
	val     []byte    // scratch
}

const (
	groupBytes   = 4 << 20
	lazyInterval = 10 * time.Millisecond
)

func newCommitter(store Store, clock Clock, fatal func(error)) *committer {
	return &committer{store: store, clock: clock, fatal: fatal, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// submit queues an operation. It never waits. After close it reports false
// and the operation will not happen.
func (c *committer) submit(op operation, d Durability, bytes int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.pending = append(c.pending, item{op, d, int64(bytes)})
	c.bytes += int64(bytes)
	if len(c.pending) == 1 {
		c.signal()
	}
	return true
}

// submitFirst is submit of something that depends on nothing pending and begins
// the next group, however much is pending. Nobody confirms it: it is Lazy.
func (c *committer) submitFirst(op operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.first = append(c.first, op)
	c.signal()
}

func (c *committer) takeFirst() []operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.first
	c.first = nil
	return first
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// backlog is the bytes of what is not yet applied.
func (c *committer) backlog() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// run is the committer's goroutine; it ends when close was called and all
// that was pending is durable, or with the first error of the store.
func (c *committer) run(b *Broker) {
	defer close(c.done)
	var stopTimer func() bool
	for {
		<-c.wake
		if stopTimer != nil {
			stopTimer()
			stopTimer = nil
		}
		if err := c.drain(b); err != nil {
			c.mu.Lock()
			c.closed = true
			c.mu.Unlock()
			c.fatal(err)
			return
		}
		c.mu.Lock()
		stop := c.closed && len(c.pending)+len(c.first) == 0
		c.mu.Unlock()
		if stop {
			return
		}
		if c.lazyAt != 0 {
			wait := max(0, c.lazyAt+lazyInterval.Milliseconds()-c.clock.Now().UnixMilli())
			stopTimer = c.clock.AfterFunc(time.Duration(wait)*time.Millisecond, c.signal)
		}
	}
}

// drain applies everything pending, and what is lazy if its time has come.
func (c *committer) drain(b *Broker) error {
	for {
		c.mu.Lock()
		items := c.pending
		c.pending = c.last[:0]
		closed, first := c.closed, len(c.first)
		c.mu.Unlock()
		if len(items)+first == 0 {
			c.last = items
			now := c.clock.Now().UnixMilli()
			if c.lazyAt != 0 && (closed || now >= c.lazyAt+lazyInterval.Milliseconds()) {
				c.lazyAt = 0
				return c.apply(c.store.NewBatch(), Durable)
			}
			return nil
		}
		for rest := items; ; {
			n, err := c.commit(b, rest)
			if err != nil {
				return err
			}
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
		clear(items)
		c.last = items
	}
}

// commit stages as many items as fit one group, applies them and lets them
// take effect.
func (c *committer) commit(b *Broker, items []item) (n int, err error) {
	g := &staging{b: b, batch: c.store.NewBatch(), now: b.Now()}
	empty := g.batch.Len() // a store may count a header
	d, bytes := Local, int64(0)
	first := c.takeFirst()
	for _, op := range first {
		op.stage(g)
		d = Lazy
	}
	for n < len(items) && (n == 0 || g.batch.Len() < groupBytes) {
		it := &items[n]
		it.op.stage(g)
		d = max(d, it.durability)
		bytes += it.bytes
		n++
		g.staged = n
	}
	for _, q := range g.touched {
		q.writeHead(g)
	}
	if c.lazyAt != 0 && c.clock.Now().UnixMilli() >= c.lazyAt+lazyInterval.Milliseconds() {
		d = Durable
	}
	if g.batch.Len() == empty && d != Durable {
		g.batch.Close()
	} else if err := c.apply(g.batch, d); err != nil {
		return n, err
	}
	for _, op := range first {
		op.applied(g)
	}
	for i := range items[:n] {
		items[i].op.applied(g)
	}
	for _, q := range g.ready {
		q.staged = false
		q.dispatchNow(&g.dirty)
	}
	c.mu.Lock()
	c.bytes -= bytes
	c.mu.Unlock()
	for _, f := range g.dirty {
		f.Flush()
	}
	if c.drained != nil {
		c.drained()
	}
	return n, nil
}

func (c *committer) apply(batch Batch, d Durability) error {
	if err := c.store.Apply(batch, d); err != nil {
		return err
	}
	c.mu.Lock()
	c.groups++
	if d == Durable {
		c.synced++
	}
	c.mu.Unlock()
	switch {
	case d == Durable:
		c.lazyAt = 0
	case d == Lazy && c.lazyAt == 0:
		c.lazyAt = c.clock.Now().UnixMilli()
	}
	return nil
}

// close lets what is pending finish and makes it durable. It may be called
// once; later submits are refused.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
	<-c.done
}

// touch has the queue's head written with this group. Queue lock held.
func (g *staging) touch(q *Queue) {
	if !q.touched && q.durable {
		q.touched = true
		g.touched = append(g.touched, q)
	}
}

// wake has the queue dispatched after this group.
func (g *staging) wake(q *Queue) {
	if !q.staged {
		q.staged = true
		g.ready = append(g.ready, q)
	}
}

func (g *staging) confirm(c Confirm, token uint64, o Outcome) {
	if c != nil && c.Confirmed(token, o) {
		g.dirty = append(g.dirty, c)
	}
}

// change is an operation made of two functions, for what is rare.
type change struct {
	write func(g *staging)
	then  func(g *staging)
}

func (c *change) stage(g *staging) {
	if c.write != nil {
		c.write(g)
	}
}

func (c *change) applied(g *staging) {
	if c.then != nil {
		c.then(g)
	}
}
