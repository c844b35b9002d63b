package core

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core/match"
)

// Definitions are stored as JSON: they are few, and a new optional field
// needs no new version. A field is never given another meaning.
type (
	namespaceDef struct {
		ID   uint64 `json:"id"`
		Gone bool   `json:"gone,omitempty"` // it is being deleted

		Quotas     Quotas            `json:"limits,omitempty"`
		Attributes map[string]string `json:"attributes,omitempty"`
	}
	queueDef struct {
		ID       uint64       `json:"id"`
		Created  int64        `json:"created"`
		Modified int64        `json:"modified"`
		Options  QueueOptions `json:"options"`
	}
	topicDef struct {
		Created    int64             `json:"created"`
		Attributes map[string]string `json:"attributes,omitempty"`
	}
	bindingDef struct {
		Dialect       string            `json:"dialect,omitempty"`
		Filter        string            `json:"filter"`
		Queue         string            `json:"queue,omitempty"`
		Exchange      string            `json:"exchange,omitempty"`
		RoutingKey    string            `json:"routingKey,omitempty"`
		Arguments     []byte            `json:"arguments,omitempty"` // as in a message (codec.go)
		Target        string            `json:"target,omitempty"`    // an exchange, instead of Queue
		KeepTransient bool              `json:"keepTransient,omitempty"`
		KeepDurable   bool              `json:"keepDurable,omitempty"`
		Note          []byte            `json:"note,omitempty"`
		Rule          []byte            `json:"rule,omitempty"`
		Copies        string            `json:"copies,omitempty"`
		Session       string            `json:"session,omitempty"`
		NoLocal       bool              `json:"noLocal,omitempty"`
		Attributes    map[string]string `json:"attributes,omitempty"`
		To            string            `json:"to,omitempty"`
		DeadTo        string            `json:"deadTo,omitempty"`
	}
)

// defKey is the key of a definition: n, q, t, b, e, p, r, s or u.
func defKey(kind byte, ns, name string) []byte {
	key := append([]byte{tabDef, kind}, ns...)
	return append(append(key, 0), name...)
}

// wait has the committer write something and returns when that is done, or never
// will be: a store that failed confirms nothing more.
func (b *Broker) wait(d Durability, write func(g *staging)) error {
	w := newWaiter()
	if !b.committer.submit(&change{write: write, then: func(g *staging) { g.confirm(w, 0, Outcome{}) }}, d, 0) {
		return errf(Closed, "the broker is shutting down")
	}
	select {
	case <-w:
		return nil
	case <-b.committer.done:
	}
	select {
	case <-w:
		return nil
	default:
		return errf(Closed, "the store failed")
	}
}

// save writes the queue's definition and head if it is durable.
func (q *Queue) save() error {
	write, err := q.saving()
	if write == nil || err != nil {
		return err
	}
	return q.ns.b.wait(Durable, write)
}

// saving is what save writes; nil: nothing.
func (q *Queue) saving() (write func(g *staging), err error) {
	q.mu.Lock()
	def := queueDef{ID: q.id, Created: q.created, Modified: q.modified, Options: q.asDeclared().clone()}
	q.mu.Unlock()
	if !def.Options.Durable {
		return nil, nil
	}
	val, err := json.Marshal(def)
	return func(g *staging) {
		q.mu.Lock()
		defer q.mu.Unlock()
		if !q.deleted {
			g.batch.Set(defKey('q', q.ns.name, q.name), val)
			g.touch(q)
		}
	}, err
}

// A Topic is a path that was created, not every path that traffic touched.
type Topic struct {
	path       string            // immutable
	created    int64             // immutable
	attributes map[string]string // immutable; replaced as a whole by UpdateTopic
}

// Path is the topic's path in MQTT's spelling.
func (t *Topic) Path() string { return t.path }

// CreatedAt is in ms.
func (t *Topic) CreatedAt() int64 { return t.created }

// Attributes are the dialect's own words; not to be changed.
func (t *Topic) Attributes() map[string]string { return t.attributes }

