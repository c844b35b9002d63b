package core

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"

	"github.com/slipwaymq/slipway/core/match"
)

// An Account is a user that was made while the broker runs, and is stored; the
// others are the configuration's (AccessUser). A configured user hides an
// account of the same name.
//
// An Account's permissions are of RabbitMQ's kind: regular expressions that are
// looked for anywhere in the name of a queue or exchange. Topics go with the
// name amq.topic: who may read from, or write to, that exchange may do so with
// every topic whose first level does not begin with `$`. "" matches nothing.
type Account struct {
	Name         string                                 `json:"-"`
	PasswordHash string                                 `json:"passwordHash,omitempty"` // as VerifyPassword takes it; "": no login by password
	Tags         []string                               `json:"tags,omitempty"`         // a bridge's own words
	Permissions  map[string]Permissions                 `json:"permissions,omitempty"`  // by namespace; no other may be entered
	Topics       map[string]map[string]TopicPermissions `json:"topics,omitempty"`       // by namespace and exchange

	made AccessUser // what Access makes of it; set by check
}

// Permissions are of one account in one namespace, in Go's syntax (RE2).
type Permissions struct {
	Configure string `json:"configure,omitempty"`
	Write     string `json:"write,omitempty"`
	Read      string `json:"read,omitempty"`
}

// Bounds of an account: what anybody who may make one can make every login and
// every start cost.
const (
	maxAccounts    = 10_000
	maxPermissions = 1_000 // of one account
	maxTags        = 32
	maxPattern     = 1_024 // bytes
)

// forAll are the patterns that are known to match every name.
var forAll = []string{".*", "^.*$", "^.*", ".*$"}

// Check says what is wrong with permissions (Invalid), if anything.
func (p Permissions) Check() error {
	_, err := p.grants()
	return err
}

func (p Permissions) grants() (all []Grant, err error) {
	for _, x := range []struct {
		action  Action
		pattern string
	}{{Configure, p.Configure}, {Write, p.Write}, {Read, p.Read}} {
		g := Grant{Actions: x.action}
		switch {
		case x.pattern == "":
			continue
		case len(x.pattern) > maxPattern:
			return nil, errf(Invalid, "a permission has at most %d bytes", maxPattern)
		case slices.Contains(forAll, x.pattern):
			g.Queues = []string{anyName}
		default:
			if g.Names, err = regexp.Compile(x.pattern); err != nil {
				return nil, errf(Invalid, "%v", err)
			}
		}
		if g.Names == nil || g.Names.MatchString(AMQTopic) {
			g.Topics = []match.Filter{everyTopic}
		}
		all = append(all, g)
	}
	return all, nil
}

var everyTopic, _ = match.ParseMQTT("#")

// user is what Access makes of an account.
func (acc *Account) user() (AccessUser, error) {
	u := AccessUser{Name: acc.Name, PasswordHash: acc.PasswordHash, Tags: acc.Tags, account: true, Elsewhere: map[string][]Grant{}}
	for ns, p := range acc.Permissions {
		grants, err := p.grants()
		if err != nil {
			return u, err
		}
		if ns == "" {
			u.Grants, u.home = grants, true
		} else {
			u.Elsewhere[ns] = grants
		}
	}
	var err error
	u.keys, err = acc.keys()
	return u, err
}

func (acc *Account) keys() (map[string]map[string]*keyPatterns, error) {
	all := map[string]map[string]*keyPatterns{}
	for ns, of := range acc.Topics {
		all[ns] = map[string]*keyPatterns{}
		for exchange, t := range of {
			k, err := t.compiled(acc.Name, ns)
			if err != nil {
				return nil, err
			}
			all[ns][exchange] = k
		}
	}
	return all, nil
}

func (acc *Account) clone() *Account {
	c := *acc
	c.Tags, c.Permissions, c.Topics = slices.Clone(acc.Tags), maps.Clone(acc.Permissions), maps.Clone(acc.Topics)
	for ns, of := range c.Topics {
		c.Topics[ns] = maps.Clone(of)
	}
	return &c
}

// topics is how many exchanges it has topic permissions for.
func (acc *Account) topics() (n int) {
	for _, of := range acc.Topics {
		n += len(of)
	}
	return n
}

// leave takes what it has in a namespace, and says whether there was anything.
func (acc *Account) leave(namespace string) bool {
	_, may := acc.Permissions[namespace]
	_, topics := acc.Topics[namespace]
	delete(acc.Permissions, namespace)
	delete(acc.Topics, namespace)
	return may || topics
}

