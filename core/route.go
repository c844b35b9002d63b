package core

import (
	"slices"
	"sync"

	"github.com/slipwaymq/slipway/core/match"
)

// route is one copy on its way: into a queue, or to a sink.
type route struct {
	q       *Queue
	sink    Sink
	note    []byte
	notes   [][]byte // of further bindings of the same copy
	copies  string
	dialect string
	key     string // the binding's
	keep    bool   // the queue keeps it; else the sink gets it
}

// routing collects the copies of one message. The namespace's lock is held.
// They are used again, so that a publish allocates none.
type routing struct {
	ns     *Namespace
	m      *Message
	from   *Session
	hidden []string // further routing keys that the message does not keep

	rs    []route
	first int                // of rs: what was there before
	found int                // bindings that matched so far
	place map[copyOf]int     // into rs, once that is long
	upTo  int                // of rs: what is in place
	seen  []*Exchange        // each is looked at once, in this order
	been  map[*Exchange]bool // seen, once that is long
	few   [4]*Exchange
	took  []*Binding // with several keys: each binding is taken once

	mqttSees bool           // MQTT can spell the path
	inTree   func(*Binding) // takeInTree
	inTopic  func(*Binding) // take
}

var routings = sync.Pool{New: func() any {
	r := &routing{}
	r.inTree, r.inTopic = r.takeInTree, r.take
	return r
}}

func newRouting(ns *Namespace, rs []route, m *Message, hidden []string, from *Session) *routing {
	r := routings.Get().(*routing)
	r.ns, r.m, r.hidden, r.from, r.rs, r.first = ns, m, hidden, from, rs, len(rs)
	return r
}

// done gives the routing back and returns the routes.
func (r *routing) done() []route {
	rs := r.rs
	*r = routing{inTree: r.inTree, inTopic: r.inTopic}
	routings.Put(r)
	return rs
}

type copyOf struct {
	q      *Queue
	copies string
}

// longList is from when a list is searched by a map.
const longList = 32

// routesTo appends to rs what a message at that topic path reaches.
func (ns *Namespace) routesTo(rs []route, m *Message, path string, from *Session) []route {
	r := newRouting(ns, rs, m, nil, from)
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	r.topic(path)
	return r.done()
}

// route appends to rs what a message published to an address reaches. NotFound
// and Denied: there is no such exchange, or it is internal. move says that no
// client publishes it.
func (ns *Namespace) route(rs []route, m *Message, to Address, hidden []string, from *Session, move bool) ([]route, error) {
	r := newRouting(ns, rs, m, hidden, from)
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	switch to.Kind {
	case ToQueue:
		r.queues(to.Name)
	case ToTopic:
		r.topic(to.Name)
	case ToExchange:
		x := ns.exchanges[to.Name]
		switch {
		case x == nil:
			return r.done(), errf(NotFound, "no exchange %q", to.Name)
		case x.opt.Internal && !move:
			return r.done(), errf(Denied, "exchange %q is internal", to.Name)
		}
		r.visit(x)
		r.exchanges(0, to.Key)
	}
	return r.done(), nil
}

// several says that the message has more than one routing key.
func (r *routing) several() bool { return len(r.m.Keys)+len(r.hidden) > 0 }

// queues is the default exchange: each key names a queue.
func (r *routing) queues(name string) {
	r.queue(name)
	for _, keys := range [...][]string{r.m.Keys, r.hidden} {
		for _, key := range keys {
			r.queue(key)
		}
	}
}

func (r *routing) queue(name string) {
	q := r.ns.queues[name]
	if q == nil || q.gate || r.several() && slices.ContainsFunc(r.rs[r.first:], func(x route) bool { return x.q == q }) {
		return
	}
	r.rs = append(r.rs, route{q: q, keep: true})
}

// topic is the tree as the first exchange.
func (r *routing) topic(path string) {
	r.visit(r.ns.exchanges[AMQTopic])
	r.tree(path)
	for _, keys := range [...][]string{r.m.Keys, r.hidden} {
		for _, key := range keys {
			r.tree(match.Swap(key))
		}
	}
	if len(r.seen) > 1 {
		r.exchanges(1, match.Swap(path))
	}
}

// tree takes the bindings of the topic tree.
func (r *routing) tree(path string) {
	r.mqttSees = match.VisibleToMQTT(path)
	r.ns.tree.Match(path, r.inTree)
}

func (r *routing) takeInTree(b *Binding) {
	if b.strict && !r.mqttSees {
		r.ns.b.counters.invisible.Add(1)
		return
	}
	r.take(b)
}

// take adds the copy of a binding that matches by its key, if the rest of it
// matches too.
func (r *routing) take(b *Binding) {
	if b.NoLocal && r.from != nil && b.Session == r.from || b.predicate != nil && !b.predicate.Matches(r.m) {
		return
	}
	if r.several() {
		if slices.Contains(r.took, b) {
			return
		}
		r.took = append(r.took, b)
	}
	r.found++
	if b.Target != nil {
		r.visit(b.Target)
		return
	}
	if b.To != "" {
		r.sendOn(b)
		return
	}
	r.add(b)
}