// CreateTopic records a topic for lists, with attributes that a door keeps
// there; to be published to, a path needs no creation. Durable when it
// returns. If there is one it is returned as it is.
func (ns *Namespace) CreateTopic(path string, attributes map[string]string) (t *Topic, created bool, err error) {
	if err := match.ValidPath(path); err != nil {
		return nil, false, errf(Invalid, "topic: %v", err)
	}
	ns.mu.Lock()
	if t := ns.topics[path]; t != nil {
		ns.mu.Unlock()
		return t, false, nil
	}
	if err := ns.defined(); err != nil {
		ns.mu.Unlock()
		return nil, false, err
	}
	t = &Topic{path: path, created: ns.b.Now(), attributes: attributes}
	ns.topics[path] = t
	ns.mu.Unlock()
	return t, true, ns.saveTopic(path)
}

// saveTopic makes the store follow what the topic is by then.
func (ns *Namespace) saveTopic(path string) error {
	var failed error
	err := ns.b.wait(Durable, func(g *staging) {
		if ns.erased.Load() {
			return
		}
		t, ok := ns.Topic(path)
		if !ok {
			g.batch.Delete(defKey('t', ns.name, path))
			return
		}
		var val []byte
		if val, failed = json.Marshal(topicDef{Created: t.created, Attributes: t.attributes}); failed == nil {
			g.batch.Set(defKey('t', ns.name, path), val)
		}
	})
	return errors.Join(err, failed)
}

// Topic finds a created topic.
func (ns *Namespace) Topic(path string) (*Topic, bool) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	t, ok := ns.topics[path]
	return t, ok
}

// Topics lists the created topics, ordered by path.
func (ns *Namespace) Topics() []*Topic {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	list := make([]*Topic, 0, len(ns.topics))
	for _, t := range ns.topics {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *Topic) int { return cmpString(a.path, b.path) })
	return list
}

// UpdateTopic replaces a topic's attributes, durable when it returns.
func (ns *Namespace) UpdateTopic(path string, attributes map[string]string) error {
	ns.mu.Lock()
	old := ns.topics[path]
	if old == nil {
		ns.mu.Unlock()
		return errf(NotFound, "no topic %q", path)
	}
	ns.topics[path] = &Topic{path: path, created: old.created, attributes: attributes}
	ns.mu.Unlock()
	return ns.saveTopic(path)
}

// DeleteTopic forgets the topic; its bindings are the caller's to unbind.
func (ns *Namespace) DeleteTopic(path string) error {
	ns.mu.Lock()
	_, ok := ns.topics[path]
	delete(ns.topics, path)
	ns.mu.Unlock()
	if !ok {
		return errf(NotFound, "no topic %q", path)
	}
	return ns.saveTopic(path)
}

// Bind adds or replaces bindings in one step, durable ones on stable storage
// when it returns. existed[i] says that the key was there before. Invalid: a
// rule that its dialect does not compile, a key or arguments that the exchange
// has no use for. NotFound: the queue or an exchange is not there.
func (ns *Namespace) Bind(bs ...*Binding) (existed []bool, err error) {
	existed, gone, err := ns.bindNow(bs)
	if err != nil || !gone.stored {
		return existed, err
	}
	return existed, ns.b.wait(Durable, func(g *staging) { ns.stageGone(g, gone) })
}

// BindLater is Bind that does not wait: the bindings route when it returns, and
// c is told when they are durable, perhaps before it returns. With an error c
// is not told.
func (ns *Namespace) BindLater(c Confirm, token uint64, bs ...*Binding) (existed []bool, err error) {
	existed, gone, err := ns.bindNow(bs)
	if err != nil {
		return nil, err
	}
	return existed, ns.stageLater(gone, c, token)
}

// stageLater has the store follow a change of bindings, if it has any of it.
func (ns *Namespace) stageLater(gone *removal, c Confirm, token uint64) error {
	if !gone.stored {
		if c.Confirmed(token, Outcome{}) {
			c.Flush()
		}
		return nil
	}
	op := &change{
		write: func(g *staging) { ns.stageGone(g, gone) },
		then:  func(g *staging) { g.confirm(c, token, Outcome{}) },
	}
	if !ns.b.committer.submit(op, Durable, 0) {
		return errf(Closed, "the broker is shutting down")
	}
	return nil
}

