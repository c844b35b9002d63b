package core

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core/match"
)

// A Namespace is one space of queue names and one topic tree: an AMQP vhost,
// an AWS account and region.
type Namespace struct {
	b    *Broker // immutable
	name string  // immutable
	id   uint64  // immutable

	gone   atomic.Bool // set with mu held: it is being deleted, and nothing is defined in it any more
	erased atomic.Bool // nothing of it is stored any more

	attributes atomic.Pointer[map[string]string] // nil: none

	mu        sync.RWMutex
	tree      *match.Tree[*Binding]          // guarded by mu
	queues    map[string]*Queue              // guarded by mu
	policies  map[string]*policy             // guarded by mu; by name
	topics    map[string]*Topic              // guarded by mu
	exchanges map[string]*Exchange           // guarded by mu
	bindings  map[string]*Binding            // guarded by mu, by key
	sessions  map[string]*Session            // guarded by mu, by id
	byQueue   map[*Queue]map[string]*Binding // guarded by mu
	byName    lateBounds                     // guarded by mu
	replays   map[string]*replay             // guarded by mu, by the key of their binding
	quotas    Quotas                         // guarded by mu; what it holds is never changed
	marked    bool                           // guarded by mu; the store is to say that it is being deleted

	connections int64 // guarded by mu; those that entered
	counted     int64 // guarded by mu; the queues that MaxQueues is about

	created  queueWatch
	retained parkedRetained
}

func cmpString(a, b string) int { return cmp.Compare(a, b) }

// Name is the namespace's name; "" for the default one.
func (ns *Namespace) Name() string { return ns.name }

// Broker is whose it is.
func (ns *Namespace) Broker() *Broker { return ns.b }

// Namespace finds or creates a namespace by name ("" is the default one). Invalid: the
// name; InUse: one of that name is still being deleted.
func (b *Broker) Namespace(name string) (*Namespace, error) {
	b.mu.RLock()
	ns := b.namespaces[name]
	b.mu.RUnlock()
	if ns != nil && !ns.gone.Load() {
		return ns, nil
	}
	if len(name) > maxName || strings.Contains(name, "\x00") {
		return nil, errf(Invalid, "the name of a namespace has at most %d bytes, none of them 0", maxName)
	}
	b.mu.Lock()
	ns = b.namespaces[name]
	if ns != nil && ns.gone.Load() {
		b.mu.Unlock()
		return nil, errf(InUse, "namespace %q is being deleted", name)
	}
	if ns == nil {
		ns = newNamespace(b, name, b.newID())
		b.namespaces[name] = ns
	}
	// Written under the lock: what others define in it comes after.
	w := newWaiter()
	b.submitOr(&change{write: ns.stage, then: func(g *staging) { g.confirm(w, 0, Outcome{}) }}, Durable, w, 0)
	b.mu.Unlock()
	o, err := w.wait(context.Background())
	return ns, errors.Join(err, o.Err)
}

// Attributes are a bridge's own words; not to be changed.
func (ns *Namespace) Attributes() map[string]string {
	if all := ns.attributes.Load(); all != nil {
		return *all
	}
	return nil
}

// Describe sets them; durable when it returns.
func (ns *Namespace) Describe(attributes map[string]string) error {
	ns.attributes.Store(&attributes)
	return ns.b.wait(Durable, ns.stage)
}

func newNamespace(b *Broker, name string, id uint64) *Namespace {
	ns := &Namespace{
		b: b, name: name, id: id, tree: match.NewTree[*Binding](), queues: map[string]*Queue{}, topics: map[string]*Topic{}, policies: map[string]*policy{},
		bindings: map[string]*Binding{}, sessions: map[string]*Session{}, byQueue: map[*Queue]map[string]*Binding{}, byName: lateBounds{},
		replays: map[string]*replay{},
	}
	ns.exchanges = builtinExchanges(ns)
	return ns
}

// maxName bounds names of queues, in bytes.
const maxName = 512

// DeclareQueue creates the queue, or returns the one there is: with an Exists
// error if the same dialect declared it with other options, as it is if
// another dialect did. Durable ones are on stable storage when it returns.
// Invalid: the name; OverLimit: too many queues, or the
// namespace's quota is reached, with a Field.
func (ns *Namespace) DeclareQueue(name string, o QueueOptions) (q *Queue, created bool, err error) {
	return ns.declare(name, o, (*Queue).save)
}

