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
	Quotas       Quotas                                 `json:"limits,omitempty"`       // of connections and channels

	former string     // Edit.Rehash's; of one change
	made   AccessUser // what Access makes of it; set by check
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
	u := AccessUser{
		Name: acc.Name, PasswordHash: acc.PasswordHash, former: acc.former, Tags: acc.Tags, account: true, quotas: acc.Quotas, Elsewhere: map[string][]Grant{},
	}
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
	c.former = ""
	c.Tags, c.Permissions, c.Topics, c.Quotas = slices.Clone(acc.Tags), maps.Clone(acc.Permissions), maps.Clone(acc.Topics), maps.Clone(acc.Quotas)
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

// bounded says whether there is too much of something in it.
func (acc *Account) bounded() error {
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
	return nil
}

func (acc *Account) check() error {
	if err := acc.bounded(); err != nil {
		return err
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

// Account is that of a name.
func (a *Access) Account(name string) (acc Account, ok bool) {
	a.changing.Lock()
	defer a.changing.Unlock()
	kept := a.accounts[name]
	if kept == nil {
		return Account{}, false
	}
	return *kept.clone(), true
}

// ChangeAccount has change see to the account of a name, as ChangeAccounts and
// Edit.Change say.
func (a *Access) ChangeAccount(name string, change func(acc *Account, created bool) error) (created bool, err error) {
	err = a.ChangeAccounts(func(e *Edit) (err error) {
		created, err = e.Change(name, change)
		return err
	})
	return created, err
}

// DeleteAccount removes an account, as ChangeAccounts and Edit.Delete say.
func (a *Access) DeleteAccount(name string) error {
	return a.ChangeAccounts(func(e *Edit) error { return e.Delete(name) })
}

// Forbid takes every account's permissions in a namespace that is being deleted, of
// those too that the configuration hides; durable, and in force, when it returns.
// Nobody is ended, as Replace says: who is in it is for the caller to cut off, and
// elsewhere nobody has less.
func (a *Access) Forbid(namespace string) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	changed := map[string]*Account{}
	for name, acc := range a.accounts {
		if next := acc.clone(); next.leave(namespace) {
			changed[name] = next
		}
	}
	_, err := a.take(changed)
	return err
}

// Configures says whether a user of the configuration is in a namespace.
func (a *Access) Configures(namespace string) bool {
	a.changing.Lock()
	defer a.changing.Unlock()
	return slices.ContainsFunc(a.configured, func(u AccessUser) bool { return u.Namespace == namespace })
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
