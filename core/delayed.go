package core

import (
	"bytes"
	"container/heap"
	"maps"
)

// delayed is what may not be delivered yet, by due time: the nearest in
// memory, the rest in table d. Guarded by the queue's lock.
type delayed struct {
	near    dueHeap
	n       int64           // all, in memory or not
	horizon int64           // what is stored and due from here on is not in memory; 0: all is
	tail    uint64          // one past the last held: what is stored from there on will be held yet
	going   map[uint64]bool // sequences on their way to the order, still stored
	loading bool            // the loader was asked for what comes from horizon on
	missed  int64           // earliest due of what was left to the store while loading; 0: none
}

// count is how many there are, in memory or not.
func (d *delayed) count() int64 {
	if d == nil {
		return 0
	}
	return d.n
}

// soon are those in memory.
func (d *delayed) soon() []*entry {
	if d == nil {
		return nil
	}
	return d.near
}

// hold keeps an entry until it is due. Lock held.
func (q *Queue) hold(e *entry) {
	if q.delayed == nil {
		q.delayed = &delayed{}
	}
	d := q.delayed
	d.n++
	d.tail = e.seq + 1
	far := d.horizon != 0 && e.due >= d.horizon || len(d.near) >= q.ns.b.limits.WindowMessages
	if far && e.keep != inMemory {
		if d.horizon == 0 || e.due < d.horizon {
			d.horizon = e.due
			d.evictFrom(e.due)
		}
		if d.missed == 0 || e.due < d.missed {
			d.missed = e.due
		}
		q.rearm()
		return
	}
	if e.keep != inMemory {
		e.dropBody() // read again when it is due
	} else {
		q.ns.b.charge(e)
	}
	heap.Push(&d.near, e)
	q.rearm()
}

// evictFrom drops from memory what is stored and due from at on.
func (d *delayed) evictFrom(at int64) {
	kept := d.near[:0]
	for _, e := range d.near {
		if e.due < at || e.keep == inMemory {
			kept = append(kept, e)
		}
	}
	clear(d.near[len(kept):])
	d.near = kept
	heap.Init(&d.near)
}

// nextDue is when the next delayed entry is due, 0 for none.
func (d *delayed) nextDue() int64 {
	switch {
	case d == nil:
	case len(d.near) > 0 && (d.horizon == 0 || d.near[0].due < d.horizon):
		return d.near[0].due
	case d.horizon != 0 && !d.loading:
		return d.horizon
	}
	return 0
}

// dueBytes is how much of what is due one step moves, since each may be written anew.
const dueBytes = 1 << 20

// releaseDue moves what is due into the queue's order: each gets a new
// sequence, in one atomic step, so that it is never behind a cursor. Lock held.
func (q *Queue) releaseDue(now int64) {
	d := q.delayed
	if d == nil {
		return
	}
	for len(d.near) > 0 && d.near[0].due <= now {
		op := &dueOp{q: q}
		for size := 0; len(d.near) > 0 && d.near[0].due <= now && size < dueBytes; {
			e := heap.Pop(&d.near).(*entry)
			if d.going == nil {
				d.going = map[uint64]bool{}
			}
			d.going[e.seq] = true
			op.entries, op.seqs = append(op.entries, e), append(op.seqs, e.seq)
			size += e.size
		}
		q.pending++
		q.ns.b.committer.submit(op, Lazy, 0)
	}
	if d.horizon != 0 && d.horizon <= now && !d.loading {
		d.loading = true
		q.want().due = true
		q.askLoader()
	}
}