// count has MaxQueues count a queue, or no more. A session's counts while it has
// bindings. Lock held.
func (ns *Namespace) count(q *Queue, n int64) {
	if q.session != nil || q.gate {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.opt.Uncounted {
		ns.counted += n
	}
}

func (ns *Namespace) countSession(q *Queue, n int64) {
	if q.session != nil {
		ns.counted += n
	}
}

// DeclareQueueLater is DeclareQueue that does not wait: what is submitted after
// it is not durable before it.
func (ns *Namespace) DeclareQueueLater(name string, o QueueOptions) (q *Queue, created bool, err error) {
	return ns.declare(name, o, func(q *Queue) error {
		write, err := q.saving()
		if write != nil && err == nil {
			ns.b.committer.submit(&change{write: write}, Lazy, 0)
		}
		return err
	})
}

func (ns *Namespace) declare(name string, o QueueOptions, save func(*Queue) error) (q *Queue, created bool, err error) {
	if name == "" || len(name) > maxName {
		return nil, false, errf(Invalid, "a queue name has 1 to %d bytes", maxName)
	}
	ns.mu.Lock()
	if q := ns.queues[name]; q != nil {
		ns.mu.Unlock()
		q.Touch()
		return q, false, q.equivalent(o)
	}
	if err := ns.defined(); err != nil {
		ns.mu.Unlock()
		return nil, false, err
	}
	if len(ns.queues) >= ns.b.limits.Queues {
		ns.mu.Unlock()
		return nil, false, errf(OverLimit, "%d queues, the limit is %d", len(ns.queues), ns.b.limits.Queues)
	}
	if err := ns.roomForQueue(); err != nil && !o.Uncounted && !o.Gate {
		ns.mu.Unlock()
		return nil, false, err
	}
	q = newQueue(ns, name, ns.b.newID(), o.clone())
	q.created = ns.b.Now()
	q.modified, q.usedAt = q.created, q.created
	q.setPolicy(ns.policyFor("queues", name))
	ns.queues[name] = q
	ns.count(q, 1)
	ns.mu.Unlock()
	q.mu.Lock()
	q.rearm()
	q.mu.Unlock()
	err = save(q)
	ns.created.tell(q)
	return q, true, err
}

// equivalent compares what a dialect declares again.
func (q *Queue) equivalent(o QueueOptions) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.opt.Owner != "" && q.opt.Owner != o.Owner {
		return errf(Locked, "queue %q is exclusive to another connection", q.name)
	}
	if q.opt.Dialect != o.Dialect {
		return nil
	}
	have, want := reflect.ValueOf(*q.asDeclared()), reflect.ValueOf(o)
	for i := range have.NumField() {
		f := have.Type().Field(i).Name
		if f == "Tags" || f == "Attributes" && len(q.opt.Attributes)+len(o.Attributes) == 0 {
			continue
		}
		if !reflect.DeepEqual(have.Field(i).Interface(), want.Field(i).Interface()) {
			err := errf(Exists, "queue %q exists with another %s", q.name, f)
			err.Field = f
			return err
		}
	}
	return nil
}

// Queue finds a queue by name.
func (ns *Namespace) Queue(name string) (*Queue, bool) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	q, ok := ns.queues[name]
	return q, ok
}

// Queues lists those whose name has the prefix, ordered by name; hidden ones
// only if asked for.
func (ns *Namespace) Queues(prefix string, hidden bool) []*Queue {
	ns.mu.RLock()
	list := make([]*Queue, 0, len(ns.queues))
	for name, q := range ns.queues {
		if strings.HasPrefix(name, prefix) && (hidden || !q.hidden) {
			list = append(list, q)
		}
	}
	ns.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Queue) int { return cmp.Compare(a.name, b.name) })
	return list
}

// DeleteQueue removes it with everything in it, its bindings included.
// Durable when it returns. NotFound: there is none.
func (ns *Namespace) DeleteQueue(name string) error {
	_, err := ns.DeleteQueueIf(name, false, false)
	return err
}

// DeleteQueueLater is DeleteQueue that does not wait.
func (ns *Namespace) DeleteQueueLater(name string) {
	if q, ok := ns.Queue(name); ok {
		ns.remove(q, nil)
	}
}

