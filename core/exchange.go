package core

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core/match"
)

// The kinds of exchanges.
const (
	ExchangeDirect  = "direct"            // bindings whose routing key is the message's
	ExchangeFanout  = "fanout"            // every binding
	ExchangeTopic   = "topic"             // bindings whose pattern matches: words between dots, `*` one, `#` any number
	ExchangeHeaders = "headers"           // bindings whose arguments match the message's headers
	ExchangeHash    = "x-consistent-hash" // one binding, by a hash; its routing key is its weight
	ExchangeDelayed = "x-delayed-message" // as DelayedKind; the door sets Message.DeliverAt
)

// ExchangeOptions is what an exchange is told when it is declared.
type ExchangeOptions struct {
	Dialect     string `json:"dialect,omitempty"` // equivalence is checked within one dialect
	Kind        string `json:"kind"`
	DelayedKind string `json:"delayedKind,omitempty"` // how an x-delayed-message exchange routes
	Durable     bool   `json:"durable,omitempty"`     // survives a restart
	AutoDelete  bool   `json:"autoDelete,omitempty"`  // deleted when its last binding goes
	Internal    bool   `json:"internal,omitempty"`    // clients may not publish to it; bindings and dead letters may
	Alternate   string `json:"alternate,omitempty"`   // the exchange that gets what no binding matches

	HashHeader   string            `json:"hashHeader,omitempty"`   // x-consistent-hash: hash this header instead of the routing key
	HashProperty string            `json:"hashProperty,omitempty"` // or this property: message_id, correlation_id or timestamp
	Attributes   map[string]string `json:"attributes,omitempty"`   // the dialect's own words, stored and never looked into
}

// An Exchange is a router of its own beside the topic tree: what is published
// to it reaches its bindings and nothing else (DESIGN section 2).
type Exchange struct {
	ns      *Namespace      // immutable
	name    string          // immutable
	created int64           // immutable, ms
	opt     ExchangeOptions // immutable
	builtin bool            // immutable
	kind    string          // immutable: what it routes by

	deleted atomic.Bool // set under ns.mu

	// What follows is guarded by ns.mu.
	alternate string // in force: its own or a policy's
	policy    string
	all       bindingSet
	keys      map[string]*bindingSet // direct
	words     *match.Tree[*Binding]  // topic
	ring      ring                   // x-consistent-hash
	into      map[string]*Binding    // bindings whose Target it is, by key
}

type exchangeDef struct {
	Created int64           `json:"created"`
	Options ExchangeOptions `json:"options"`
}

// builtin are the exchanges that every namespace has. amq.topic is the tree.
var builtin = map[string]string{
	"amq.direct": ExchangeDirect, "amq.fanout": ExchangeFanout, "amq.headers": ExchangeHeaders,
	"amq.match": ExchangeHeaders, AMQTopic: ExchangeTopic,
}

func builtinExchanges(ns *Namespace) map[string]*Exchange {
	xs := make(map[string]*Exchange, len(builtin))
	for name, kind := range builtin {
		xs[name] = newExchange(ns, name, ExchangeOptions{Kind: kind, Durable: true})
		xs[name].builtin = true
	}
	return xs
}

func newExchange(ns *Namespace, name string, o ExchangeOptions) *Exchange {
	x := &Exchange{ns: ns, name: name, opt: o, kind: o.Kind, alternate: o.Alternate}
	if o.Kind == ExchangeDelayed {
		x.kind = o.DelayedKind
	}
	return x
}

// Name is the exchange's name.
func (x *Exchange) Name() string { return x.name }

// Namespace is where it lives.
func (x *Exchange) Namespace() *Namespace { return x.ns }

// Deleted says that it is no exchange of its namespace any more; there may be
// another of its name.
func (x *Exchange) Deleted() bool { return x.deleted.Load() }

// Options are those it was declared with.
func (x *Exchange) Options() ExchangeOptions {
	o := x.opt
	o.Attributes = maps.Clone(o.Attributes)
	return o
}