// loadDelayed brings the next delayed entries into memory.
func (q *Queue) loadDelayed(inc uint64) error {
	q.mu.Lock()
	d := q.delayed
	if d == nil || q.head.inc != inc {
		q.mu.Unlock()
		return nil
	}
	d.missed = 0
	from, tail, going := d.horizon, d.tail, maps.Clone(d.going)
	q.mu.Unlock()
	var found []*entry
	horizon := int64(0)
	limit := q.ns.b.limits.WindowMessages
	lo := delayKey(nil, inc, from, 0)
	err := q.ns.b.store.Scan(lo, prefixEnd(numKey(tabDelay, inc)), false, func(key, val []byte) bool {
		due, seq := keyDelay(key)
		if seq >= tail || going[seq] {
			return true
		}
		if len(found) >= limit && due > found[len(found)-1].due {
			horizon = due
			return false
		}
		e, _, err := decodeEntry(bytes.Clone(val))
		if err != nil {
			q.ns.b.log.Error("a delayed message in the store cannot be read; passing over it", "queue", q.name, "seq", seq, "error", err)
			return true
		}
		e.inc, e.due, e.seq = inc, due, seq
		found = append(found, e)
		return true
	})
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		return err
	}
	if q.head.inc != inc || q.deleted {
		return nil
	}
	d.loading = false
	if d.horizon != from {
		return nil
	}
	if d.missed != 0 && (horizon == 0 || d.missed < horizon) {
		horizon = d.missed
	}
	d.horizon = horizon
	for _, e := range found {
		if horizon == 0 || e.due < horizon {
			heap.Push(&d.near, e)
		}
	}
	q.releaseDue(q.ns.b.Now())
	return nil
}

// dueOp moves entries from table d to table m.
type dueOp struct {
	q       *Queue
	entries []*entry
	seqs    []uint64 // their sequences while delayed
	again   []*entry // that come once more (again.go)
}

func (op *dueOp) stage(g *staging) {
	q := op.q
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range op.entries {
		if q.deleted || e.inc != q.head.inc {
			continue
		}
		if e.keep != inMemory {
			op.move(g, e)
			op.repeat(g, e, inStore)
			continue
		}
		op.repeat(g, e, inMemory)
		var encoded []byte
		if len(op.entries) > 1 || q.pending > 1 || !q.st.holds(e.lane, e.size) || q.ns.b.overMemory() {
			e.keep, encoded = inSpill, appendMessage(nil, e.msg) // it must not stand before what is only in the store
		}
		e.due = 0
		q.stageEntry(g, e, false, encoded)
	}
}

// move rewrites one stored entry under its new place; the value stays.
func (op *dueOp) move(g *staging, e *entry) {
	q := op.q
	g.key = delayKey(g.key[:0], e.inc, e.due, e.seq)
	ok, err := q.ns.b.store.Get(g.key, func(val []byte) error {
		g.val = append(g.val[:0], val...)
		stored, encoded, err := decodeEntry(bytes.Clone(val))
		if err != nil {
			return err
		}
		e.lane, e.msg, err = q.laneOf(stored, encoded)
		return err
	})
	if err != nil || !ok {
		q.ns.b.log.Error("a delayed message in the store cannot be read; passing over it", "queue", q.name, "error", err)
		e.inc = 0
		return
	}
	g.batch.Delete(g.key)
	q.head.delayed--
	e.seq = q.head.seq
	q.head.seq++
	q.count(e, 1)
	g.key = posKey(g.key[:0], tabEntry, e.inc, e.pos)
	g.batch.Set(g.key, g.val)
	if e.expires != 0 {
		g.batch.Set(expiryKey(nil, e.inc, e.expires, e.pos), nil)
	}
	g.touch(q)
}

// laneOf reads the message for its priority, which the delayed key lacks.
func (q *Queue) laneOf(e *entry, encoded []byte) (lane uint8, m *Message, err error) {
	if e.body.id != 0 {
		m, err = q.ns.b.readBody(e.body)
	} else {
		m, err = decodeMessage(encoded)
	}
	if err != nil {
		return 0, nil, err
	}
	m.Deaths = e.deaths
	return q.lane(m), m, nil
}

func (op *dueOp) applied(g *staging) {
	q := op.q
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending--
	for i, e := range op.entries {
		q.ns.b.uncharge(e)
		if q.deleted || e.inc != q.head.inc {
			continue
		}
		delete(q.delayed.going, op.seqs[i])
		q.delayed.n--
		e.due = 0
		q.arrive(e)
		g.wake(q)
	}
	for _, e := range op.again {
		if !q.deleted && e.inc == q.head.inc {
			q.hold(e)
		}
	}
}

type dueHeap []*entry

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return h[i].due < h[j].due || h[i].due == h[j].due && h[i].seq < h[j].seq
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(*entry)) }
func (h *dueHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
