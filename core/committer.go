package core

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// The committer is all that changes the store. It swaps the pending slice,
// stages every operation into one batch, applies it once, and then lets each
// operation take effect in memory and tells who waits. There is one group in
// flight and no artificial delay; the only timer makes lazy groups durable
// after lazyInterval.
//
// Where more is to be synced when a group is on the disk, that is staged and on its
// way there first, and the group takes effect while the disk is waited for. So an
// operation may be staged before those of the group before it were applied, as it
// always may before those of its own group.
//
// A group is committed by the committer's goroutine or, where nothing is under
// way and little is pending, by a publisher that would only wait for it (lead):
// handing a message to another goroutine and its confirmation back costs a good
// part of what a sync takes.
type committer struct {
	store Store
	clock Clock
	fatal func(error)

	mu      sync.Mutex
	pending []item        // guarded by mu
	durable bool          // guarded by mu: some of pending is Durable
	first   []operation   // guarded by mu; for the beginning of the next group
	bytes   atomic.Int64  // charged by pending items, those in the group under way too
	closed  bool          // guarded by mu
	broken  bool          // guarded by mu: the store failed
	busy    bool          // guarded by mu: somebody commits, who looks for more before he clears it
	called  bool          // guarded by mu: the goroutine was woken and has not looked yet
	wake    chan struct{} // capacity 1
	done    chan struct{} // closed when the goroutine has ended
	drained func()        // called after each group, without locks; set before start

	groups, synced uint64 // guarded by mu: counters

	// Who is busy only:
	spare  [][]item  // slices to swap with
	before *batchful // on the disk, and still to take effect
	lazyAt int64     // ms when lazy work became outstanding, 0 for none
}

// An operation is one thing that happens atomically. stage writes its effects
// into the group's batch; applied lets it take effect in memory once the
// batch is as durable as asked. Both run on whose goroutine commits.
type operation interface {
	stage(g *staging)
	applied(g *staging)
}

type item struct {
	op         operation
	durability Durability
	bytes      int64
}

// A batchful is what was committed as one group.
type batchful struct {
	staging
	first []operation
	items []item
	taken []item // the slice that items are the end of, to be used again
	bytes int64  // charged by items
}

// staging is a group being built.
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
	leadItems    = 32 // pending: more wait for nobody who leads
	lazyInterval = 10 * time.Millisecond
)

func newCommitter(store Store, clock Clock, fatal func(error)) *committer {
	return &committer{store: store, clock: clock, fatal: fatal, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// submit queues an operation. It never waits. After close it reports false
// and the operation will not happen.
func (c *committer) submit(op operation, d Durability, bytes int) bool {
	return c.enqueue(item{op, d, int64(bytes)}, true)
}

// submitAhead is submit by somebody who calls lead before he waits for anything:
// until then what he has gathers, unless it is much or somebody else submits.
func (c *committer) submitAhead(op operation, d Durability, bytes int) bool {
	return c.enqueue(item{op, d, int64(bytes)}, false)
}

func (c *committer) enqueue(it item, wake bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.pending = append(c.pending, it)
	c.durable = c.durable || it.durability == Durable
	c.bytes.Add(it.bytes)
	if wake || len(c.pending) > leadItems {
		c.call()
	}
	return true
}

// call has the goroutine look, unless somebody will anyway. Lock held.
func (c *committer) call() {
	if !c.busy && !c.called {
		c.called = true
		c.signal()
	}
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
	c.call()
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
func (c *committer) backlog() int64 { return c.bytes.Load() }

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
		if !c.enter() {
			if c.hasFailed() {
				return
			}
			continue // who is busy calls again, if there is a reason to
		}
		lazyAt, stop, err := c.drain(b)
		if err != nil {
			c.fail(err)
			return
		}
		if stop {
			return
		}
		if lazyAt != 0 {
			wait := max(0, lazyAt+lazyInterval.Milliseconds()-c.clock.Now().UnixMilli())
			stopTimer = c.clock.AfterFunc(time.Duration(wait)*time.Millisecond, c.signal)
		}
	}
}

// enter has the caller commit, unless somebody does.
func (c *committer) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.called = false
	if c.busy {
		return false
	}
	c.busy = true
	return true
}

// fail is for who is busy, and stays so: nobody commits any more.
func (c *committer) fail(err error) {
	c.mu.Lock()
	c.closed, c.broken = true, true
	c.mu.Unlock()
	c.fatal(err)
	c.signal()
}

func (c *committer) hasFailed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// drain applies everything pending, and what is lazy if its time has come. It
// returns when lazy work became outstanding, and whether this is the end.
func (c *committer) drain(b *Broker) (lazyAt int64, stop bool, err error) {
	for {
		items, more := c.take()
		switch {
		case more:
			if err := c.commitAll(b, items); err != nil {
				return 0, false, err
			}
			continue
		case c.lazyDue():
			c.lazyAt = 0
			if err := c.apply(c.store.NewBatch(), Durable); err != nil {
				return 0, false, err
			}
			continue
		}
		c.mu.Lock()
		lazyAt = c.lazyAt
		if len(c.pending)+len(c.first) == 0 && !(c.closed && lazyAt != 0) {
			c.busy, stop = false, c.closed
			c.mu.Unlock()
			return lazyAt, stop, nil
		}
		c.mu.Unlock()
	}
}