// Builtin says that every namespace has it: it can be neither declared
// otherwise nor deleted.
func (x *Exchange) Builtin() bool { return x.builtin }

// CreatedAt is in ms; 0 for a builtin one.
func (x *Exchange) CreatedAt() int64 { return x.created }

// tree says whether it is the topic tree.
func (x *Exchange) tree() bool { return x.name == AMQTopic }

func routes(kind string) bool {
	switch kind {
	case ExchangeDirect, ExchangeFanout, ExchangeTopic, ExchangeHeaders, ExchangeHash:
		return true
	}
	return false
}

func (o *ExchangeOptions) check() error {
	switch {
	case o.Kind == ExchangeDelayed && !routes(o.DelayedKind):
		return errf(Invalid, "an exchange of kind %s cannot route as %q", ExchangeDelayed, o.DelayedKind)
	case o.Kind != ExchangeDelayed && !routes(o.Kind):
		return errf(Invalid, "unknown exchange kind %q", o.Kind)
	case o.HashHeader != "" && o.HashProperty != "":
		return errf(Invalid, "an exchange hashes a header or a property, not both")
	}
	switch o.HashProperty {
	case "", "message_id", "correlation_id", "timestamp":
		return nil
	}
	return errf(Invalid, "unknown property %q to hash", o.HashProperty)
}

// DeclareExchange creates an exchange, or returns the one there is, with an
// Exists error whose Field says what differs. Durable ones are on stable
// storage when it returns. Invalid: the name or an option; OverLimit: as many
// exchanges as there may be queues.
func (ns *Namespace) DeclareExchange(name string, o ExchangeOptions) (x *Exchange, created bool, err error) {
	if name == "" || len(name) > maxName {
		return nil, false, errf(Invalid, "an exchange name has 1 to %d bytes", maxName)
	}
	if err := o.check(); err != nil {
		return nil, false, err
	}
	o.Attributes = maps.Clone(o.Attributes)
	ns.mu.Lock()
	if x := ns.exchanges[name]; x != nil {
		ns.mu.Unlock()
		return x, false, x.equivalent(&o)
	}
	if err := ns.defined(); err != nil {
		ns.mu.Unlock()
		return nil, false, err
	}
	if n := len(ns.exchanges); n >= ns.b.limits.Queues {
		ns.mu.Unlock()
		return nil, false, errf(OverLimit, "%d exchanges, the limit is %d", n, ns.b.limits.Queues)
	}
	x = newExchange(ns, name, o)
	x.created = ns.b.Now()
	x.setPolicy(ns.policyFor("exchanges", name))
	ns.exchanges[name] = x
	ns.mu.Unlock()
	if !o.Durable {
		return x, true, nil
	}
	return x, true, ns.b.wait(Durable, func(g *staging) { ns.stageExchanges(g, []string{name}) })
}

// equivalent compares what is declared again.
func (x *Exchange) equivalent(o *ExchangeOptions) error {
	have := &x.opt
	if have.Dialect != "" && have.Dialect != o.Dialect {
		return nil
	}
	for _, f := range []struct {
		name string
		same bool
	}{
		{"Kind", have.Kind == o.Kind}, {"Durable", have.Durable == o.Durable},
		{"AutoDelete", have.AutoDelete == o.AutoDelete}, {"Internal", have.Internal == o.Internal},
		{"Alternate", have.Alternate == o.Alternate}, {"DelayedKind", have.DelayedKind == o.DelayedKind},
		{"HashHeader", have.HashHeader == o.HashHeader}, {"HashProperty", have.HashProperty == o.HashProperty},
		{"Attributes", maps.Equal(have.Attributes, o.Attributes)},
	} {
		if !f.same {
			err := errf(Exists, "exchange %q exists with another %s", x.name, f.name)
			err.Field = f.name
			return err
		}
	}
	return nil
}

// Exchange finds an exchange by name. The default exchange has none.
func (ns *Namespace) Exchange(name string) (*Exchange, bool) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	x, ok := ns.exchanges[name]
	return x, ok
}

