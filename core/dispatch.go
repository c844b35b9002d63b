package core

// dispatchBytes bounds what is handed out before a flush, which is when a door
// sees that a connection's output is full. What is left goes on by the loader.
const dispatchBytes = 1 << 20

// dispatch hands out what can be handed out: to push consumers by priority,
// in turn among equals, and to waiting pulls, in turn with them. Lock held;
// the caller flushes dirty once it has let go of the lock.
func (q *Queue) dispatch(dirty *[]Flusher) {
	if q.deleted {
		return
	}
	before := q.st.ready
	if q.handOut(dirty) {
		q.shed() // what nobody was waiting for
	}
	if q.st.ready < before {
		q.caughtUp()
	}
	q.rearm()
}

// handOut hands out what it may at once, and reports whether that was all that
// somebody wants. Lock held.
func (q *Queue) handOut(dirty *[]Flusher) bool {
	before := q.st.taken
	for q.st.ready > 0 && q.dispatchOne(dirty) {
		if q.st.taken-before > dispatchBytes {
			q.askLoader()
			return false
		}
	}
	return true
}

func (q *Queue) dispatchNow(dirty *[]Flusher) {
	q.mu.Lock()
	q.dispatch(dirty)
	q.mu.Unlock()
}

func (q *Queue) dispatchOne(dirty *[]Flusher) bool {
	n := len(q.consumers)
	if q.pulls.len() > 0 && q.turn%(n+1) == n {
		if q.servePulls() {
			q.turn++
			return true
		}
	}
	for lo := 0; lo < n; {
		hi := lo + 1
		for hi < n && q.consumers[hi].opt.Priority == q.consumers[lo].opt.Priority {
			hi++
		}
		for k := range hi - lo {
			c := q.consumers[lo+(q.turn+k)%(hi-lo)]
			if !c.wants() {
				continue
			}
			if e := q.pick(c.reader); e != nil {
				q.turn += k + 1
				c.deliver(e, dirty)
				return true
			}
			if c.reader == plain {
				break // what it cannot have, its equals cannot either
			}
		}
		lo = hi
	}
	return q.pulls.len() > 0 && q.servePulls()
}

// pick takes the reader's next entry out of the queue; nil if there is none
// now, with the loader asked for what only the store has. What is found
// expired or delivered too often goes its own way. Lock held.
func (q *Queue) pick(r *reader) *entry {
	for {
		e, l, v := q.st.next(r)
		switch v {
		case nothing:
			return nil
		case needBody:
			q.want().addBody(e)
			q.askLoader()
			return nil
		case needLoad:
			q.want().addLane(l.num)
			q.askLoader()
			return nil
		case needScan:
			q.want().addScan(r, l.num)
			q.askLoader()
			return nil
		}
		q.st.take(e)
		q.loadAhead(e.lane)
		if q.ends(e, true) {
			continue
		}
		return e
	}
}

// loadAhead has a lane's window filled before it is empty, or every thousandth
// message would wait for the store. Lock held.
func (q *Queue) loadAhead(num uint8) {
	if q.loading || !q.st.runsLow(num) || q.ns.b.scarce() {
		return
	}
	q.want().addLane(num)
	q.askLoader()
}

// ends removes a taken entry that must not be delivered any more, and
// reports whether it did. wanted says that somebody would take it now. Lock
// held.
func (q *Queue) ends(e *entry, wanted bool) bool {
	if at, dead := q.expiresAt(e); at != 0 && at <= q.ns.b.Now() && !(wanted && e.fleeting(at)) {
		q.ns.b.counters.expired.Add(1)
		q.finish(e, dead, Expired)
		return true
	}
	if q.exhausted(e) {
		q.bury(e, DeliveryLimit)
		return true
	}
	return false
}

// fleeting says whether an entry had no time to live at all when it came, which
// means: for whoever waits for it, else for nobody.
func (e *entry) fleeting(at int64) bool {
	const slack = 10 // ms between the door's reading of the clock and ours
	return at <= e.enqueued && e.deliveries == 0 && (e.msg.ExpiresAt == 0 || e.msg.ExpiresAt+slack >= e.msg.PublishedAt)
}

// exhausted says whether an entry was delivered as often as it may be. Lock held.
func (q *Queue) exhausted(e *entry) bool {
	limit := q.opt.MaxDeliveries
	return limit > 0 && e.deliveries >= limit && !e.undead
}

// finish drops a taken entry, or dead-letters it. Lock held.
func (q *Queue) finish(e *entry, dead bool, why DeathReason) {
	if dead {
		q.bury(e, why)
		return
	}
	op := &settleOp{q: q}
	op.entries = op.few[:0]
	op.gone(e)
	op.submit()
}

// shed drops from the head what is over the queue's limits. Lock held.
func (q *Queue) shed() {
	o := q.opt
	for o.Overflow == DropHead && q.st.ready > 0 && (o.MaxLength != 0 && q.st.ready > o.MaxLength || o.MaxBytes != 0 && q.st.readyBytes > o.MaxBytes) {
		e := q.pick(plain)
		if e == nil {
			return // the loader brings the head, and arrives here again
		}
		q.bury(e, MaxLength)
	}
}