// take swaps the pending slice, for who is busy, if there is anything to commit.
func (c *committer) take() (items []item, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending)+len(c.first) == 0 {
		return nil, false
	}
	items, c.pending, c.durable = c.pending, nil, false
	if n := len(c.spare); n > 0 {
		c.pending, c.spare = c.spare[n-1], c.spare[:n-1]
	}
	return items, true
}

// moreToSync says whether the disk is to be waited for again at once.
func (c *committer) moreToSync() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.durable
}

// lazyDue says that what is lazy must wait no longer.
func (c *committer) lazyDue() bool {
	if c.lazyAt == 0 {
		return false
	}
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	return closed || c.clock.Now().UnixMilli() >= c.lazyAt+lazyInterval.Milliseconds()
}

// commitAll commits items, the last of which may be left to take effect until the
// next group is on its way, or settle is called.
func (c *committer) commitAll(b *Broker, items []item) error {
	for rest := items; ; {
		gr, err := c.commit(b, rest)
		if err != nil {
			return err
		}
		if rest = rest[len(gr.items):]; len(rest) == 0 {
			gr.taken = items
			break
		}
	}
	if !c.moreToSync() {
		c.settle()
	}
	return nil
}

// lead commits what is pending, once, on the goroutine of somebody who came with
// submitAhead and has no lock. Where somebody commits already, or where it is
// more than about one group, it leaves that to the goroutine.
func (c *committer) lead(b *Broker) {
	if !c.takeLead() {
		return
	}
	defer func() {
		if r := recover(); r != nil { // whoever called may recover, with half a group done
			c.fail(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	if items, more := c.take(); more {
		if err := c.commitAll(b, items); err != nil {
			c.fail(err)
			return
		}
	}
	c.settle()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	if len(c.pending)+len(c.first) > 0 || c.closed || c.lazyAt != 0 {
		c.call()
	}
}

func (c *committer) takeLead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy || len(c.pending) == 0 {
		return false
	}
	if len(c.pending) > leadItems || c.bytes.Load() > groupBytes {
		c.call()
		return false
	}
	c.busy = true
	return true
}

// commit stages as many items as fit one group and applies them. They take effect
// with the next one's commit, or with settle.
func (c *committer) commit(b *Broker, items []item) (*batchful, error) {
	g := &batchful{staging: staging{b: b, batch: c.store.NewBatch(), now: b.Now()}}
	empty := g.batch.Len() // a store may count a header
	d := c.stage(g, items, empty)
	if g.batch.Len() == empty && d != Durable {
		g.batch.Close()
		c.settle()
	} else if err := c.apply(g.batch, d); err != nil {
		return nil, err
	}
	c.before = g
	return g, nil
}

// stage stages what fits, and returns how durable it must be.
func (c *committer) stage(g *batchful, items []item, empty int) Durability {
	d := Local
	g.first = c.takeFirst()
	for _, op := range g.first {
		op.stage(&g.staging)
		d = Lazy
	}
	for g.staged < len(items) && (g.staged == 0 || g.batch.Len() < groupBytes) {
		it := &items[g.staged]
		it.op.stage(&g.staging)
		d = max(d, it.durability)
		g.bytes += it.bytes
		g.staged++
	}
	g.items = items[:g.staged]
	for _, q := range g.touched {
		q.writeHead(&g.staging)
	}
	if c.lazyAt != 0 && c.clock.Now().UnixMilli() >= c.lazyAt+lazyInterval.Milliseconds() {
		d = Durable
	}
	return d
}

// settle lets the group before take effect, if it has not.
func (c *committer) settle() {
	g := c.before
	if g == nil {
		return
	}
	c.before = nil
	for _, op := range g.first {
		op.applied(&g.staging)
	}
	for i := range g.items {
		g.items[i].op.applied(&g.staging)
	}
	for _, q := range g.ready {
		q.staged = false
		q.dispatchNow(&g.dirty)
	}
	c.bytes.Add(-g.bytes)
	g.flush()
	if c.drained != nil {
		c.drained()
	}
	clear(g.items)
	if g.taken != nil {
		c.spare = append(c.spare, g.taken[:0])
	}
}

// apply applies a batch and lets the group before take effect meanwhile.
func (c *committer) apply(batch Batch, d Durability) error {
	if err := c.applyBeside(batch, d); err != nil {
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

func (c *committer) applyBeside(batch Batch, d Durability) error {
	if o, ok := c.store.(Overlapping); ok && c.before != nil {
		return o.ApplyBeside(batch, d, c.settle)
	}
	c.settle()
	return c.store.Apply(batch, d)
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

// fewDirty is how many Flushers may write on the committer's time.
const fewDirty = 2

func (g *staging) flush() {
	for _, f := range g.dirty {
		if p, ok := f.(Prompt); ok && len(g.dirty) <= fewDirty {
			p.FlushNow()
			continue
		}
		f.Flush()
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
