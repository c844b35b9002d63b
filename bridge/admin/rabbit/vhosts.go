package rabbit

import (
	"net/http"

	"github.com/slipwaymq/slipway/core"
)

// defaultVhost is the default namespace's name in AMQP.
const defaultVhost = "/"

func vhostOf(ns *core.Namespace) string {
	if ns.Name() == "" {
		return defaultVhost
	}
	return ns.Name()
}

func namespaceOf(vhost string) string {
	if vhost == defaultVhost {
		return ""
	}
	return vhost
}

// enter finds the namespace of the path's vhost. A user sees no other than the
// user's own.
func (s *Service) enter(r *request) error {
	r.vhost = r.PathValue("vhost")
	if r.vhost == "" {
		return nil
	}
	for _, ns := range s.seen(r.who) {
		if ns.Name() == namespaceOf(r.vhost) {
			r.ns = ns
			return nil
		}
	}
	if r.Pattern == "PUT /api/vhosts/{vhost}" {
		return nil
	}
	return notFound
}

// seen is the namespaces that somebody may look into.
func (s *Service) seen(who *core.Principal) (all []*core.Namespace) {
	for _, ns := range s.cfg.Broker.Namespaces() {
		if who.Anonymous || ns.Name() == who.Namespace {
			all = append(all, ns)
		}
	}
	return all
}

func (s *Service) vhostRoutes() map[string]handler {
	return map[string]handler{
		"GET vhosts/{vhost}":                 s.vhost,
		"PUT vhosts/{vhost}":                 administer(s.createVhost),
		"DELETE vhosts/{vhost}":              administer(keepVhost),
		"GET vhosts/{vhost}/permissions":     monitor(s.permissions),
		"GET vhosts/{vhost}/connections":     monitor(s.connections),
		"GET vhosts/{vhost}/channels":        monitor(s.channels),
		"GET permissions/{vhost}/{user}":     monitor(s.permission),
		"PUT permissions/{vhost}/{user}":     usersAreConfigured,
		"DELETE permissions/{vhost}/{user}":  usersAreConfigured,
		"GET policies/{vhost}":               monitor(s.policies),
		"GET policies/{vhost}/{name}":        monitor(s.policy),
		"PUT policies/{vhost}/{name}":        mayAll(s.putPolicy),
		"DELETE policies/{vhost}/{name}":     administer(s.deletePolicy),
		"GET definitions/{vhost}":            administer(s.exportOne),
		"POST definitions/{vhost}":           mayAll(s.importOne),
		"GET aliveness-test/{vhost}":         administer(s.alive),
		"GET consumers/{vhost}":              s.consumers,
		"GET parameters/{component}/{vhost}": empty,
	}
}

func (s *Service) vhosts(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) {
		for _, ns := range s.seen(r.who) {
			if !yield(vhostRow(ns)) {
				return
			}
		}
	})
}

func (s *Service) vhost(w http.ResponseWriter, r *request) error {
	return answer(w, http.StatusOK, vhostRow(r.ns))
}

func vhostRow(ns *core.Namespace) row {
	x := totalsOf(ns).row()
	x["name"], x["description"], x["tags"], x["tracing"] = vhostOf(ns), "", []string{}, false
	x["metadata"] = row{"description": "", "tags": []string{}}
	x["cluster_state"] = row{nodeName: "running"}
	x["default_queue_type"] = "undefined"
	return x
}

func (s *Service) createVhost(w http.ResponseWriter, r *request) error {
	if r.ns != nil {
		return done(w, false)
	}
	if !r.who.Anonymous {
		return denied
	}
	if _, err := s.cfg.Broker.Namespace(namespaceOf(r.vhost)); err != nil {
		return err
	}
	return done(w, true)
}

func keepVhost(http.ResponseWriter, *request) error {
	return invalid("bad_request", "a vhost (namespace) cannot be deleted; delete what is in it")
}

// totals are sums over the queues of a namespace.
type totals struct{ ready, unacked, queues, consumers, exchanges int64 }

func totalsOf(ns *core.Namespace) (t totals) {
	for _, q := range ns.Queues("", true) {
		c := q.Counts()
		t.ready += c.Ready
		t.unacked += c.InFlight
		t.consumers += int64(c.Consumers)
		t.queues++
	}
	t.exchanges = int64(len(ns.Exchanges()) + 1)
	return t
}

func (t totals) row() row {
	return row{"messages": t.ready + t.unacked, "messages_ready": t.ready, "messages_unacknowledged": t.unacked}
}
