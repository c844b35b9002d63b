package core

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"
)

// Quotas are how much of something a namespace, or a user, may have at once, by the
// names below. 0 allows none; one that is not there, or is negative, is no limit.
// What there is already when one is set stays.
type Quotas map[string]int64

// The names of quotas.
const (
	MaxConnections = "max-connections" // of a namespace, or of a user in all namespaces: those that Enter
	MaxQueues      = "max-queues"      // of a namespace; a session counts from its first binding on
	MaxChannels    = "max-channels"    // of a user, in all connections
)

// reached says that a quota leaves no room for one more, and how high it is.
func (q Quotas) reached(name string, has int64) (most int64, yes bool) {
	most, ok := q[name]
	return most, ok && most >= 0 && has >= most
}

// overQuota is the error of one that is reached. by is "namespace" or "user".
func overQuota(name, by string, most int64) error {
	return &Error{Kind: OverLimit, Msg: fmt.Sprintf("the %s's limit %s (%d) is reached", by, name, most), Field: name, By: by, Limit: most}
}

// Quotas are those of the namespace; a copy.
func (ns *Namespace) Quotas() Quotas {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	return maps.Clone(ns.quotas)
}

// ChangeQuotas has change see to the namespace's quotas, none is nil; durable, and in
// force, when it returns. NotFound: it is being deleted.
func (ns *Namespace) ChangeQuotas(change func(Quotas) Quotas) error {
	ns.mu.Lock()
	if err := ns.defined(); err != nil {
		ns.mu.Unlock()
		return err
	}
	ns.quotas = change(maps.Clone(ns.quotas)) // replaced as a whole: others may be reading it
	ns.mu.Unlock()
	return ns.b.wait(Durable, ns.stage)
}

// stage makes the store follow what the namespace is by now.
func (ns *Namespace) stage(g *staging) {
	ns.mu.RLock()
	def := namespaceDef{ID: ns.id, Gone: ns.marked, Quotas: ns.quotas, Attributes: ns.Attributes()}
	ns.mu.RUnlock()
	if ns.erased.Load() {
		return
	}
	val, err := json.Marshal(def)
	if err != nil { // numbers, a flag and texts: it cannot be
		ns.b.log.Error("a namespace cannot be stored", "namespace", ns.name, "error", err)
		return
	}
	g.batch.Set(defKey('n', ns.name, ""), val)
}

// countAll counts the queues that a start found; which are sessions' is known by then.
func (ns *Namespace) countAll() {
	for _, q := range ns.queues {
		ns.count(q, 1)
	}
}

// roomForQueue says why there may be no queue more. Lock held.
func (ns *Namespace) roomForQueue() error {
	if most, yes := ns.quotas.reached(MaxQueues, ns.counted); yes {
		return overQuota(MaxQueues, "namespace", most)
	}
	return nil
}

// roomToBind says why a session that has none may have no binding. Lock held.
func (ns *Namespace) roomToBind(bs []*Binding) error {
	for _, b := range bs {
		if b.Queue != nil && b.Queue.session != nil && ns.byQueue[b.Queue] == nil {
			return ns.roomForQueue()
		}
	}
	return nil
}

// A Place is a connection's in its namespace, and among those of its user.
type Place struct {
	ns  *Namespace // immutable
	who *Principal // immutable; who.Name is "" for nobody in particular

	channels int64 // guarded by ns.b.crowd.mu
	left     bool  // guarded by ns.b.crowd.mu
}

// Enter takes a place for a connection: to be called once it is known whose it is,
// before it is told so, and after whoever deletes namespaces can find the connection
// by the name of this one. NotFound: the namespace was deleted. OverLimit, with Field,
// By and Limit: it has, or the user has, as many connections as it may.
func (ns *Namespace) Enter(who *Principal) (*Place, error) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if err := ns.defined(); err != nil {
		return nil, err
	}
	if most, yes := ns.quotas.reached(MaxConnections, ns.connections); yes {
		return nil, overQuota(MaxConnections, "namespace", most)
	}
	if err := ns.b.crowd.enter(who); err != nil {
		return nil, err
	}
	ns.connections++
	return &Place{ns: ns, who: who}, nil
}

// Leave gives the place back, with its channels. It may be called again, and of nil.
func (p *Place) Leave() {
	if p == nil || !p.ns.b.crowd.leave(p) {
		return
	}
	p.ns.mu.Lock()
	p.ns.connections--
	p.ns.mu.Unlock()
}

// OpenChannel counts one more channel of the user. OverLimit, as of Enter: it has as
// many as it may.
func (p *Place) OpenChannel() error { return p.ns.b.crowd.open(p) }

// CloseChannel takes one from them.
func (p *Place) CloseChannel() { p.ns.b.crowd.close(p) }

// crowd counts the connections and channels of users.
type crowd struct {
	mu    sync.Mutex
	users map[string]*present // guarded by mu; of who has connections, by name
}

// present is what one user has.
type present struct{ connections, channels int64 }

func (c *crowd) enter(who *Principal) error {
	if who.Name == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	has := c.users[who.Name]
	if has == nil {
		has = &present{}
	}
	if most, yes := who.quotas().reached(MaxConnections, has.connections); yes {
		return overQuota(MaxConnections, "user", most)
	}
	has.connections++
	if c.users == nil {
		c.users = map[string]*present{}
	}
	c.users[who.Name] = has
	return nil
}

// leave is false of a place that was left before.
func (c *crowd) leave(p *Place) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.left {
		return false
	}
	p.left = true
	if has := c.users[p.who.Name]; has != nil {
		has.channels -= p.channels
		if has.connections--; has.connections == 0 {
			delete(c.users, p.who.Name)
		}
	}
	return true
}

func (c *crowd) open(p *Place) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	has := c.users[p.who.Name]
	if has == nil || p.left {
		return nil
	}
	if most, yes := p.who.quotas().reached(MaxChannels, has.channels); yes {
		return overQuota(MaxChannels, "user", most)
	}
	has.channels++
	p.channels++
	return nil
}

func (c *crowd) close(p *Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if has := c.users[p.who.Name]; has != nil && !p.left && p.channels > 0 {
		has.channels--
		p.channels--
	}
}