func (acc *Account) check() error {
	switch {
	case acc.Name == "" || len(acc.Name) > maxName:
		return errf(Invalid, "a user name has 1 to %d bytes", maxName)
	case len(acc.Permissions) > maxPermissions:
		return errf(OverLimit, "a user has permissions in at most %d namespaces", maxPermissions)
	case acc.topics() > maxPermissions:
		return errf(OverLimit, "a user has topic permissions for at most %d exchanges", maxPermissions)
	case len(acc.Tags) > maxTags:
		return errf(OverLimit, "a user has at most %d tags", maxTags)
	}
	made, err := acc.user()
	acc.made = made
	return err
}

// Keep has Access know the accounts that a broker stores, and store there those
// that are made. ended is told whose connections have to end, as Replace says.
// It is called once, before accounts are changed.
func (a *Access) Keep(b *Broker, ended func(names []string)) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	a.broker, a.ended = b, ended
	a.accounts = b.accounts
	if a.accounts == nil {
		a.accounts = map[string]*Account{}
	}
	_, err := a.rebuild(a.configured, a.accounts)
	return err
}

// Accounts lists them, ordered by name.
func (a *Access) Accounts() []Account {
	a.changing.Lock()
	defer a.changing.Unlock()
	list := make([]Account, 0, len(a.accounts))
	for _, name := range slices.Sorted(maps.Keys(a.accounts)) {
		list = append(list, *a.accounts[name].clone())
	}
	return list
}

// ChangeAccount has change see to the account of a name, a new one if there is
// none; durable, and in force, when it returns. An error of change is returned
// as it is, and nothing changes. Denied: the configuration has a user of that
// name. Invalid, OverLimit: as it would be it cannot be.
func (a *Access) ChangeAccount(name string, change func(acc *Account, created bool) error) (created bool, err error) {
	err = a.changeAccounts(name, func(old *Account) (*Account, error) {
		next := &Account{Name: name}
		if created = old == nil; !created {
			next = old.clone()
		}
		if created && len(a.accounts) >= maxAccounts {
			return nil, errf(OverLimit, "there are %d users, the limit", maxAccounts)
		}
		if err := change(next, created); err != nil {
			return nil, err
		}
		next.Name = name
		return next, next.check()
	})
	return created, err
}

// DeleteAccount removes an account; durable, and in force, when it returns.
// NotFound: there is none. Denied: it is a user of the configuration.
func (a *Access) DeleteAccount(name string) error {
	return a.changeAccounts(name, func(old *Account) (*Account, error) {
		if old == nil {
			return nil, errf(NotFound, "no user %q", name)
		}
		return nil, nil
	})
}

func (a *Access) changeAccounts(name string, change func(old *Account) (*Account, error)) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	if a.broker == nil {
		return errf(Invalid, "users cannot be kept")
	}
	if slices.ContainsFunc(a.configured, func(u AccessUser) bool { return u.Name == name }) {
		return errf(Denied, "user %q is set by the configuration and can be changed only there", name)
	}
	now, err := change(a.accounts[name])
	if err != nil {
		return err
	}
	if err := a.broker.saveAccount(name, now); err != nil {
		return err
	}
	all := maps.Clone(a.accounts)
	if all[name] = now; now == nil {
		delete(all, name)
	}
	revoked, err := a.rebuild(a.configured, all)
	if len(revoked) > 0 && a.ended != nil {
		a.ended(revoked)
	}
	return err
}

// Forbid takes every account's permissions in a namespace that is being deleted, of
// those too that the configuration hides; durable, and in force, when it returns.
// Nobody is ended, as Replace says: who is in it is for the caller to cut off, and
// elsewhere nobody has less.
func (a *Access) Forbid(namespace string) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	all := maps.Clone(a.accounts)
	for name, acc := range a.accounts {
		next := acc.clone()
		if !next.leave(namespace) {
			continue
		}
		if err := next.check(); err != nil {
			return err
		}
		if err := a.broker.saveAccount(name, next); err != nil {
			return err
		}
		all[name] = next
	}
	_, err := a.rebuild(a.configured, all)
	return err
}

// Configures says whether a user of the configuration is in a namespace.
func (a *Access) Configures(namespace string) bool {
	a.changing.Lock()
	defer a.changing.Unlock()
	return slices.ContainsFunc(a.configured, func(u AccessUser) bool { return u.Namespace == namespace })
}

// saveAccount makes the store follow, durably.
func (b *Broker) saveAccount(name string, acc *Account) error {
	key := defKey('u', "", name)
	if acc == nil {
		return b.wait(Durable, func(g *staging) { g.batch.Delete(key) })
	}
	val, err := json.Marshal(acc)
	if err != nil {
		return err
	}
	return b.wait(Durable, func(g *staging) { g.batch.Set(key, val) })
}

func (r *recovery) account(_ *Namespace, name string, val []byte) error {
	acc := &Account{Name: name}
	if err := json.Unmarshal(val, acc); err != nil {
		return err
	}
	if r.b.accounts == nil {
		r.b.accounts = map[string]*Account{}
	}
	r.b.accounts[name] = acc
	return acc.check()
}
