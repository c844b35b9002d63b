package core

import "github.com/slipwaymq/slipway/core/match"

// route is one copy on its way: into a queue, or to a sink.
type route struct {
	q       *Queue
	sink    Sink
	note    []byte
	notes   [][]byte // of further bindings of the same copy
	copies  string
	dialect string
	keep    bool // the queue keeps it; else the sink gets it
}

// routesTo appends to rs what a message at that topic path reaches.
func (ns *Namespace) routesTo(rs []route, m *Message, path string, from *Session) []route {
	mqttSees := match.VisibleToMQTT(path)
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	first := len(rs)
	ns.tree.Match(path, func(b *Binding) {
		if b.strict && !mqttSees {
			ns.b.counters.invisible.Add(1)
			return
		}
		if b.NoLocal && from != nil && b.Session == from {
			return
		}
		if b.predicate != nil && !b.predicate.Matches(m) {
			return
		}
		rs = b.addRoute(rs, first, m)
	})
	return rs
}

// addRoute adds the binding's copy, or merges it with the copy that another
// binding of the same queue already gives it.
func (b *Binding) addRoute(rs []route, first int, m *Message) []route {
	keep := b.Queue != nil && (m.Durable && b.KeepDurable || !m.Durable && b.KeepTransient)
	if !keep && b.Sink == nil {
		return rs
	}
	target := b.Queue
	if target != nil && target.fanIn.Load() > 1 {
		for i := first; i < len(rs); i++ {
			r := &rs[i]
			if r.q != target || r.copies != b.Copies {
				continue
			}
			r.notes = append(r.notes, b.Note)
			if keep {
				r.keep = true
			}
			return rs
		}
	}
	return append(rs, route{q: target, sink: b.Sink, note: b.Note, copies: b.Copies, dialect: b.Dialect, keep: keep})
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
