package rabbit

import (
	"encoding/json"
	"net/http"
	"strings"

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
	for _, ns := range s.seen(r.caller) {
		if ns.Name() == namespaceOf(r.vhost) {
			r.ns = ns
			if r.who = r.caller.In(ns.Name()); r.who == nil {
				r.who = &core.Principal{Name: r.caller.Name, Namespace: ns.Name()} // sees, and may do nothing
			}
			return nil
		}
	}
	switch {
	case r.Pattern == "PUT /api/vhosts/{vhost}":
		return nil
	case r.Pattern == "GET /api/vhosts/{vhost}" && r.caller.Account() && !IsAdministrator(r.caller):
		return lacks(r.caller, core.Configure)
	case (r.Pattern == "PUT /api/permissions/{vhost}/{user}" || r.Pattern == "PUT /api/topic-permissions/{vhost}/{user}") && IsAdministrator(r.caller):
		return noVhostOrUser
	case IsAdministrator(r.caller) && (r.Method == http.MethodPut || r.Method == http.MethodPost):
		return &apiError{http.StatusNotFound, "not_found", "vhost_not_found"}
	case IsAdministrator(r.caller):
		return notFound
	case r.caller.Account():
		return refused("User not authorised to access virtual host")
	}
	return notFound
}

// seen is the namespaces that somebody may look into.
func (s *Service) seen(who *core.Principal) (all []*core.Namespace) {
	for _, ns := range s.cfg.Broker.Namespaces() {
		if IsAdministrator(who) || who.In(ns.Name()) != nil {
			all = append(all, ns)
		}
	}
	return all
}

// counted is the namespaces that are listed, and are in the totals, for somebody: who
// monitors knows of all, though he looks into those only that he may enter.
func (s *Service) counted(who *core.Principal) (all []*core.Namespace) {
	for _, ns := range s.cfg.Broker.Namespaces() {
		if who.In(ns.Name()) != nil || IsAdministrator(who) || who.Account() && Oversees(who, core.Read) {
			all = append(all, ns)
		}
	}
	return all
}

func (s *Service) vhostRoutes() map[string]handler {
	return map[string]handler{
		"GET vhosts/{vhost}":                      looksAtVhost(s.vhost),
		"PUT vhosts/{vhost}":                      administer(s.createVhost),
		"DELETE vhosts/{vhost}":                   administer(s.deleteVhost),
		"GET vhosts/{vhost}/permissions":          looksAtUsers(s.permissions),
		"GET vhosts/{vhost}/connections":          s.connections,
		"GET vhosts/{vhost}/channels":             s.channels,
		"GET permissions/{vhost}/{user}":          looksAtUsers(s.permission),
		"PUT permissions/{vhost}/{user}":          s.manage(s.putPermission),
		"DELETE permissions/{vhost}/{user}":       s.manage(s.deletePermission),
		"GET vhosts/{vhost}/topic-permissions":    looksAtUsers(s.topicPermissions),
		"GET topic-permissions/{vhost}/{user}":    looksAtUsers(s.topicPermission),
		"PUT topic-permissions/{vhost}/{user}":    s.manage(s.putTopicPermission),
		"DELETE topic-permissions/{vhost}/{user}": s.manage(s.deleteTopicPermissions),
		"GET policies/{vhost}":                    ofVhost(s.policies),
		"GET policies/{vhost}/{name}":             policymaker(ofVhost(s.policy)),
		"PUT policies/{vhost}/{name}":             mayAll(s.putPolicy),
		"DELETE policies/{vhost}/{name}":          deletesPolicies(s.deletePolicy),
		"GET definitions/{vhost}":                 administer(s.exportOne),
		"POST definitions/{vhost}":                administer(mayAll(s.importOne)),
		"GET aliveness-test/{vhost}":              mayProbe(s.alive),
		"GET consumers/{vhost}":                   s.consumers,
	}
}

func (s *Service) vhosts(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) {
		for _, ns := range s.counted(r.caller) {
			if !yield(vhostRow(ns)) {
				return
			}
		}
	})
}