// Exchanges lists them, the builtin ones included, ordered by name.
func (ns *Namespace) Exchanges() []*Exchange {
	ns.mu.RLock()
	list := slices.Collect(maps.Values(ns.exchanges))
	ns.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Exchange) int { return cmp.Compare(a.name, b.name) })
	return list
}

// DeleteExchange removes it with its bindings, and with them auto-delete
// exchanges that were bound to it alone; durable when it returns. NotFound:
// there is none. Denied: it is builtin. InUse: ifUnused, and something is bound
// to it.
func (ns *Namespace) DeleteExchange(name string, ifUnused bool) error {
	var gone removal
	ns.mu.Lock()
	x := ns.exchanges[name]
	var err error
	switch {
	case x == nil:
		err = errf(NotFound, "no exchange %q", name)
	case x.builtin:
		err = errf(Denied, "exchange %q cannot be deleted", name)
	case ifUnused && x.all.len() > 0:
		err = errf(InUse, "exchange %q is in use", name)
	default:
		ns.takeExchange(x, &gone)
	}
	ns.mu.Unlock()
	if err != nil || !gone.stored {
		return err
	}
	return ns.b.wait(Durable, func(g *staging) { ns.stageGone(g, &gone) })
}

// removal is what the store must learn of bindings and exchanges that went.
type removal struct {
	bindings  []string
	exchanges []string
	stored    bool // the store has something of it
}

// takeExchange removes an exchange with its bindings. Lock held.
func (ns *Namespace) takeExchange(x *Exchange, gone *removal) {
	if x.deleted.Load() || x.builtin {
		return
	}
	x.deleted.Store(true)
	delete(ns.exchanges, x.name)
	gone.exchanges = append(gone.exchanges, x.name)
	gone.stored = gone.stored || x.opt.Durable
	for n := x.all.len(); n > 0; n = x.all.len() {
		ns.takeBinding(x.all.list[n-1].Key, gone)
	}
	for _, key := range slices.Collect(maps.Keys(x.into)) {
		ns.takeBinding(key, gone)
	}
}

// takeBinding removes a binding, and the auto-delete exchange that it was the
// last of. Lock held.
func (ns *Namespace) takeBinding(key string, gone *removal) *Binding {
	b := ns.unbind(key)
	if b == nil {
		return nil
	}
	gone.bindings = append(gone.bindings, key)
	gone.stored = gone.stored || b.def != nil
	ns.autoDelete(b.source, gone)
	return b
}

func (ns *Namespace) autoDelete(x *Exchange, gone *removal) {
	if x != nil && x.opt.AutoDelete && x.all.len() == 0 {
		ns.takeExchange(x, gone)
	}
}

// stageGone makes the store follow a removal.
func (ns *Namespace) stageGone(g *staging, gone *removal) {
	ns.stageBindings(g, gone.bindings)
	ns.stageExchanges(g, gone.exchanges)
}

// stageExchanges makes the store follow what the exchanges of these names are
// by now.
func (ns *Namespace) stageExchanges(g *staging, names []string) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	if ns.erased.Load() {
		return
	}
	for _, name := range names {
		x := ns.exchanges[name]
		if x == nil || !x.opt.Durable || x.builtin {
			g.batch.Delete(defKey('e', ns.name, name))
			continue
		}
		val, err := json.Marshal(exchangeDef{Created: x.created, Options: x.opt})
		if err != nil {
			ns.b.log.Error("an exchange cannot be stored", "exchange", name, "error", err)
			continue
		}
		g.batch.Set(defKey('e', ns.name, name), val)
	}
}

func (r *recovery) exchange(ns *Namespace, name string, val []byte) error {
	var def exchangeDef
	if err := json.Unmarshal(val, &def); err != nil {
		return err
	}
	x := newExchange(ns, name, def.Options)
	x.created = def.Created
	ns.exchanges[name] = x
	return nil
}