// bindNow binds in memory and returns what the store must learn of.
func (ns *Namespace) bindNow(bs []*Binding) (existed []bool, changed *removal, err error) {
	changed = &removal{}
	for _, b := range bs {
		if err = b.prepare(ns); err != nil {
			return nil, nil, err
		}
		changed.bindings = append(changed.bindings, b.Key)
		changed.stored = changed.stored || b.def != nil
	}
	existed = make([]bool, len(bs))
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if err := ns.defined(); err != nil {
		return nil, nil, err
	}
	for _, b := range bs {
		if err := ns.ends(b); err != nil {
			return nil, nil, err
		}
	}
	if err := ns.roomToBind(bs); err != nil {
		return nil, nil, err
	}
	for i, b := range bs {
		old := ns.unbind(b.Key)
		existed[i], changed.stored = old != nil, changed.stored || old != nil && old.def != nil
		ns.bind(b)
		if old != nil && old.source != b.source {
			ns.autoDelete(old.source, changed)
		}
	}
	return existed, changed, nil
}

// ends says why a binding has no longer what it is between. Lock held.
func (ns *Namespace) ends(b *Binding) error {
	switch {
	case b.Queue != nil && ns.queues[b.Queue.name] != b.Queue:
		return errf(NotFound, "no queue %q", b.Queue.name)
	case b.source != nil && b.source.deleted.Load():
		return errf(NotFound, "no exchange %q", b.source.name)
	case b.Target != nil && b.Target.deleted.Load():
		return errf(NotFound, "no exchange %q", b.Target.name)
	}
	return nil
}

// stageBindings makes the store follow what is bound under these keys now:
// who changes the tree last is staged last, whoever submitted first.
func (ns *Namespace) stageBindings(g *staging, keys []string) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	if ns.erased.Load() {
		return
	}
	for _, key := range keys {
		if b := ns.bindings[key]; b != nil && b.def != nil {
			g.batch.Set(defKey('b', ns.name, key), b.def)
		} else {
			g.batch.Delete(defKey('b', ns.name, key))
		}
	}
}

// prepare compiles the binding and encodes what is stored of it.
func (b *Binding) prepare(ns *Namespace) (err error) {
	d := ns.b.dialects[b.Dialect]
	b.strict, b.def = d.Strict, nil
	if b.Rule != nil {
		if d.Compile == nil {
			return errf(Invalid, "dialect %q has no rules", b.Dialect)
		}
		if b.predicate, err = d.Compile(b.Rule); err != nil {
			return errf(Invalid, "%v", err)
		}
	}
	if err := b.prepareExchange(ns); err != nil {
		return err
	}
	if !b.stored() {
		return nil
	}
	def0 := bindingDef{
		Dialect: b.Dialect, Filter: b.Filter.Encode(), To: b.To, DeadTo: b.DeadTo, KeepTransient: b.KeepTransient, KeepDurable: b.KeepDurable,
		Note: b.Note, Rule: b.Rule, Copies: b.Copies, NoLocal: b.NoLocal, Attributes: b.Attributes,
		Exchange: b.Exchange, RoutingKey: b.RoutingKey,
	}
	if b.Queue != nil {
		def0.Queue = b.Queue.name
	}
	if b.Target != nil {
		def0.Target = b.Target.name
	}
	if b.Session != nil {
		def0.Session = b.Session.id
	}
	if len(b.Arguments) > 0 {
		def0.Arguments = codecAppendHeaders(nil, b.Arguments)
	}
	b.def, err = json.Marshal(def0)
	return err
}

// stored says whether the binding survives a restart: both its ends must.
func (b *Binding) stored() bool {
	target := b.To != "" || b.Queue != nil && b.Queue.durable || b.Target != nil && b.Target.opt.Durable
	return b.Durable && target && (b.source == nil || b.source.opt.Durable)
}

