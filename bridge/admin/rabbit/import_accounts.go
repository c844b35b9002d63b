package rabbit

import (
	"errors"

	"github.com/slipwaymq/slipway/core"
)

// mayMake says whether the importer may make users and vhosts.
func (in *importing) mayMake() bool {
	return IsAdministrator(in.r.caller)
}

// hashers bounds how many passwords of one import are hashed at once: each takes
// some 20 MiB, and a core.
const hashers = 4

// accounts makes users and gives permissions, all in one change: what of it cannot
// be is told of, and left out.
func (in *importing) accounts(d *definitionsBody) {
	if len(d.Users)+len(d.Permissions)+len(d.Topics) == 0 {
		return
	}
	if !in.mayMake() || in.only != nil || in.s.cfg.Access == nil {
		in.noAccounts(d)
		return
	}
	users := make([]newUser, len(d.Users))
	together(len(users), hashers, func(i int) { users[i] = in.s.prepared(d.Users[i].Name, &d.Users[i]) })
	first, created := len(in.lines), 0
	err := in.s.cfg.Access.ChangeAccounts(func(e *core.Edit) error {
		created = in.users(e, users)
		in.permissions(e, d.Permissions)
		in.topicPermissions(e, d.Topics)
		return nil
	})
	if err != nil {
		for i := range in.lines[first:] {
			l := &in.lines[first+i]
			*l = outcome(l.What, l.VHost, l.Name, err)
		}
		return
	}
	if len(d.Users) > 0 {
		in.s.madeUsers(in.r.caller, created, d.Users[len(d.Users)-1].Name)
	}
}

func (in *importing) noAccounts(d *definitionsBody) {
	for i := range d.Users {
		in.tell("user", "", d.Users[i].Name, errNotAdministrator)
	}
	for i := range d.Permissions {
		in.tell("permission", d.Permissions[i].VHost, d.Permissions[i].User, errNotAdministrator)
	}
	for i := range d.Topics {
		in.tell("topic permission", d.Topics[i].VHost, d.Topics[i].User, errNotAdministrator)
	}
}

func (in *importing) users(e *core.Edit, users []newUser) (created int) {
	for i := range users {
		isNew, err := users[i].set(e, in.r.caller)
		if isNew {
			created++
		}
		in.tell("user", "", users[i].name, configuredOr(err))
	}
	return created
}

func (in *importing) permissions(e *core.Edit, all []permissionBody) {
	exists := in.s.existing()
	for i := range all {
		b := &all[i]
		in.tell("permission", b.VHost, b.User, in.forUser(b.User, b.VHost, func(ns *core.Namespace) error {
			p, err := b.permissions()
			if err == nil {
				_, err = permit(e, in.r.caller, b.User, ns.Name(), &p, exists)
			}
			return err
		}))
	}
}

func (in *importing) topicPermissions(e *core.Edit, all []topicBody) {
	exists := in.s.existing()
	for i := range all {
		b := &all[i]
		in.tell("topic permission", b.VHost, b.User, in.forUser(b.User, b.VHost, func(ns *core.Namespace) error {
			t, err := b.permissions()
			if err == nil {
				_, err = setTopics(e, in.r.caller, b.User, ns.Name(), *b.Exchange, t, exists)
			}
			return err
		}))
	}
}

// forUser has f give a user something in a vhost, if both can be.
func (in *importing) forUser(user, vhost string, f func(*core.Namespace) error) error {
	ns, err := in.namespace(vhost)
	if err != nil {
		return err
	}
	if user == guest {
		return errGuest
	}
	if err = f(ns); errors.Is(err, notFound) {
		return noVhostOrUser
	}
	return configuredOr(err)
}

// existing is exists as of now, to be asked often.
func (s *Service) existing() func(namespace string) bool {
	all := map[string]bool{}
	for _, ns := range s.cfg.Broker.Namespaces() {
		all[ns.Name()] = true
	}
	return func(namespace string) bool { return all[namespace] }
}