// visit has an exchange looked at, once.
func (r *routing) visit(x *Exchange) {
	switch {
	case r.seen == nil:
		r.seen = r.few[:0]
	case r.been != nil && r.been[x], r.been == nil && slices.Contains(r.seen, x):
		return
	}
	if r.seen = append(r.seen, x); r.been != nil {
		r.been[x] = true
	} else if len(r.seen) > longList {
		r.been = make(map[*Exchange]bool, 2*longList)
		for _, x := range r.seen {
			r.been[x] = true
		}
	}
}

// exchanges looks at those to be visited from that one on, and at what they
// lead to.
func (r *routing) exchanges(from int, key string) {
	for i := from; i < len(r.seen); i++ {
		x := r.seen[i]
		before := r.found
		r.exchange(x, key)
		if r.found > before || x.alternate == "" {
			continue
		}
		if x := r.ns.exchanges[x.alternate]; x != nil {
			r.visit(x)
		}
	}
}

func (r *routing) exchange(x *Exchange, key string) {
	switch x.kind {
	case ExchangeFanout:
		for _, b := range x.all.list {
			r.take(b)
		}
	case ExchangeHeaders:
		for _, b := range x.all.list {
			if b.headers.matches(r.m) {
				r.take(b)
			}
		}
	case ExchangeHash:
		if b := x.ring.pick(x.hashed(r.m, key)); b != nil {
			r.take(b)
		}
	default:
		r.keyed(x, key)
		for _, keys := range [...][]string{r.m.Keys, r.hidden} {
			for _, key := range keys {
				r.keyed(x, key)
			}
		}
	}
}

// keyed takes what an exchange that goes by routing key has for one.
func (r *routing) keyed(x *Exchange, key string) {
	switch {
	case x.tree():
		r.tree(match.Swap(key))
	case x.kind == ExchangeDirect:
		if set := x.keys[key]; set != nil {
			for _, b := range set.list {
				r.take(b)
			}
		}
	case x.words != nil:
		x.words.MatchDotted(key, r.inTopic)
	}
}

// add adds the binding's copy, or merges it with the copy that another binding
// of the same queue already gives it.
func (r *routing) add(b *Binding) {
	keep := b.Queue != nil && (r.m.Durable && b.KeepDurable || !r.m.Durable && b.KeepTransient)
	if !keep && b.Sink == nil {
		return
	}
	if target := b.Queue; target != nil && target.fanIn.Load() > 1 {
		if c := r.copyFor(target, b.Copies); c != nil {
			c.notes = append(c.notes, b.Note)
			c.keep = c.keep || keep
			return
		}
	}
	r.rs = append(r.rs, route{q: b.Queue, sink: b.Sink, note: b.Note, copies: b.Copies, dialect: b.Dialect, key: b.Key, keep: keep})
}

// copyFor finds the copy that a queue already gets.
func (r *routing) copyFor(q *Queue, copies string) *route {
	if len(r.rs)-r.first <= longList {
		for i := r.first; i < len(r.rs); i++ {
			if c := &r.rs[i]; c.q == q && c.copies == copies {
				return c
			}
		}
		return nil
	}
	if r.place == nil {
		r.place, r.upTo = map[copyOf]int{}, r.first
	}
	for ; r.upTo < len(r.rs); r.upTo++ {
		r.place[copyOf{r.rs[r.upTo].q, r.rs[r.upTo].copies}] = r.upTo
	}
	if i, ok := r.place[copyOf{q, copies}]; ok {
		return &r.rs[i]
	}
	return nil
}

// merged is the annotation of all bindings of the copy.
func (r *route) merged(b *Broker) []byte {
	if len(r.notes) == 0 {
		return r.note
	}
	merge := b.dialects[r.dialect].Merge
	if merge == nil {
		return r.note
	}
	return merge(append([][]byte{r.note}, r.notes...))
}

// sendOn adds the copy of a late-bound binding.
func (r *routing) sendOn(b *Binding) {
	if r.m.Durable && !b.KeepDurable || !r.m.Durable && !b.KeepTransient {
		return
	}
	c := r.ns.lateBound(b, r.m)
	if c.q == nil {
		r.ns.b.counters.dropped.Add(1)
		return
	}
	r.rs = append(r.rs, c)
}

// lateBound is a binding's copy: for its queue, or, where that is found by name,
// for the one that gets what this one may not have; with no queue: for nobody.
// Namespace.mu held.
func (ns *Namespace) lateBound(b *Binding, m *Message) route {
	r := route{q: b.Queue, note: b.Note, copies: b.Copies, dialect: b.Dialect, key: b.Key, keep: true}
	if b.To == "" {
		return r
	}
	r.q = ns.queues[b.To]
	if d := ns.b.dialects[b.Dialect]; d.Refuse != nil {
		if why := d.Refuse(b, r.q, m); why != nil {
			r.q, r.note, r.copies = ns.queues[b.DeadTo], why, b.Key
		}
	}
	return r
}
