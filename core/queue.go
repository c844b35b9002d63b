package core

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A Queue is the thin shell around qstate: it adds the lock, the clock, the
// store and the consumers. Lock order: doc.go.
type Queue struct {
	ns      *Namespace // immutable
	name    string     // immutable
	id      uint64     // immutable
	created int64      // immutable
	hidden  bool       // immutable
	durable bool       // immutable
	grouped bool       // immutable
	ordered bool       // immutable; priorities count for nothing
	gate    bool       // immutable; decides for all targets of a publish
	highest uint8      // immutable; MaxPriority, 255 without

	touched, staged bool // who commits only

	session *Session // immutable; whose backlog it is

	mu       sync.Mutex
	opt      *QueueOptions // guarded by mu; those in force, shared and so never changed in place; Durable, Grouped and Owner are immutable
	declared *QueueOptions // guarded by mu; as they were declared, where a policy changed opt
	policy   *policy       // guarded by mu; nil: none
	modified int64         // guarded by mu
	head     queueHead     // guarded by mu; what the store's head record says
	st       *qstate       // guarded by mu
	delayed  *delayed      // guarded by mu; nil: nothing is
	pending  int32         // guarded by mu; publishes submitted and not yet applied
	leaving  int32         // guarded by mu; stored entries taken out for good, their removal not yet staged
	coming   int64         // guarded by mu; entries staged and not yet applied
	comingB  int64         // guarded by mu; the bytes of their bodies
	spilled  bool          // guarded by mu; table n has had entries of this incarnation
	deleted  bool          // guarded by mu
	loading  bool          // guarded by mu; queued at or running in the loader

	fanIn atomic.Int32 // bindings that target it

	*takers           // guarded by mu; nobody until forTakers
	refused *refusals // guarded by mu; nil: none yet
	sticky  *sticky   // guarded by mu; nil: groups are nobody's
	timer   *timer    // guarded by mu; nil: never set
	usedAt  int64     // guarded by mu; for Expires

	dedup *dedup // who commits only
}

// Name is the queue's own name, in no protocol's spelling.
func (q *Queue) Name() string { return q.name }

// Namespace is where it lives.
func (q *Queue) Namespace() *Namespace { return q.ns }

// Hidden says that it is not listed unless asked for by name.
func (q *Queue) Hidden() bool { return q.hidden }

// CreatedAt is when it was declared, in ms.
func (q *Queue) CreatedAt() int64 { return q.created }

// ModifiedAt is when its options last changed, in ms.
func (q *Queue) ModifiedAt() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.modified
}

// Tag is one of the queue's tags.
func (q *Queue) Tag(name string) (value string, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	value, ok = q.opt.Tags[name]
	return value, ok
}

// Attribute is one of the dialect's own words about the queue.
func (q *Queue) Attribute(name string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.opt.Attributes[name]
}

// Exclusive says that the queue is of one connection or session alone.
func (q *Queue) Exclusive() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.opt.Owner != ""
}

// Grouped says that the queue orders by group and deduplicates.
func (q *Queue) Grouped() bool { return q.grouped }

// Options is the options as declared and updated; its maps are shared, not to be
// changed. What a policy makes of them is Effective.
func (q *Queue) Options() QueueOptions {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.asDeclared()
}

func (o QueueOptions) clone() QueueOptions {
	o.Attributes = maps.Clone(o.Attributes)
	o.Tags = maps.Clone(o.Tags)
	return o
}

// QueueCounts are exact, across restarts too.
type QueueCounts struct {
	Ready, InFlight, Delayed int64
	Bytes, InFlightBytes     int64 // the bodies of what is ready, and of what is in flight
	Consumers                int
}

// Counts is a snapshot.
func (q *Queue) Counts() QueueCounts {
	q.mu.Lock()
	defer q.mu.Unlock()
	return QueueCounts{
		Ready: q.st.ready, InFlight: int64(len(q.st.leases)), Delayed: q.delayed.count(),
		Bytes: q.st.readyBytes, InFlightBytes: q.st.leasedBytes, Consumers: len(q.consumers),
	}
}

// newQueue makes the shell with an empty state.
func newQueue(ns *Namespace, name string, id uint64, o QueueOptions) *Queue {
	q := &Queue{
		ns: ns, name: name, id: id, opt: ns.b.options.share(o), hidden: o.Hidden, durable: o.Durable, grouped: o.Grouped, ordered: o.Ordered,
		gate: o.Gate,
		st:   newQState(ns.b.windowLimits(o.Grouped), o.Grouped), takers: nobody,
	}
	if q.highest = o.MaxPriority; q.highest == 0 {
		q.highest = laneHighest
	}
	if o.Sticky {
		q.sticky = &sticky{}
	}
	q.head.inc, q.head.seq = id, 1
	return q
}

// expiresAt is when a waiting entry ends for the queue, 0 for never, and
// whether it is then dead-lettered.
func (q *Queue) expiresAt(e *entry) (at int64, dead bool) {
	if q.opt.Begun && e.deliveries > 0 {
		return 0, false
	}
	at, dead = e.expires, true
	if ttl := q.opt.MessageTTL; ttl != 0 {
		if t := e.enqueued + max(0, ttl.Milliseconds()); at == 0 || t < at {
			at = t
		}
	}
	if keep := q.opt.Retention; keep > 0 {
		if t := e.sent + keep.Milliseconds(); at == 0 || t < at {
			at, dead = t, false
		}
	}
	return at, dead
}
