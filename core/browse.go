package core

import "slices"

// browseStep is how many entries one read of Browse brings.
const browseStep = 100

// Browse calls f for the ready messages in order from the head, without
// taking them, until f returns false. What comes, goes or expires meanwhile
// may or may not be seen; nothing is seen twice.
func (q *Queue) Browse(f func(Delivery) bool) error {
	q.mu.Lock()
	inc := q.head.inc
	var waiting []*entry
	q.st.each(func(e *entry) { waiting = append(waiting, e) })
	type deep struct {
		num  uint8
		from uint64
		tail uint64
		more bool
	}
	var lanes []deep
	for _, l := range q.st.lanes {
		lanes = append(lanes, deep{l.num, l.horizon, l.tail, l.deep > 0})
	}
	q.mu.Unlock()
	slices.SortFunc(waiting, byPos)
	for _, l := range lanes {
		i, _ := findEntry(waiting, pos{l.num, 0})
		j, _ := findEntry(waiting, pos{l.num + 1, 0})
		if l.num == laneHighest {
			j = len(waiting)
		}
		b := browse{q: q, inc: inc, lane: l.num, from: l.from, tail: l.tail, more: l.more, waiting: waiting[i:j]}
		if goOn, err := b.run(f); err != nil || !goOn {
			return err
		}
	}
	return nil
}

func byPos(a, b *entry) int {
	switch {
	case a.pos == b.pos:
		return 0
	case a.before(b.pos):
		return -1
	}
	return 1
}

// browse is Browse of one lane: what waits in memory merged with the store.
type browse struct {
	q       *Queue
	inc     uint64
	lane    uint8
	from    uint64
	tail    uint64
	more    bool
	waiting []*entry
}

func (b *browse) run(f func(Delivery) bool) (goOn bool, err error) {
	for b.more {
		found, to, whole, err := b.q.scanLane(b.inc, pos{b.lane, b.from}, b.tail, &loadRoom{n: browseStep, bytes: 1 << 20})
		if err != nil {
			return false, err
		}
		b.from, b.more = to, !whole
		for _, e := range found {
			if !b.upTo(e.seq, f) {
				return false, nil
			}
			if !b.q.isHole(e.pos) && !f(b.q.delivery(e)) {
				return false, nil
			}
		}
	}
	return b.upTo(^uint64(0), f), nil
}

// upTo shows what waits in memory before a sequence.
func (b *browse) upTo(seq uint64, f func(Delivery) bool) bool {
	for len(b.waiting) > 0 && b.waiting[0].seq < seq {
		d, ok := b.q.glance(b.waiting[0])
		b.waiting = b.waiting[1:]
		if ok && !f(d) {
			return false
		}
	}
	return true
}

func (q *Queue) isHole(p pos) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, hole := q.st.holes[p]
	return hole
}

// glance is an entry's delivery without taking it; its message is read if it
// is only in the store.
func (q *Queue) glance(e *entry) (Delivery, bool) {
	q.mu.Lock()
	d, held := q.delivery(e), q.st.leases[e.pos] != nil
	key, body := posKey(nil, e.keep.table(), e.inc, e.pos), e.body
	q.mu.Unlock()
	if held {
		return d, false
	}
	if d.Message == nil {
		m, err := q.ns.b.readMessage(key, body)
		if err != nil {
			return d, false // settled meanwhile
		}
		m.Deaths = e.deaths
		d.Message = m
	}
	return d, true
}
