package rabbit

import (
	"iter"
	"maps"
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
)

// Topic permissions: the routing keys that an account may write to, and bind by, in
// an exchange of kind topic (core.TopicPermissions).
//
//	GET topic-permissions, vhosts/V/topic-permissions, users/U/topic-permissions   lists
//	GET topic-permissions/V/U       those of one user in one vhost; none is not found
//	PUT topic-permissions/V/U       exchange, write, read: regular expressions (RE2) with {username}, {vhost}, {client_id}
//	DELETE topic-permissions/V/U    all of them

// topicBody is what is put, and what definitions have.
type topicBody struct {
	User     string  `json:"user"`
	VHost    string  `json:"vhost"`
	Exchange *string `json:"exchange"`
	Write    *string `json:"write"`
	Read     *string `json:"read"`
}

func (b *topicBody) permissions() (t core.TopicPermissions, err error) {
	for _, x := range []struct {
		name string
		from *string
	}{{"exchange", b.Exchange}, {"write", b.Write}, {"read", b.Read}} {
		if x.from == nil {
			return t, invalid("bad_request", "[{key_missing,"+x.name+"}]")
		}
	}
	t = core.TopicPermissions{Write: *b.Write, Read: *b.Read}
	if err := t.Check(); err != nil {
		return t, invalid("bad_request", "invalid_regexp: "+err.Error())
	}
	return t, nil
}

// setTopics gives an account its permissions for an exchange.
func setTopics(e *core.Edit, caller *core.Principal, user, namespace, exchange string, t core.TopicPermissions, exists func(string) bool) (created bool, err error) {
	_, err = e.Change(user, func(acc *core.Account, isNew bool) error {
		switch {
		case !IsAdministrator(caller):
			return errNotAdministrator
		case isNew, !exists(namespace):
			return noVhostOrUser
		}
		if acc.Topics == nil {
			acc.Topics = map[string]map[string]core.TopicPermissions{}
		}
		if created = acc.Topics[namespace] == nil; created {
			acc.Topics[namespace] = map[string]core.TopicPermissions{}
		}
		acc.Topics[namespace][exchange] = t
		return nil
	})
	return created, err
}

func (s *Service) putTopicPermission(w http.ResponseWriter, r *request) error {
	body, err := read[topicBody](r, maxBody)
	if err != nil {
		return err
	}
	t, err := body.permissions()
	if err != nil {
		return err
	}
	created := false
	err = s.cfg.Access.ChangeAccounts(func(e *core.Edit) (err error) {
		created, err = setTopics(e, r.caller, r.PathValue("user"), r.ns.Name(), *body.Exchange, t, s.exists)
		return err
	})
	if err != nil {
		return configuredOr(err)
	}
	s.did(r, "topic permissions set", "of", r.PathValue("user"), "exchange", *body.Exchange, "write", t.Write, "read", t.Read)
	return done(w, created)
}

func (s *Service) deleteTopicPermissions(w http.ResponseWriter, r *request) error {
	_, err := s.cfg.Access.ChangeAccount(r.PathValue("user"), func(acc *core.Account, isNew bool) error {
		switch {
		case !IsAdministrator(r.caller):
			return errNotAdministrator
		case isNew || acc.Topics[r.ns.Name()] == nil:
			return notFound
		}
		delete(acc.Topics, r.ns.Name())
		return nil
	})
	if err != nil {
		return configuredOr(err)
	}
	s.did(r, "topic permissions deleted", "of", r.PathValue("user"))
	return done(w, false)
}

// topicRows are of all accounts that the caller may know of; a vhost, or a user, may
// be named.
func (s *Service) topicRows(of *core.Namespace, user string) iter.Seq[row] {
	return func(yield func(row) bool) {
		if s.cfg.Access == nil {
			return
		}
		for _, acc := range s.cfg.Access.Accounts() {
			if user == "" || acc.Name == user {
				for _, x := range topicsOf(&acc) {
					if (of == nil || x["vhost"] == vhostOf(of)) && !yield(x) {
						return
					}
				}
			}
		}
	}
}

func topicsOf(acc *core.Account) (all []row) {
	for _, ns := range slices.Sorted(maps.Keys(acc.Topics)) {
		for _, exchange := range slices.Sorted(maps.Keys(acc.Topics[ns])) {
			t, vhost := acc.Topics[ns][exchange], ns
			if ns == "" {
				vhost = defaultVhost
			}
			all = append(all, row{"user": acc.Name, "vhost": vhost, "exchange": exchange, "write": t.Write, "read": t.Read})
		}
	}
	return all
}

func (s *Service) topicPermissions(w http.ResponseWriter, r *request) error {
	return list(w, r, s.topicRows(r.ns, ""))
}

func (s *Service) topicPermissionsOfUser(w http.ResponseWriter, r *request) error {
	user := r.PathValue("user")
	if !slices.ContainsFunc(s.known(r), func(u core.User) bool { return u.Name == user }) {
		return notFound
	}
	return list(w, r, s.topicRows(nil, user))
}

func (s *Service) topicPermission(w http.ResponseWriter, r *request) error {
	all := slices.Collect(s.topicRows(r.ns, r.PathValue("user")))
	if len(all) == 0 {
		return notFound
	}
	return answer(w, http.StatusOK, all)
}
