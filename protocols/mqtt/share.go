package mqtt

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// Shared subscriptions (4.8.2): $share/<group>/<filter>. A group is a durable
// hidden queue that one binding fills and the members who are online consume
// in competition; what is QoS 0 goes to one of them in turn and is never
// stored. The group lives as long as a session has that subscription: each has
// a binding of its own that stands for it (remember), which goes with the
// session. What a member held when its connection ended goes to the others, but
// for what was sent at QoS 2 (session.finish).

const sharePrefix = "share/mqtt/"

// groups are those that have a member. Their lock is never held while the core
// is called.
type groups struct {
	mu sync.Mutex
	m  map[string]*group              // guarded by mu; by namespace and queue
	of map[string]map[*group]struct{} // guarded by mu; those that a session is, or was, a member of
}

type group struct {
	ns     *core.Namespace // immutable
	queue  string          // immutable; its name
	filter match.Filter    // immutable

	// change serialises what calls the core. No callback takes it.
	change  sync.Mutex
	holders map[string]byte // guarded by change: granted QoS by key of the member's binding
	bound   bool            // guarded by change: our binding has us as its Sink
	keeps   bool            // guarded by change: it keeps durable messages
	over    bool            // guarded by change: there is another object for that queue, or none

	mu     sync.Mutex
	online []*feed // guarded by mu
	turn   int     // guarded by mu
	dirty  []*conn // guarded by mu; whose output a Send promised to flush
}

func groupKey(ns *core.Namespace, queue string) string { return ns.Name() + "\x00" + queue }

// get finds or makes a group and locks its change.
func (gs *groups) get(ns *core.Namespace, queue string, filter match.Filter) *group {
	for {
		gs.mu.Lock()
		g := gs.m[groupKey(ns, queue)]
		if g == nil {
			g = &group{ns: ns, queue: queue, filter: filter, holders: map[string]byte{}}
			gs.m[groupKey(ns, queue)] = g
		}
		gs.mu.Unlock()
		g.change.Lock()
		if !g.over {
			return g
		}
		g.change.Unlock()
	}
}

// splitShared takes $share/<group>/<filter> apart; wire has checked its form.
func splitShared(text string) (queue, filter string) {
	rest := strings.TrimPrefix(text, "$share/")
	_, filter, _ = strings.Cut(rest, "/")
	return sharePrefix + rest, filter
}

// joinGroup makes the connection a member. Nothing of it waits for the store: the
// SUBACK does (conn.bind).
func (c *conn) joinGroup(text string, n note, isNew bool) error {
	name, inner := splitShared(text)
	filter, err := c.mayRead(inner)
	if err != nil {
		return err
	}
	c.stop(text)
	g := c.h.groups.get(c.ns, name, filter)
	defer g.change.Unlock()
	q, ok := c.ns.Queue(name)
	if !ok {
		q, _, err = c.ns.DeclareQueueLater(name, core.QueueOptions{Dialect: dialectName, Durable: true, Hidden: true})
		if err != nil {
			return err
		}
		g.bound = false
	}
	key := c.keyOf(text)
	if isNew {
		if err := c.remember(text, n, attrShared, name); err != nil {
			return err
		}
	}
	c.h.groups.hold(g, key, n.qos)
	if err := g.bind(q); err != nil {
		return err
	}
	f := &feed{c: c, key: text, note: n, group: g, member: key}
	if err := c.start(f, q, c.creditOf(f), ""); err != nil {
		return err
	}
	g.mu.Lock()
	g.online = append(g.online, f)
	g.mu.Unlock()
	return nil
}

// bind binds the group's queue if that is new or should keep something else.
// change is held.
func (g *group) bind(q *core.Queue) error {
	keeps := false
	for _, qos := range g.holders {
		keeps = keeps || qos > 0
	}
	if g.bound && keeps == g.keeps {
		return nil
	}
	most := note{qos: 2}
	_, err := g.ns.BindLater(nobody{}, 0, &core.Binding{
		Key: g.queue, Dialect: dialectName, Filter: g.filter, Queue: q, Sink: g, KeepDurable: keeps, Durable: true, Note: most.encode(),
	})
	g.bound, g.keeps = err == nil, keeps
	return err
}

// leaveGroup ends the membership of a subscription for good.
func (c *conn) leaveGroup(text string) {
	name, inner := splitShared(text)
	filter, err := match.ParseMQTT(inner)
	if err != nil {
		return // it cannot have been subscribed to
	}
	c.h.groups.leave(c.ns, name, filter, c.keyOf(text))
}

