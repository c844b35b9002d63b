package core

import (
	"crypto/sha256"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/xdg-go/stringprep"

	"github.com/slipwaymq/slipway/core/match"
)

// roster is all users at one time. Its maps are never changed.
type roster struct {
	users      map[string]*accessUser
	keys       map[string]accessKey
	decoy      string                 // a hash to verify for who has none
	scramNames map[string]*accessUser // those who have one, by their name as SASLprep has it
	scramLike  *SCRAMVerifier         // that of the first user who has one
}

type accessUser struct {
	principal *Principal     // immutable
	hash      string         // immutable
	tags      []string       // immutable
	scram     *SCRAMVerifier // immutable; nil: none
	// proof is a MAC of the password that last verified: a hash that takes
	// 50 ms is paid once and not at every reconnect.
	proof *atomic.Pointer[[sha256.Size]byte]
}

type accessKey struct {
	secret    string
	principal *Principal
}

// newRoster is of users. Who was the same user before keeps the Principal, with
// the grants of before until grant is called.
func newRoster(users []AccessUser, before *roster) (*roster, error) {
	r := &roster{users: make(map[string]*accessUser, len(users)), keys: map[string]accessKey{}, scramNames: map[string]*accessUser{}}
	for i := range users {
		if err := r.add(&users[i], before.users[users[i].Name]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *roster) add(u *AccessUser, before *accessUser) error {
	if u.Name == "" {
		return errf(Invalid, "a user without a name")
	}
	if r.users[u.Name] != nil {
		return errf(Invalid, "two users named %q", u.Name)
	}
	user := &accessUser{hash: u.PasswordHash, scram: u.SCRAM, tags: u.Tags, proof: new(atomic.Pointer[[sha256.Size]byte])}
	if user.principal = before.sameAs(u); user.principal != nil {
		user.proof = before.proof
	} else {
		user.principal = &Principal{Name: u.Name, Namespace: u.Namespace}
		user.principal.grant(u)
	}
	r.users[u.Name] = user
	if r.decoy == "" {
		r.decoy = u.PasswordHash
	}
	if err := r.addSCRAM(u, user); err != nil {
		return err
	}
	for id, secret := range u.AccessKeys {
		if _, taken := r.keys[id]; taken || id == "" || secret == "" {
			return errf(Invalid, "access key %q of user %q is empty or another's", id, u.Name)
		}
		r.keys[id] = accessKey{secret, user.principal}
	}
	return nil
}

func (r *roster) addSCRAM(u *AccessUser, user *accessUser) error {
	if u.SCRAM == nil {
		return nil
	}
	if err := u.SCRAM.check(); err != nil {
		return err
	}
	name, err := stringprep.SASLprep.Prepare(u.Name)
	if err != nil || name == "" || r.scramNames[name] != nil {
		return errf(Invalid, "the user name %q cannot be told apart, or said, in SCRAM", u.Name)
	}
	r.scramNames[name] = user
	if r.scramLike == nil {
		r.scramLike = u.SCRAM
	}
	return nil
}

// sameAs is the Principal of a user who logs in as before, else nil.
func (u *accessUser) sameAs(now *AccessUser) *Principal {
	if u == nil || u.principal.Namespace != now.Namespace || u.hash != now.PasswordHash && (now.former == "" || u.hash != now.former) || !reflect.DeepEqual(u.scram, now.SCRAM) {
		return nil
	}
	return u.principal
}

// grant gives the Principal, and what it is in other namespaces, the rights of u.
func (p *Principal) grant(u *AccessUser) {
	before := map[string]*Principal{}
	if r := p.rights.Load(); r != nil {
		before = r.elsewhere
	}
	now := &rights{slices.Clone(u.Grants), u.Tags, u.account, u.home, u.keys[p.Namespace], map[string]*Principal{}, u.quotas}
	for ns, grants := range u.Elsewhere {
		q := before[ns]
		if q == nil {
			q = &Principal{Name: p.Name, Namespace: ns}
		}
		q.rights.Store(&rights{grants: slices.Clone(grants), tags: u.Tags, account: u.account, home: true, keys: u.keys[ns], quotas: u.quotas})
		now.elsewhere[ns] = q
	}
	p.rights.Store(now)
	for ns, q := range before {
		if now.elsewhere[ns] == nil {
			q.end()
		}
	}
}

// end takes everything from a Principal, here and elsewhere: its user is gone, or
// logs in otherwise. Connections are ended, but a request whose body is still to
// come has none that could be.
func (p *Principal) end() {
	before := p.rights.Swap(&rights{account: true})
	if before == nil {
		return
	}
	for _, q := range before.elsewhere {
		q.end()
	}
}

// loses says that u has less, in some namespace, than the Principal has now.
func (p *Principal) loses(u *AccessUser) bool {
	r := p.rights.Load()
	if r == nil {
		return false
	}
	for ns, q := range r.elsewhere {
		if _, still := u.Elsewhere[ns]; !still || shrunk(q.granted(), u.Elsewhere[ns]) || narrowed(q.rights.Load().keys, u.keys[ns]) {
			return true
		}
	}
	return narrowed(r.keys, u.keys[p.Namespace]) || r.home && !u.home || shrunk(r.grants, u.Grants)
}

// Replace makes these the users, all at once, or with an error none of them.
// Logins go by them from now on. A Principal whose user logs in as before (name,
// namespace, password, SCRAM verifier) has the new grants at once, any other
// nothing any more. revoked are
// the names, in order, of users whose connections have to end: what was set up
// under them may not go on, since there is no such user any more, logs in
// otherwise, or has lost a grant. Accounts stay; those of the same names are
// hidden.
func (a *Access) Replace(users []AccessUser) (revoked []string, err error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	return a.rebuild(slices.Clone(users), a.accounts)
}

// rebuild makes these the users and accounts, as Replace. changing is held.
func (a *Access) rebuild(configured []AccessUser, accounts map[string]*Account) (revoked []string, err error) {
	users := slices.Clone(configured)
	names := map[string]bool{}
	for _, u := range configured {
		names[u.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		if !names[name] {
			users = append(users, accounts[name].made)
		}
	}
	if revoked, err = a.replace(users); err == nil {
		a.configured, a.accounts = configured, accounts
	}
	return revoked, err
}

func (a *Access) replace(users []AccessUser) (revoked []string, err error) {
	before := a.current.Load()
	now, err := newRoster(users, before)
	if err != nil {
		return nil, err
	}
	a.current.Store(now)
	for i := range users {
		u := &users[i]
		if old := before.users[u.Name]; old != nil && old.principal == now.users[u.Name].principal {
			if old.principal.loses(u) {
				revoked = append(revoked, u.Name)
			}
			old.principal.grant(u)
		}
	}
	for name, old := range before.users {
		if is := now.users[name]; is == nil || is.principal != old.principal {
			old.principal.end()
			revoked = append(revoked, name)
		}
	}
	slices.Sort(revoked)
	return revoked, nil
}

// shrunk says that something which before granted is not granted any more.
func shrunk(before, now []Grant) bool {
	for _, g := range before {
		for a := Configure; a <= Read; a <<= 1 {
			if g.Actions&a == 0 {
				continue
			}
			p := Principal{}
			p.rights.Store(&rights{grants: now})
			if g.Names != nil && !p.may(a, func(x *Grant) bool {
				return slices.Contains(x.Queues, anyName) || x.Names != nil && x.Names.String() == g.Names.String()
			}) {
				return true
			}
			for _, pattern := range g.Queues {
				if !p.may(a, func(g *Grant) bool { return slices.Contains(g.Queues, pattern) || slices.Contains(g.Queues, "*") }) {
					return true
				}
			}
			if slices.ContainsFunc(g.Topics, func(f match.Filter) bool { return !p.MayTopic(a, f) }) {
				return true
			}
		}
	}
	return false
}
