package core

import "context"

// Purge removes everything, in flight and delayed included; durable when it
// returns. Receipts from before are Stale.
func (q *Queue) Purge() error {
	_, _, err := q.purge(func() bool { return true })
	return err
}

// purge is Purge if the queue may be when its turn comes. n is how many were
// ready. may is called with the lock held.
func (q *Queue) purge(may func() bool) (n int64, done bool, err error) {
	w := newWaiter()
	b := q.ns.b
	var old uint64
	sweep := false
	ok := b.committer.submit(&change{
		write: func(g *staging) {
			q.mu.Lock()
			defer q.mu.Unlock()
			if q.deleted || !may() {
				return
			}
			n, done = q.st.ready, true
			old = q.head.inc
			seq, number := q.head.seq, q.head.number
			q.head = queueHead{inc: b.newID(), seq: seq, number: number}
			q.drop()
			q.rearm()
			if q.durable {
				g.batch.Set(numKey(tabSweep, old), nil)
				g.touch(q)
			}
			sweep = q.durable || q.spilled
			q.spilled = false
		},
		then: func(g *staging) {
			if sweep {
				b.sweeper.add(old)
			}
			g.confirm(w, 0, Outcome{})
		},
	}, Durable, 0)
	if !ok {
		return 0, false, errf(Closed, "the broker is shutting down")
	}
	_, err = w.wait(context.Background())
	return n, done, err
}

// PurgeReady removes what is ready, and leaves what is in flight or delayed
// (AMQP's queue.purge). It returns how many went; durable when it returns.
func (q *Queue) PurgeReady() (n int64, err error) {
	n, done, err := q.purge(func() bool {
		return len(q.st.leases)+int(q.leaving) == 0 && q.delayed.count() == 0 && q.coming == 0
	})
	if done || err != nil {
		return n, err
	}
	if n, err = q.purgeWaiting(); err != nil {
		return n, err
	}
	return n, q.ns.b.wait(Durable, nil)
}

// purgeWaiting removes one by one what waits before the place that the next
// message gets.
func (q *Queue) purgeWaiting() (n int64, err error) {
	q.mu.Lock()
	inc, end := q.head.inc, q.head.seq
	lanes := make([]uint8, 0, len(q.st.lanes))
	for _, l := range q.st.lanes {
		lanes = append(lanes, l.num)
	}
	n = q.purgeMemory(end)
	q.mu.Unlock()
	for _, num := range lanes {
		removed, err := q.purgeDeep(inc, num, end)
		n += removed
		if err != nil {
			return n, err
		}
	}
	q.mu.Lock()
	n += q.purgeMemory(end) // what came forward meanwhile
	q.rearm()
	q.mu.Unlock()
	return n, nil
}

// purgeMemory removes what waits in memory. Lock held.
func (q *Queue) purgeMemory(end uint64) (n int64) {
	op := &settleOp{q: q}
	q.st.each(func(e *entry) {
		if e.seq < end {
			op.entries = append(op.entries, e)
		}
	})
	going := op.entries
	op.entries = nil
	for _, e := range going {
		q.st.take(e)
		op.gone(e)
	}
	op.submit()
	return int64(len(going))
}

// purgeDeep removes what only the store has of a lane.
func (q *Queue) purgeDeep(inc uint64, num uint8, end uint64) (n int64, err error) {
	q.mu.Lock()
	st, l := q.st, q.st.lane(num)
	from := l.horizon
	end = min(end, l.tail) // what the store has from there on is still to be appended
	st.scanning()
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		st.scanned()
		q.mu.Unlock()
	}()
	for {
		found, to, whole, err := q.scanLane(inc, pos{num, from}, end, &loadRoom{n: scanStep, light: true})
		if err != nil {
			return n, err
		}
		q.mu.Lock()
		if q.head.inc != inc || q.deleted {
			q.mu.Unlock()
			return n, nil
		}
		op := &settleOp{q: q}
		for _, e := range found {
			if q.st.takeable(e) {
				q.st.takeDeep(e)
				op.gone(e)
				n++
			}
		}
		op.submit()
		q.mu.Unlock()
		if from = to; whole {
			return n, nil
		}
	}
}
