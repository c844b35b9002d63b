package core

import (
	"errors"
	"maps"
	"slices"
)

// DeleteNamespace removes a namespace with everything in it; durable when it
// returns. also is called when nobody can find it or define anything in it any
// more, for what others keep by its name; with an error of also the namespace is
// there again, as it was. After a crash on the way a start sees it through, without
// also: accounts then lose their permissions in it. NotFound: there is none. Denied:
// it is the default one. Closed: the broker is at its end, and the next start sees it
// through, or finds that nothing was begun.
func (b *Broker) DeleteNamespace(name string, also func() error) error {
	if name == "" {
		return errf(Denied, "the default namespace cannot be deleted")
	}
	b.mu.Lock()
	ns := b.namespaces[name]
	if ns == nil || ns.gone.Load() {
		b.mu.Unlock()
		return errf(NotFound, "no namespace %q", name)
	}
	ns.mu.Lock()
	ns.gone.Store(true)
	ns.mu.Unlock()
	b.mu.Unlock()
	if err := ns.markGone(true); err != nil {
		return err
	}
	if err := also(); err != nil {
		return errors.Join(err, ns.back())
	}
	return b.erase(ns)
}

// markGone has a start know whether the namespace is being deleted.
func (ns *Namespace) markGone(gone bool) error {
	ns.mu.Lock()
	ns.marked = gone
	ns.mu.Unlock()
	return ns.b.wait(Durable, ns.stage)
}

// back ends a deletion that has taken nothing yet.
func (ns *Namespace) back() error {
	if err := ns.markGone(false); err != nil {
		return err
	}
	ns.mu.Lock()
	ns.gone.Store(false)
	ns.mu.Unlock()
	return nil
}

// defined says why nothing can be defined in it any more. Lock held.
func (ns *Namespace) defined() error {
	if ns.gone.Load() {
		return errf(NotFound, "namespace %q was deleted", ns.name)
	}
	return nil
}

// erase forgets what is in a namespace that is gone, and then its name. Nothing of
// it is stored after the last step, or it would be of the next one of that name.
func (b *Broker) erase(ns *Namespace) error {
	for _, s := range ns.allSessions() {
		s.end(false)
	}
	for _, q := range ns.Queues("", true) {
		ns.remove(q, nil)
	}
	var gone removal
	ns.mu.Lock()
	for _, x := range slices.Collect(maps.Values(ns.exchanges)) {
		ns.takeExchange(x, &gone)
	}
	for _, key := range slices.Collect(maps.Keys(ns.bindings)) {
		ns.takeBinding(key, &gone)
	}
	clear(ns.topics)
	clear(ns.policies)
	ns.mu.Unlock()
	err := b.wait(Durable, func(g *staging) {
		ns.erased.Store(true)
		for _, kind := range []byte("qtbepsrn") {
			all := defKey(kind, ns.name, "")
			g.batch.DeleteRange(all, prefixEnd(all))
		}
		g.batch.DeleteRange(ns.retainedPrefix(), prefixEnd(ns.retainedPrefix()))
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	delete(b.namespaces, ns.name)
	b.mu.Unlock()
	return nil
}

// eraseRest sees through what a crash left of namespaces that were being deleted.
func (b *Broker) eraseRest() error {
	for _, ns := range slices.Collect(maps.Values(b.namespaces)) {
		if !ns.gone.Load() {
			continue
		}
		changed := map[string]*Account{}
		for name, acc := range b.accounts {
			if !acc.leave(ns.name) {
				continue
			}
			if err := acc.check(); err != nil {
				return err
			}
			changed[name] = acc
		}
		if err := b.saveAccounts(changed); err != nil {
			return err
		}
		if err := b.erase(ns); err != nil {
			return err
		}
	}
	return nil
}
