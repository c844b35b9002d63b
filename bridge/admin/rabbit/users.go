package rabbit

import (
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

func usersAreConfigured(http.ResponseWriter, *request) error {
	return invalid("bad_request", "users and their permissions are set in slipway's configuration, under users")
}

func (s *Service) whoami(w http.ResponseWriter, r *request) error {
	name := r.who.Name
	if r.who.Anonymous {
		name = "guest"
	}
	return answer(w, http.StatusOK, row{"name": name, "tags": tags(r.who.MayQueue), "is_internal_user": true})
}

// tags are RabbitMQ's, of who has permissions like those that they stand for.
func tags(may func(core.Action, string) bool) []string {
	switch {
	case may(core.Configure, administrators):
		return []string{"administrator"}
	case may(core.Read, administrators):
		return []string{"monitoring"}
	}
	return []string{"management"}
}

// known is the users; without any there is guest, who is whoever comes.
func (s *Service) known(r *request) []core.User {
	if s.cfg.Access == nil {
		return []core.User{{Name: "guest", Grants: []core.Grant{{Actions: core.Configure | core.Write | core.Read, Queues: []string{"*"}}}}}
	}
	return slices.DeleteFunc(s.cfg.Access.Users(), func(u core.User) bool { return r.who.Namespace != "" && u.Namespace != r.who.Namespace })
}

func userRow(u core.User) row {
	may := func(a core.Action, name string) bool {
		return slices.ContainsFunc(u.Grants, func(g core.Grant) bool { return g.Actions&a == a && slices.Contains(g.Queues, name) })
	}
	return row{"name": u.Name, "password_hash": "", "hashing_algorithm": "", "tags": tags(may), "limits": row{}}
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
		for _, u := range s.known(r) {
			if of != nil && u.Namespace != of.Name() {
				continue
			}
			vhost := u.Namespace
			if vhost == "" {
				vhost = defaultVhost
			}
			x := row{"user": u.Name, "vhost": vhost}
			for name, a := range map[string]core.Action{"configure": core.Configure, "write": core.Write, "read": core.Read} {
				x[name] = pattern(u.Grants, a)
			}
			if !yield(x) {
				return
			}
		}
	}
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