// looksAtVhost lets accounts through that are administrators'.
func looksAtVhost(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if r.caller.Account() {
			return administer(h)(w, r)
		}
		return h(w, r)
	}
}

func (s *Service) vhost(w http.ResponseWriter, r *request) error {
	return answer(w, http.StatusOK, vhostRow(r.ns))
}

func vhostRow(ns *core.Namespace) row {
	x := totalsOf(ns).row()
	description, tags := ns.Attributes()[vhostDescription], []string{}
	if ns.Name() == "" {
		description = "Default virtual host"
	}
	if text := ns.Attributes()[vhostTags]; text != "" {
		tags = strings.Split(text, ",")
	}
	x["name"], x["description"], x["tags"], x["tracing"] = vhostOf(ns), description, tags, false
	x["metadata"] = row{"description": description, "tags": tags}
	x["cluster_state"] = row{nodeName: "running"}
	x["default_queue_type"] = "undefined"
	return x
}

// Attributes of a namespace that are words about a vhost.
const (
	vhostDescription = "rabbitmq:description"
	vhostTags        = "rabbitmq:tags" // between commas
)

// vhostBody is a vhost as it comes.
type vhostBody struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Tags        json.RawMessage `json:"tags"` // names between commas, or a list
}

// make makes the vhost, with what is said about it.
func (b *vhostBody) make(broker *core.Broker, name string) (*core.Namespace, error) {
	about := map[string]string{}
	if len(b.Tags) > 0 {
		tags, err := (&userBody{Tags: b.Tags}).tags()
		if err != nil {
			return nil, err
		}
		about[vhostTags] = strings.Join(tags, ",")
	}
	if b.Description != "" {
		about[vhostDescription] = b.Description
	}
	ns, err := broker.Namespace(namespaceOf(name))
	if err == nil && len(about) > 0 {
		err = ns.Describe(about)
	}
	return ns, err
}

func (s *Service) createVhost(w http.ResponseWriter, r *request) error {
	if r.ns != nil {
		return done(w, false)
	}
	if !IsAdministrator(r.caller) {
		return denied
	}
	body, err := read[vhostBody](r, maxBody)
	if err != nil {
		return err
	}
	if _, err := body.make(s.cfg.Broker, r.vhost); err != nil {
		return err
	}
	if r.caller.Account() { // as RabbitMQ does for whoever makes a vhost
		all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
		if _, err := s.permit(r.caller, r.caller.Name, namespaceOf(r.vhost), &all); err != nil {
			return err
		}
	}
	return done(w, true)
}

// deleteVhost removes a vhost with everything in it, the permissions of users and the
// connections in it; those of the same users in others stay. What the configuration names stays.
func (s *Service) deleteVhost(w http.ResponseWriter, r *request) error {
	name := r.ns.Name()
	if why := s.keeps(name); why != "" {
		return invalid("bad_request", why)
	}
	err := s.cfg.Broker.DeleteNamespace(name, func() error {
		if s.cfg.Access != nil {
			if err := s.cfg.Access.Forbid(name); err != nil {
				return err
			}
		}
		s.disconnectAll(name)
		return nil
	})
	if err != nil {
		return err
	}
	s.did(r, "vhost deleted")
	return done(w, false)
}

// keeps says why a namespace is not to be deleted; "": it may be.
func (s *Service) keeps(namespace string) string {
	switch {
	case namespace == "":
		return "the default vhost cannot be deleted: clients of every door are in it"
	case s.cfg.Configured != nil && s.cfg.Configured(namespace) || s.cfg.Access != nil && s.cfg.Access.Configures(namespace):
		return "vhost '" + namespace + "' is named by the configuration, and can be deleted only once it is not"
	}
	return ""
}

func (s *Service) disconnectAll(namespace string) {
	if s.cfg.Connections == nil || s.cfg.Disconnect == nil {
		return
	}
	for _, c := range s.cfg.Connections() {
		if c.Namespace == namespace {
			s.cfg.Disconnect(c.ID)
		}
	}
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