// bind and unbind change what is routed. Lock held.
func (ns *Namespace) bind(b *Binding) {
	ns.bindings[b.Key] = b
	if b.source != nil {
		b.source.add(b)
	} else {
		ns.tree.Add(b.Filter, b)
	}
	if x := b.Target; x != nil {
		if x.into == nil {
			x.into = map[string]*Binding{}
		}
		x.into[b.Key] = b
	}
	if b.To != "" {
		ns.byName.add(b)
	}
	if b.Queue == nil {
		return
	}
	keys := ns.byQueue[b.Queue]
	if keys == nil {
		keys = map[string]*Binding{}
		ns.byQueue[b.Queue] = keys
		ns.countSession(b.Queue, 1)
	}
	keys[b.Key] = b
	b.Queue.fanIn.Store(int32(len(keys)))
}

func (ns *Namespace) unbind(key string) *Binding {
	b := ns.bindings[key]
	if b == nil {
		return nil
	}
	delete(ns.bindings, key)
	if b.source != nil {
		b.source.remove(b)
	} else {
		ns.tree.Remove(b.Filter, b)
	}
	if b.Target != nil {
		delete(b.Target.into, key)
	}
	ns.byName.remove(b)
	if keys := ns.byQueue[b.Queue]; keys != nil {
		delete(keys, key)
		b.Queue.fanIn.Store(int32(len(keys)))
		if len(keys) == 0 {
			delete(ns.byQueue, b.Queue)
			ns.countSession(b.Queue, -1)
		}
	}
	return b
}

// lateBounds are the late-bound bindings, by the name they are bound to.
type lateBounds map[string]map[string]*Binding

func (l lateBounds) add(b *Binding) {
	if l[b.To] == nil {
		l[b.To] = map[string]*Binding{}
	}
	l[b.To][b.Key] = b
}

func (l lateBounds) remove(b *Binding) {
	delete(l[b.To], b.Key)
	if len(l[b.To]) == 0 {
		delete(l, b.To)
	}
}

// Unbind removes bindings by key, durable when it returns; found[i] says
// whether it was there. An auto-delete exchange goes with its last binding.
func (ns *Namespace) Unbind(keys ...string) (found []bool, err error) {
	found, gone := ns.unbindNow(keys)
	if !gone.stored {
		return found, nil
	}
	return found, ns.b.wait(Durable, func(g *staging) { ns.stageGone(g, gone) })
}

// UnbindLater is Unbind that does not wait, as BindLater.
func (ns *Namespace) UnbindLater(c Confirm, token uint64, keys ...string) (found []bool, err error) {
	found, gone := ns.unbindNow(keys)
	return found, ns.stageLater(gone, c, token)
}

func (ns *Namespace) unbindNow(keys []string) (found []bool, gone *removal) {
	found, gone = make([]bool, len(keys)), &removal{}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	for i, key := range keys {
		found[i] = ns.takeBinding(key, gone) != nil
	}
	return found, gone
}

// Binding finds a binding by its key.
func (ns *Namespace) Binding(key string) (*Binding, bool) {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	b, ok := ns.bindings[key]
	return b, ok
}

// Bindings lists those whose key has the prefix, ordered by key.
func (ns *Namespace) Bindings(prefix string) []*Binding {
	ns.mu.RLock()
	var list []*Binding
	for key, b := range ns.bindings {
		if strings.HasPrefix(key, prefix) {
			list = append(list, b)
		}
	}
	ns.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Binding) int { return cmpString(a.Key, b.Key) })
	return list
}

// BindingsOf lists a queue's bindings, ordered by key.
func (ns *Namespace) BindingsOf(q *Queue) []*Binding {
	ns.mu.RLock()
	var list []*Binding
	for _, b := range ns.byQueue[q] {
		list = append(list, b)
	}
	for _, b := range ns.byName[q.name] {
		list = append(list, b)
	}
	ns.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Binding) int { return cmpString(a.Key, b.Key) })
	return list
}
