package rabbit

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

// Users and permissions that are set here are accounts (core.Account).
//
//	PUT users/U                password, or password_hash with hashing_algorithm (sha256, sha512); without
//	                           either nobody logs in as U by password; tags, as text or a list
//	DELETE users/U             ends the user's connections, as losing a permission does
//	POST users/bulk-delete     yes
//	PUT permissions/V/U        configure, write, read: regular expressions (RE2)
//	DELETE permissions/V/U     yes
//	limits                     beside them, or alone (limits.go)
//	users of the configuration refused: it is set there
//	guest                      refused: that is who comes from this machine, where anonymous clients are let in

// guest is whoever comes, where anonymous clients are let in.
const guest = "guest"

var (
	noVhostOrUser       = invalid("bad_request", "vhost_or_user_not_found")
	errGuest      error = invalid("bad_request", "guest is whoever comes from this machine while anonymous clients are let in: the configuration says whether they are")
)

// manage lets only administrators through, and only where users can be kept.
func (s *Service) manage(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		switch {
		case !IsAdministrator(r.caller):
			return refused("Not administrator user")
		case s.cfg.Access == nil:
			return invalid("bad_request", "users cannot be kept here")
		}
		return h(w, r)
	}
}

// userBody is a user as RabbitMQ's API and exports have it.
type userBody struct {
	Name      string          `json:"name"`
	Password  *string         `json:"password"`
	Hash      string          `json:"password_hash"`
	Algorithm string          `json:"hashing_algorithm"`
	Tags      json.RawMessage `json:"tags"`   // names between commas, or a list
	Limits    map[string]any  `json:"limits"` // those that are not named stay
}

