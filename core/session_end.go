package core

// end removes the session with its queue, bindings and state. taken says that
// a new session of the same id begins, which makes a pending will due. What
// another goroutine has begun it finishes.
func (s *Session) end(taken bool) {
	s.mu.Lock()
	var will *Will
	if !s.ended && taken && s.willAt != 0 {
		will = s.will
	}
	s.ended = true
	s.timer.set(0)
	s.mu.Unlock()
	ns, key := s.ns, sessionKey(s.dialect, s.id)
	s.publishWill(will)
	ns.remove(s.queue, nil) // before the id is free
	ns.mu.Lock()
	first := ns.sessions[key] == s
	if first {
		delete(ns.sessions, key)
	}
	ns.mu.Unlock()
	if first {
		defer ns.b.sessionEnded(s)
	}
	if !s.durable {
		return
	}
	ns.b.committer.submit(&change{write: func(g *staging) {
		ns.mu.RLock()
		next := ns.sessions[key]
		ns.mu.RUnlock()
		if (next == nil || !next.durable) && !ns.erased.Load() {
			g.batch.Delete(defKey('s', ns.name, key))
		}
		s.mu.Lock()
		stated := s.stated
		s.mu.Unlock()
		if stated { // a range with nothing in it would be a tombstone for good
			g.batch.DeleteRange(numKey(tabState, s.num), prefixEnd(numKey(tabState, s.num)))
		}
	}}, Lazy, 0)
}

// WatchSessions has f told, once each, of the dialect's sessions that ended,
// with their bindings gone: no lock is held, and f may call core. Set it before
// the door opens; one per dialect.
func (b *Broker) WatchSessions(dialect string, f func(*Session)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[dialect] = f
}

func (b *Broker) sessionEnded(s *Session) {
	b.mu.RLock()
	f := b.watchers[s.dialect]
	b.mu.RUnlock()
	if f != nil {
		f(s)
	}
}
