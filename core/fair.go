package core

import "maps"

// Fair queues (SQS, since July 2025; Amazon SQS Developer Guide, "fair queues"):
// in a queue that is not grouped a message's group id names its tenant. A tenant
// is noisy while it holds more than a tenth of what is in flight and at least
// noisyHeld messages; pulls then take the messages of the others first, those
// without a group id among them, and the noisy ones' when there are no others.
// AWS's second criterion, the share of processing time, is not here.
const (
	noisyHeld  = 30
	noisyShare = 10 // over 1/10 of what is in flight
	// quietEvery is how often, in ms, noisy tenants are looked at again. Each
	// change sends the cursors of fair readers back to the head.
	quietEvery = 1000
	// fairReturned is how many messages that came back a fair reader looks at
	// for a quiet tenant's before the order decides.
	fairReturned = 1000
)

// fairness is what a queue knows of its noisy tenants. Guarded by the queue's lock.
type fairness struct {
	noisy   map[string]bool // replaced, never changed: the loader reads it without the lock
	looked  int64           // ms; when the noisy were last looked at
	readers map[int]*reader // cursors that pass over the noisy, by their size limit
}

// noisyNow says whether the tenant is noisy.
func (s *qstate) noisyNow(tenant string) bool {
	n := s.tenants[tenant]
	return n >= noisyHeld && n*noisyShare > len(s.leases)
}

// tenant keeps count of what a tenant holds.
func (s *qstate) tenant(e *entry, change int) {
	if e.group == "" || s.grouped != nil {
		return
	}
	n := s.tenants[e.group] + change
	if n <= 0 {
		delete(s.tenants, e.group)
		return
	}
	if s.tenants == nil {
		s.tenants = map[string]int{}
	}
	s.tenants[e.group] = n
}

// pickFor takes the next entry for a pull, fairly. Lock held.
func (q *Queue) pickFor(r *reader) *entry {
	if len(q.fair.noisy) > 0 {
		if q.quiet(); len(q.fair.noisy) > 0 {
			if e := q.pick(q.fair.reader(r)); e != nil {
				return e
			}
		}
	}
	return q.pick(r)
}

// noteTenant looks whether a delivery made its tenant noisy. Lock held.
func (q *Queue) noteTenant(e *entry, now int64) {
	f := &q.forTakers().fair
	if e.group == "" || q.grouped || f.noisy[e.group] || !q.st.noisyNow(e.group) {
		return
	}
	noisy := maps.Clone(f.noisy)
	if noisy == nil {
		noisy, f.looked = map[string]bool{}, now
	}
	noisy[e.group] = true
	f.set(noisy)
}

// quiet lets go of tenants that are noisy no more. Lock held.
func (q *Queue) quiet() {
	f, now := &q.fair, q.ns.b.Now()
	if now < f.looked+quietEvery {
		return
	}
	f.looked = now
	noisy := map[string]bool{}
	for t := range f.noisy {
		if q.st.noisyNow(t) {
			noisy[t] = true
		}
	}
	if len(noisy) == len(f.noisy) {
		return
	}
	f.set(noisy)
	for _, r := range f.readers {
		r.restart()
	}
}

func (f *fairness) set(noisy map[string]bool) {
	f.noisy = noisy
	for _, r := range f.readers {
		r.avoid = noisy
	}
}

// reader is the cursor that passes over the noisy where r would not.
func (f *fairness) reader(r *reader) *reader {
	fair := f.readers[r.maxBytes]
	if fair == nil {
		fair = &reader{maxBytes: r.maxBytes, tooLarge: r.tooLarge, avoid: f.noisy}
		if f.readers == nil {
			f.readers = map[int]*reader{}
		}
		f.readers[r.maxBytes] = fair
	}
	return fair
}