func (b *userBody) tags() ([]string, error) {
	var list []string
	var text string
	switch {
	case len(b.Tags) == 0:
		return nil, invalid("bad_request", "tags_not_present")
	case json.Unmarshal(b.Tags, &list) == nil:
	case json.Unmarshal(b.Tags, &text) == nil:
		list = strings.Split(text, ",")
	default:
		return nil, invalid("bad_request", "tags are names between commas, or a list of names")
	}
	var tags []string
	for _, tag := range list {
		switch tag = strings.TrimSpace(tag); {
		case len(tag) > 64:
			return nil, invalid("bad_request", "a tag has at most 64 bytes")
		case tag != "" && !slices.Contains(tags, tag):
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

// A newUser is a user as it will be kept: all that takes time is done.
type newUser struct {
	name string
	tags []string
	hash string
	more core.Quotas
	err  error // it cannot be
}

// prepared reads a user and hashes the password.
func (s *Service) prepared(name string, b *userBody) (u newUser) {
	u.name = name
	if name == guest {
		u.err = errGuest
		return u
	}
	if u.more, u.err = userLimits.read(b.Limits); u.err != nil {
		u.err = worded(u.err, plainly)
		return u
	}
	if u.tags, u.err = b.tags(); u.err == nil {
		before, _ := s.cfg.Access.Account(name) // one that is new has no hash to keep
		u.hash, u.err = s.hash(b, before.PasswordHash)
	}
	return u
}

// set makes or changes a user. That the caller is an administrator is asked once
// more, while nobody else can be changing that.
func (u *newUser) set(e *core.Edit, caller *core.Principal) (created bool, err error) {
	if u.err != nil {
		return false, u.err
	}
	return e.Change(u.name, func(acc *core.Account, _ bool) error {
		if !IsAdministrator(caller) {
			return errNotAdministrator
		}
		acc.Tags, acc.PasswordHash = u.tags, u.hash
		if len(u.more) > 0 {
			acc.Quotas = with(acc.Quotas, u.more)
		}
		return nil
	})
}

// madeUsers sees to what follows from users having been made or changed.
func (s *Service) madeUsers(caller *core.Principal, created int, last string) {
	if s.cfg.Passwords.Imported != nil {
		s.cfg.Passwords.Imported()
	}
	if created > 0 && caller.Anonymous && len(s.cfg.Access.Accounts()) == created {
		s.cfg.Log.Warn("there are users now, and this listener lets in clients without credentials as before: "+
			"that ends with a user in the configuration, unless an allow_anonymous there says otherwise", "user", last)
	}
}

// hash is what is kept of a user's password; what was kept, if it is the same
// one, since another hash would end the user's connections.
func (s *Service) hash(b *userBody, before string) (string, error) {
	var hash string
	var err error
	switch {
	case b.Password != nil && *b.Password != "":
		if before != "" && s.cfg.Passwords.Verify(before, []byte(*b.Password)) {
			return before, nil
		}
		hash, err = s.cfg.Passwords.Hash([]byte(*b.Password))
	case b.Hash != "":
		hash, err = s.cfg.Passwords.Import(b.Algorithm, b.Hash, before)
	}
	if err != nil {
		return "", invalid("bad_request", err.Error())
	}
	return hash, nil
}

func (s *Service) putUser(w http.ResponseWriter, r *request) error {
	body, err := read[userBody](r, maxBody)
	if err != nil {
		return err
	}
	name := r.PathValue("user")
	u, created := s.prepared(name, &body), false
	err = s.cfg.Access.ChangeAccounts(func(e *core.Edit) (err error) {
		created, err = u.set(e, r.caller)
		return err
	})
	if err != nil {
		return configuredOr(err)
	}
	n := 0
	if created {
		n = 1
	}
	s.madeUsers(r.caller, n, name)
	s.did(r, "user set", "of", name)
	return done(w, created)
}

// configuredOr says more of what is the configuration's.
func configuredOr(err error) error {
	if core.KindOf(err) == core.Denied {
		return invalid("bad_request", err.Error())
	}
	return err
}

func (s *Service) deleteUser(w http.ResponseWriter, r *request) error {
	name := r.PathValue("user")
	if err := s.cfg.Access.DeleteAccount(name); err != nil {
		return configuredOr(err)
	}
	s.did(r, "user deleted", "of", name)
	return done(w, false)
}

func (s *Service) deleteUsers(w http.ResponseWriter, r *request) error {
	body, err := read[struct{ Users []string }](r, maxBody)
	if err != nil {
		return err
	}
	if body.Users == nil {
		return required([2]string{"users"})
	}
	deleted, stopped := 0, error(nil) // by one that is not to be: those before it are
	err = s.cfg.Access.ChangeAccounts(func(e *core.Edit) error {
		for deleted < len(body.Users) && stopped == nil {
			name := body.Users[deleted]
			if stopped = e.Delete(name); core.KindOf(stopped) == core.NotFound {
				stopped = invalid("bad_request", "no such user: "+name)
			}
			if stopped == nil {
				deleted++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range body.Users[:deleted] {
		s.did(r, "user deleted", "of", name)
	}
	if stopped != nil {
		return configuredOr(stopped)
	}
	return done(w, false)
}

// permissionBody is permissions as RabbitMQ's API and exports have them.
type permissionBody struct {
	User      string  `json:"user"`
	VHost     string  `json:"vhost"`
	Configure *string `json:"configure"`
	Write     *string `json:"write"`
	Read      *string `json:"read"`
}

func (b *permissionBody) permissions() (p core.Permissions, err error) {
	var lacks []string
	for _, x := range []struct {
		name string
		from *string
		to   *string
	}{{"configure", b.Configure, &p.Configure}, {"write", b.Write, &p.Write}, {"read", b.Read, &p.Read}} {
		if x.from == nil {
			lacks = append(lacks, "{key_missing,"+x.name+"}")
			continue
		}
		*x.to = *x.from
	}
	if lacks != nil {
		return p, invalid("bad_request", "["+strings.Join(lacks, ",")+"]")
	}
	if err := p.Check(); err != nil {
		return p, invalid("bad_request", "invalid_regexp: "+err.Error())
	}
	return p, nil
}

// permit gives an account its permissions in a namespace; nil takes them away.
func (s *Service) permit(caller *core.Principal, user, namespace string, p *core.Permissions) (created bool, err error) {
	err = s.cfg.Access.ChangeAccounts(func(e *core.Edit) (err error) {
		created, err = permit(e, caller, user, namespace, p, s.exists)
		return err
	})
	return created, configuredOr(err)
}

func permit(e *core.Edit, caller *core.Principal, user, namespace string, p *core.Permissions, exists func(string) bool) (created bool, err error) {
	_, err = e.Change(user, func(acc *core.Account, isNew bool) error {
		_, there := acc.Permissions[namespace]
		switch {
		case !IsAdministrator(caller):
			return errNotAdministrator
		case p == nil && (isNew || !there):
			return notFound
		case isNew, p != nil && !exists(namespace):
			return noVhostOrUser
		case p == nil:
			delete(acc.Permissions, namespace)
			return nil
		case acc.Permissions == nil:
			acc.Permissions = map[string]core.Permissions{}
		}
		acc.Permissions[namespace], created = *p, !there
		return nil
	})
	return created, err
}

// exists says whether a namespace is there, and not being deleted.
func (s *Service) exists(namespace string) bool {
	return slices.ContainsFunc(s.cfg.Broker.Namespaces(), func(ns *core.Namespace) bool { return ns.Name() == namespace })
}

func (s *Service) putPermission(w http.ResponseWriter, r *request) error {
	body, err := read[permissionBody](r, maxBody)
	if err != nil {
		return err
	}
	p, err := body.permissions()
	if err != nil {
		return err
	}
	created, err := s.permit(r.caller, r.PathValue("user"), r.ns.Name(), &p)
	if err != nil {
		return err
	}
	s.did(r, "permissions set", "of", r.PathValue("user"), "configure", p.Configure, "write", p.Write, "read", p.Read)
	return done(w, created)
}

func (s *Service) deletePermission(w http.ResponseWriter, r *request) error {
	if _, err := s.permit(r.caller, r.PathValue("user"), r.ns.Name(), nil); err != nil {
		return err
	}
	s.did(r, "permissions deleted", "of", r.PathValue("user"))
	return done(w, false)
}

var errNotAdministrator = refused("only administrators set users and permissions")