// DeleteQueueIf is DeleteQueue that fails with InUse if ifUnused is asked and it
// has a consumer, with NotEmpty if ifEmpty is asked and it has a ready message,
// in one step with looking. n is how many ready messages went with it.
func (ns *Namespace) DeleteQueueIf(name string, ifUnused, ifEmpty bool) (n int64, err error) {
	ns.mu.RLock()
	q := ns.queues[name]
	ns.mu.RUnlock()
	if q == nil {
		return 0, errf(NotFound, "no queue %q", name)
	}
	w := newWaiter()
	err = ns.removeIf(q, w, func() error {
		n = q.st.ready
		switch {
		case ifUnused && len(q.consumers)+q.pulls.len() > 0:
			return errf(InUse, "queue %q is in use", name)
		case ifEmpty && n+q.coming > 0:
			return errf(NotEmpty, "queue %q is not empty", name)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	o, err := w.wait(context.Background())
	return n, errors.Join(err, o.Err)
}

// deleteLater deletes a queue from under its own lock, if it is not in use by
// then.
func (ns *Namespace) deleteLater(q *Queue) {
	ns.b.committer.submit(&change{then: func(g *staging) {
		q.mu.Lock()
		idle := len(q.consumers) == 0 && q.pulls.len() == 0
		q.mu.Unlock()
		if idle {
			ns.remove(q, nil)
		}
	}}, Local, 0)
}

// remove takes the queue out of memory and has the store follow. It reports
// false if somebody else did.
func (ns *Namespace) remove(q *Queue, confirm Confirm) bool {
	return ns.removeIf(q, confirm, func() error { return nil }) == nil
}

// may is called with both locks held and says why not.
func (ns *Namespace) removeIf(q *Queue, confirm Confirm, may func() error) error {
	ns.mu.Lock()
	if ns.queues[q.name] != q {
		ns.mu.Unlock()
		return errf(NotFound, "no queue %q", q.name)
	}
	q.mu.Lock()
	err := may()
	q.deleted = q.deleted || err == nil // nobody begins to use it now
	deduped := q.opt.Dedup != DedupOff
	q.mu.Unlock()
	if err != nil {
		ns.mu.Unlock()
		return err
	}
	delete(ns.queues, q.name)
	ns.count(q, -1)
	keys := slices.Collect(maps.Keys(ns.byQueue[q]))
	var gone removal
	for _, key := range keys {
		ns.takeBinding(key, &gone)
	}
	ns.mu.Unlock()
	inc, spilled := q.close()
	durable, d := q.durable, Local
	if durable || gone.stored {
		d = Durable
	}
	ns.b.submitOr(&change{
		write: func(g *staging) {
			if gone.stored {
				ns.stageGone(g, &gone)
			}
			if !durable {
				return
			}
			if next, ok := ns.Queue(q.name); (!ok || !next.durable) && !ns.erased.Load() {
				g.batch.Delete(defKey('q', ns.name, q.name)) // else the next of that name has written over it, or will
			}
			g.batch.Delete(numKey(tabHead, q.id))
			if deduped || q.dedup != nil { // else there is nothing
				g.batch.DeleteRange(numKey(tabDedup, q.id), prefixEnd(numKey(tabDedup, q.id)))
			}
			g.batch.Set(numKey(tabSweep, inc), nil)
		},
		then: func(g *staging) {
			if durable || spilled {
				ns.b.sweeper.add(inc)
			}
			g.confirm(confirm, 0, Outcome{})
		},
	}, d, confirm, 0)
	return nil
}

// close ends everything that uses the queue.
func (q *Queue) close() (inc uint64, spilled bool) {
	var dirty []Flusher
	q.mu.Lock()
	q.deleted = true
	gone := errf(NotFound, "queue %q was deleted", q.name)
	for len(q.consumers) > 0 {
		c := q.consumers[0]
		c.leave()
		if c.opt.Receiver.Cancelled(c, gone) {
			dirty = append(dirty, c.opt.Receiver)
		}
	}
	for q.pulls.first != nil {
		q.finishPull(q.pulls.first.p)
	}
	q.drop()
	for c := range q.passive {
		c.leave()
	}
	q.rearm()
	inc, spilled = q.head.inc, q.spilled
	q.mu.Unlock()
	flushAll(&dirty)
	return inc, spilled
}

// drop forgets everything in the queue. Lock held.
func (q *Queue) drop() {
	b := q.ns.b
	q.st.each(b.uncharge)
	for _, e := range q.st.leases {
		b.uncharge(e)
	}
	for _, e := range q.delayed.soon() {
		b.uncharge(e)
	}
	q.st = newQState(b.windowLimits(q.grouped), q.grouped)
	q.delayed = nil
	if t := q.takers; t != nobody {
		t.wants, t.pulled = nil, holder{}
		t.attempts, t.skippers, t.fair = nil, nil, fairness{}
	}
	for _, c := range q.consumers {
		c.lost()
	}
	for c := range q.passive {
		c.lost()
	}
}

// lost takes from the consumer what the queue dropped. Queue lock held.
func (c *Consumer) lost() {
	c.purged += c.held.n
	c.held = holder{}
	c.bytes = 0
	if c.reader != plain {
		c.reader.restart()
	}
}

// Update changes options of an existing queue, durable when it returns.
// Invalid: Durable, Grouped, Ordered, Gate, Owner and Dialect cannot change.
func (q *Queue) Update(f func(*QueueOptions) error) error {
	var dirty []Flusher
	q.mu.Lock()
	o := q.asDeclared().clone()
	err := f(&o)
	if err == nil && (o.Durable != q.durable || o.Grouped != q.grouped || o.Ordered != q.ordered || o.Hidden != q.hidden || o.Gate != q.gate || o.Owner != q.opt.Owner || o.Dialect != q.opt.Dialect) {
		err = errf(Invalid, "a queue's durability, grouping, order, owner and dialect cannot change")
	}
	if err != nil {
		q.mu.Unlock()
		return err
	}
	q.opt, q.declared, q.modified = q.ns.b.options.share(o), nil, q.ns.b.Now()
	q.setPolicy(q.policy)
	q.dispatch(&dirty)
	q.mu.Unlock()
	flushAll(&dirty)
	return q.save()
}
