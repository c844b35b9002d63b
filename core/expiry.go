package core

import "time"

// rearm sets the queue's timer to the next thing that time brings: a lease
// that ends, a delayed entry that is due, an expiry, disuse. Lock held.
func (q *Queue) rearm() {
	at := int64(0)
	sooner := func(t int64) {
		if t != 0 && (at == 0 || t < at) {
			at = t
		}
	}
	if len(q.st.deadlines) > 0 {
		sooner(q.st.deadlines[0].deadline)
	}
	sooner(q.delayed.nextDue())
	sooner(q.st.expiry)
	if q.opt.Expires > 0 && len(q.consumers) == 0 && q.pulls.len() == 0 {
		sooner(q.usedAt + q.opt.Expires.Milliseconds())
	}
	if q.deleted {
		at = 0
	}
	if q.timer == nil {
		if at == 0 {
			return
		}
		q.timer = q.ns.b.timers.new(q.onTimer)
	}
	q.timer.set(at)
}

// used marks the queue as in use, for Expires. Lock held.
func (q *Queue) used() { q.usedAt = q.ns.b.Now() }

// Touch marks the queue as in use, for QueueOptions.Expires: it is declared again, or
// somebody makes sure that it is there.
func (q *Queue) Touch() {
	q.mu.Lock()
	q.used()
	q.mu.Unlock()
}

// onTimer is called when the time that rearm set has come.
func (q *Queue) onTimer() {
	var dirty []Flusher
	q.mu.Lock()
	now := q.ns.b.Now()
	q.expireLeases(now)
	q.releaseDue(now)
	if q.st.expiry != 0 && q.st.expiry <= now {
		q.expireWaiting(now)
	}
	if q.opt.Expires > 0 && len(q.consumers) == 0 && q.pulls.len() == 0 && q.usedAt+q.opt.Expires.Milliseconds() <= now {
		q.ns.deleteLater(q)
	}
	q.dispatch(&dirty)
	q.mu.Unlock()
	flushAll(&dirty)
}

// expiryStep is the least time between two looks for expired entries.
const expiryStep = 100 * time.Millisecond

// noteExpiry remembers the earliest expiry of what is in the queue. Lock held.
func (q *Queue) noteExpiry(e *entry) {
	if at, _ := q.expiresAt(e); at != 0 && (q.st.expiry == 0 || at < q.st.expiry) {
		q.st.expiry = at
	}
}

// expireWaiting removes what has expired of the entries in memory, asks the
// loader for those that are not, and finds the next expiry. Lock held.
func (q *Queue) expireWaiting(now int64) {
	var over []*entry
	next := int64(0)
	q.st.each(func(e *entry) {
		at, _ := q.expiresAt(e)
		switch {
		case at == 0:
		case at <= now:
			over = append(over, e)
		case next == 0 || at < next:
			next = at
		}
	})
	for _, e := range over {
		q.st.take(e)
		q.ends(e, false)
	}
	if q.st.deepAny() {
		q.want().expiry = true // it finds the next one that only the store knows
		q.askLoader()
	}
	if next != 0 {
		next = max(next, now+expiryStep.Milliseconds())
	}
	q.st.expiry = next
}

// loadExpired removes expired entries that are only in the store: those with
// an expiry of their own by table e, and, by the queue's time to live or
// retention, those at the front.
func (q *Queue) loadExpired(inc uint64) error {
	now := q.ns.b.Now()
	var own []pos
	next := int64(0)
	err := q.ns.b.store.Scan(numKey(tabExpiry, inc), prefixEnd(numKey(tabExpiry, inc)), false, func(key, _ []byte) bool {
		at, p := keyExpiry(key)
		if at > now || len(own) >= scanStep {
			next = at
			return false
		}
		own = append(own, p)
		return true
	})
	if err != nil {
		return err
	}
	for _, p := range own {
		q.expireStored(inc, p)
	}
	if err := q.expireFront(inc); err != nil {
		return err
	}
	q.mu.Lock()
	if next != 0 && (q.st.expiry == 0 || next < q.st.expiry) {
		q.st.expiry = max(next, now+expiryStep.Milliseconds())
	}
	q.mu.Unlock()
	return nil
}

// expireStored removes one expired entry that is only in the store.
func (q *Queue) expireStored(inc uint64, p pos) {
	q.mu.Lock()
	l := q.st.lane(p.lane)
	_, hole := q.st.holes[p]
	elsewhere := q.head.inc != inc || q.deleted || hole || p.seq < l.horizon || p.seq >= l.tail
	q.mu.Unlock()
	if elsewhere {
		return // in memory, leased, going, or not yet come
	}
	var e *entry
	var err error
	for _, tab := range []byte{tabEntry, tabSpill} {
		if e == nil && err == nil {
			_, err = q.ns.b.store.Get(posKey(nil, tab, inc, p), func(val []byte) (err error) {
				e, err = q.decodeAt(tab, inc, p, val, true)
				return err
			})
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil || e == nil || q.head.inc != inc || !q.st.takeable(e) {
		return
	}
	q.st.takeDeep(e)
	q.ns.b.charge(e)
	if !q.ends(e, false) {
		q.st.putBack(e)
	}
}

// expireFront loads the front of each lane that is only in the store, as long
// as what it finds there has expired.
func (q *Queue) expireFront(inc uint64) error {
	q.mu.Lock()
	var lanes []uint8
	if q.opt.MessageTTL != 0 || q.opt.Retention > 0 {
		for _, l := range q.st.lanes {
			if l.deep > 0 && len(l.window) == 0 {
				lanes = append(lanes, l.num)
			}
		}
	}
	q.mu.Unlock()
	for _, num := range lanes {
		if err := q.loadLane(inc, num); err != nil {
			return err
		}
	}
	if len(lanes) > 0 {
		q.mu.Lock()
		q.expireWaiting(q.ns.b.Now())
		q.mu.Unlock()
	}
	return nil
}