func (gs *groups) leave(ns *core.Namespace, name string, filter match.Filter, key string) {
	g := gs.get(ns, name, filter)
	defer g.change.Unlock()
	delete(g.holders, key)
	prefix, _, _ := strings.Cut(key, "\x00")
	gs.mu.Lock()
	delete(gs.of[memberKey(ns, prefix)], g)
	gs.mu.Unlock()
	gs.prune(g)
}

// prune forgets members whose session has ended, and the group with the last
// one. change is held.
func (gs *groups) prune(g *group) {
	for key := range g.holders {
		if _, alive := g.ns.Binding(key); !alive {
			delete(g.holders, key)
		}
	}
	if len(g.holders) > 0 {
		return
	}
	g.over = true
	gs.mu.Lock()
	delete(gs.m, groupKey(g.ns, g.queue))
	gs.mu.Unlock()
	g.ns.DeleteQueueLater(g.queue)
}

// sessionEnded is told by the core: a session is gone with its bindings, and
// so are its memberships.
func (h *Handler) sessionEnded(cs *core.Session) {
	if !h.claims.held(claimKey(cs.Namespace(), cs.ID())) {
		h.counters.Expired.Add(1)
	}
	h.groups.forget(memberKey(cs.Namespace(), cs.Prefix()))
}

// forget ends all memberships of a session.
func (gs *groups) forget(member string) {
	gs.mu.Lock()
	list := slices.Collect(maps.Keys(gs.of[member]))
	delete(gs.of, member)
	gs.mu.Unlock()
	for _, g := range list {
		g.change.Lock()
		if !g.over {
			gs.prune(g)
		}
		g.change.Unlock()
	}
}

// hold makes a session a member, by the key of its binding. change is held.
func (gs *groups) hold(g *group, key string, qos byte) {
	g.holders[key] = qos
	prefix, _, _ := strings.Cut(key, "\x00")
	member := memberKey(g.ns, prefix)
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if gs.of[member] == nil {
		gs.of[member] = map[*group]struct{}{}
	}
	gs.of[member][g] = struct{}{}
}

// memberKey is a session in groups.of, by what its bindings' keys begin with.
func memberKey(ns *core.Namespace, prefix string) string { return ns.Name() + "\x00" + prefix }

// recover finds the groups that the store remembers, with their members.
func (gs *groups) recover(h *Handler) {
	for _, ns := range h.cfg.Broker.Namespaces() {
		queues := ns.Queues(sharePrefix, true)
		if len(queues) == 0 {
			continue
		}
		holders := map[string]map[string]byte{}
		for _, b := range ns.Bindings("session/" + dialectName + "/") {
			if name := b.Attributes[attrShared]; name != "" {
				if holders[name] == nil {
					holders[name] = map[string]byte{}
				}
				holders[name][b.Key] = decodeNote(b.Note, nil).qos
			}
		}
		for _, q := range queues {
			gs.recoverOne(ns, q, holders[q.Name()])
		}
	}
}

func (gs *groups) recoverOne(ns *core.Namespace, q *core.Queue, holders map[string]byte) {
	_, inner := splitShared("$share/" + strings.TrimPrefix(q.Name(), sharePrefix))
	filter, err := match.ParseMQTT(inner)
	if err != nil {
		return // not one of ours
	}
	g := gs.get(ns, q.Name(), filter)
	defer g.change.Unlock()
	for key, qos := range holders {
		gs.hold(g, key, qos)
	}
	gs.prune(g)
}

// leaveGroup takes the feed off those that get QoS 0 in turn.
func (f *feed) leaveGroup() {
	g := f.group
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.online {
		if other == f {
			g.online = append(g.online[:i:i], g.online[i+1:]...)
			return
		}
	}
}

// Send is core.Sink: one member gets it, one with room if there is any.
func (g *group) Send(m *core.Message, _ []byte) (dirty bool, behind core.Laggard) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var f *feed
	for range g.online {
		f = g.online[g.turn%len(g.online)]
		g.turn++
		if !f.c.nc.Out.Full() {
			break
		}
	}
	if f == nil {
		return false, nil
	}
	if dirty, behind = f.c.writeQoS0(m, f.note); !dirty {
		return false, behind
	}
	g.dirty = append(g.dirty, f.c)
	return len(g.dirty) == 1, behind
}

// Flush is core.Flusher.
func (g *group) Flush() {
	g.mu.Lock()
	dirty := g.dirty
	g.dirty = nil
	g.mu.Unlock()
	for _, c := range dirty {
		c.Flush()
	}
}
