package core

import (
	"maps"
	"slices"
)

// A MayWill says, when a will is due, whether it may still be published: what its
// session was allowed when it left the will may be another's by now. No lock is
// held; what it refuses it tells the operator.
type MayWill func(s *Session, w *Will) bool

// DecideWills has may asked about each will of a dialect that AsksWills, also
// those that came due since the start. Call it once.
func (b *Broker) DecideWills(dialect string, may MayWill) {
	b.wills.Store(dialect, may)
	for _, ns := range b.Namespaces() {
		for _, s := range ns.allSessions() {
			if s.dialect == dialect {
				s.onTimer()
			}
		}
	}
}

func (ns *Namespace) allSessions() []*Session {
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	return slices.Collect(maps.Values(ns.sessions))
}

// mayWill is who decides on a dialect's wills, nil if nobody does; decided is
// false as long as nobody does who has to.
func (b *Broker) mayWill(dialect string) (may MayWill, decided bool) {
	if v, ok := b.wills.Load(dialect); ok {
		return v.(MayWill), true
	}
	return nil, !b.dialects[dialect].AsksWills
}

// publishWill publishes a will that is due, if it is one and may be. No lock held.
func (s *Session) publishWill(w *Will) {
	if w == nil {
		return
	}
	ns := s.ns
	if may, _ := ns.b.mayWill(s.dialect); may != nil && !may(s, w) {
		return
	}
	m := *w.Message
	if w.Expiry > 0 {
		m.ExpiresAt = ns.b.Now() + w.Expiry.Milliseconds()
	}
	p := ns.NewPublisher(0)
	if err := p.Publish(&Publication{Message: &m, To: w.To, Retain: w.Retain}); err != nil {
		ns.b.log.Warn("a will could not be published", "topic", w.To.Name, "error", err)
	}
	p.Close()
}
