package rabbit

import (
	"cmp"
	"iter"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

func (s *Service) whoami(w http.ResponseWriter, r *request) error {
	name := r.who.Name
	if r.who.Anonymous {
		name = guest
	}
	shown := tags(r.who.Tagged, r.who.MayQueue)
	if s.cfg.Access != nil {
		for _, u := range s.cfg.Access.Users() {
			if u.Name == r.caller.Name && u.Account {
				shown = append([]string{}, u.Tags...)
			}
		}
	}
	return answer(w, http.StatusOK, row{"name": name, "tags": shown})
}

// looksAtUsers lets only those see users and permissions who may read every
// queue, or for an account have the tag of administrators.
func looksAtUsers(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if r.caller.Account() {
			return administer(h)(w, r)
		}
		return monitor(h)(w, r)
	}
}

// tags are RabbitMQ's, of a configured user: of who has the tag, or permissions like
// those that they stand for.
func tags(tagged func(...string) bool, may func(core.Action, string) bool) []string {
	switch {
	case tagged(tagAdministrator), may(core.Configure, administrators):
		return []string{tagAdministrator}
	case may(core.Read, administrators):
		return []string{tagMonitoring}
	}
	return []string{tagManagement}
}

// known is the users; without any there is guest, who is whoever comes.
func (s *Service) known(r *request) []core.User {
	if s.cfg.Access == nil || s.cfg.Access.Empty() {
		return []core.User{{Name: guest, Grants: []core.Grant{{Actions: core.Configure | core.Write | core.Read, Queues: []string{"*"}}}}}
	}
	return slices.DeleteFunc(s.cfg.Access.Users(), func(u core.User) bool {
		return !IsAdministrator(r.caller) && r.caller.Namespace != "" && u.Namespace != r.caller.Namespace
	})
}

// userRow shows no hash: none of ours is of a kind that RabbitMQ knows.
func userRow(u core.User) row {
	may := func(a core.Action, name string) bool {
		return slices.ContainsFunc(u.Grants, func(g core.Grant) bool { return g.Actions&a == a && slices.Contains(g.Queues, name) })
	}
	shown := append([]string{}, u.Tags...)
	if !u.Account {
		shown = tags(func(all ...string) bool {
			return slices.ContainsFunc(all, func(tag string) bool { return slices.Contains(u.Tags, tag) })
		}, may)
	}
	return row{"name": u.Name, "password_hash": "", "hashing_algorithm": "", "tags": shown, "limits": with(nil, u.Quotas)}
}

func (s *Service) users(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) {
		for _, u := range s.known(r) {
			if !yield(userRow(u)) {
				return
			}
		}
	})
}

func (s *Service) user(w http.ResponseWriter, r *request) error {
	for _, u := range s.known(r) {
		if u.Name == r.PathValue("user") {
			return answer(w, http.StatusOK, userRow(u))
		}
	}
	return notFound
}

// permissionRows are the users' permissions, of one vhost unless that is nil.
func (s *Service) permissionRows(r *request, of *core.Namespace) iter.Seq[row] {
	return func(yield func(row) bool) {
		accounts := map[string]map[string]core.Permissions{}
		if s.cfg.Access != nil {
			for _, acc := range s.cfg.Access.Accounts() {
				accounts[acc.Name] = acc.Permissions
			}
		}
		for _, u := range s.known(r) {
			all := accounts[u.Name]
			if !u.Account {
				all = map[string]core.Permissions{u.Namespace: {
					Configure: pattern(u.Grants, core.Configure), Write: pattern(u.Grants, core.Write), Read: pattern(u.Grants, core.Read),
				}}
			}
			for _, ns := range slices.Sorted(maps.Keys(all)) {
				if p := all[ns]; (of == nil || ns == of.Name()) && !yield(permissionRow(u.Name, ns, p)) {
					return
				}
			}
		}
	}
}

func permissionRow(user, namespace string, p core.Permissions) row {
	return row{"user": user, "vhost": cmp.Or(namespace, defaultVhost), "configure": p.Configure, "write": p.Write, "read": p.Read}
}

// pattern is the names that are granted as the regular expression that RabbitMQ
// has for them.
func pattern(grants []core.Grant, a core.Action) string {
	var all []string
	for _, g := range grants {
		for _, name := range g.Queues {
			if g.Actions&a != 0 {
				all = append(all, strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, ".*"))
			}
		}
	}
	switch {
	case slices.Contains(all, ".*"):
		return ".*"
	case len(all) == 0:
		return "^$"
	}
	return "^(" + strings.Join(all, "|") + ")$"
}

func (s *Service) permissions(w http.ResponseWriter, r *request) error {
	return list(w, r, s.permissionRows(r, r.ns))
}

func (s *Service) permission(w http.ResponseWriter, r *request) error {
	for x := range s.permissionRows(r, r.ns) {
		if x["user"] == r.PathValue("user") {
			return answer(w, http.StatusOK, x)
		}
	}
	return notFound
}

func (s *Service) permissionsOfUser(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) {
		for x := range s.permissionRows(r, nil) {
			if x["user"] == r.PathValue("user") && !yield(x) {
				return
			}
		}
	})
}

// usersWithout are those who may enter no vhost.
func (s *Service) usersWithout(w http.ResponseWriter, r *request) error {
	with := map[string]bool{}
	for x := range s.permissionRows(r, nil) {
		with[x["user"].(string)] = true
	}
	return list(w, r, func(yield func(row) bool) {
		for _, u := range s.known(r) {
			if !with[u.Name] && !yield(userRow(u)) {
				return
			}
		}
	})
}
