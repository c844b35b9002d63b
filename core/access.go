package core

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core/match"
)

// Who somebody is (Access) and what they may do (Principal). The model is one
// for every door: a user has grants, a grant allows actions on the queues and
// topics that its patterns match, and what no grant allows is refused. Doors
// ask before they call the rest of the core, which does not ask again.

// An Action is what a Principal may do to a queue or topic; several are or-ed.
type Action uint8

// The actions.
const (
	Configure Action = 1 << iota // create, change, purge, delete
	Write                        // publish, send, be a will
	Read                         // subscribe, consume, receive, browse
)

// ParseAction reads one action's name as configuration spells it.
func ParseAction(s string) (Action, bool) {
	switch s {
	case "configure":
		return Configure, true
	case "write":
		return Write, true
	case "read":
		return Read, true
	}
	return 0, false
}

// A Grant allows Actions on queues and topics.
type Grant struct {
	Actions Action
	Queues  []string       // names, in which `*` stands for any text; of exchanges too
	Names   *regexp.Regexp // names too, by an expression that is found anywhere in them; nil: none
	Topics  []match.Filter
}

// AccessUser is a user as configured.
type AccessUser struct {
	Name         string
	Namespace    string            // of the doors that carry none; "" is the default
	PasswordHash string            // "": no login by password
	SCRAM        *SCRAMVerifier    // nil: no login by SCRAM-SHA-256
	AccessKeys   map[string]string // secrets by id
	Grants       []Grant
	Tags         []string // a bridge's own words

	Elsewhere map[string][]Grant                 // grants in other namespaces, for doors that name one
	former    string                             // another hash of the same password, which it may have had; "": none
	keys      map[string]map[string]*keyPatterns // by namespace and exchange
	account   bool                               // may enter only the namespaces that are named in
	quotas    Quotas                             // what it holds is never changed
	home      bool                               // Grants, if home says so, or Elsewhere
}

// A Principal is who a connection or request acts for: a user or Anonymous.
// Doors keep it; what it may do follows Access.Replace. The zero Principal may
// do nothing.
type Principal struct {
	Name      string // "" for Anonymous
	Namespace string
	Anonymous bool                   // may do everything: only where anonymous clients are let in
	rights    atomic.Pointer[rights] // nil: none

	user   *Principal // has the rights, of one ForClient; nil: itself
	client *client    // of one ForClient
}

// rights are what a Principal may do. Immutable.
type rights struct {
	grants    []Grant
	tags      []string
	account   bool                    // only the namespaces that are named can be entered
	home      bool                    // the Principal's own is
	keys      map[string]*keyPatterns // by exchange: the only routing keys
	elsewhere map[string]*Principal   // by namespace
	quotas    Quotas
}

// AnonymousPrincipal is whoever a listener lets in without credentials.
func AnonymousPrincipal() *Principal { return &Principal{Anonymous: true} }

// In is the same user in another namespace, or the same one; nil: not to be
// entered. What it may do follows Access as p does.
func (p *Principal) In(namespace string) *Principal {
	if p.Anonymous {
		return p
	}
	r := p.self().rights.Load()
	switch {
	case r == nil:
		return nil
	case namespace == p.Namespace:
		if r.account && !r.home {
			return nil
		}
		return p
	}
	in := r.elsewhere[namespace]
	if in != nil && p.client != nil {
		return in.ForClient(p.client.id)
	}
	return in
}

// Account says that the user was made while the broker ran (Account): what is
// not about one queue or topic is then a matter of tags alone.
func (p *Principal) Account() bool {
	r := p.self().rights.Load()
	return r != nil && r.account
}

// quotas are the user's.
func (p *Principal) quotas() Quotas {
	if r := p.self().rights.Load(); r != nil {
		return r.quotas
	}
	return nil
}

// Tagged says whether the user has one of these tags.
func (p *Principal) Tagged(tags ...string) bool {
	r := p.self().rights.Load()
	return r != nil && slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(r.tags, tag) })
}

// anyName is a pattern for all names, and a name that no other pattern matches:
// who asks for it asks for every name.
const anyName = "*"

// MayQueue reports whether all the actions are granted on a queue.
func (p *Principal) MayQueue(a Action, name string) bool {
	return p.may(a, func(g *Grant) bool {
		for _, pattern := range g.Queues {
			if matchesName(pattern, name) {
				return true
			}
		}
		return g.Names != nil && name != anyName && g.Names.MatchString(name)
	})
}

// MayExchange reports whether all the actions are granted on an exchange: by the
// patterns for queues, which are for names of both, as RabbitMQ's are. What is
// published to amq.topic is a matter of topics (MayPath).
func (p *Principal) MayExchange(a Action, name string) bool { return p.MayQueue(a, name) }

// MayTopic reports whether all the actions are granted on everything that a
// filter matches, by a filter that covers it. Two grants that cover it only
// together do not count. Nothing but a filter that spells out `$` covers what
// is under it.
func (p *Principal) MayTopic(a Action, asked match.Filter) bool {
	return p.may(a, func(g *Grant) bool {
		for _, granted := range g.Topics {
			if match.Covers(granted, asked) {
				return true
			}
		}
		return false
	}) && p.mayFilterKey(a, asked)
}

// MayPath is MayTopic of one path, cheap enough for every publish. Topic permissions
// say what may be written, and what a filter may be: a path that is only read is not
// asked for them.
func (p *Principal) MayPath(a Action, path string) bool {
	return p.may(a, func(g *Grant) bool {
		for _, granted := range g.Topics {
			if granted.Match(path) {
				return true
			}
		}
		return false
	}) && p.mayPathKey(a, path)
}

func (p *Principal) may(a Action, covers func(*Grant) bool) bool {
	switch {
	case p == nil || a == 0:
		return false
	case p.Anonymous:
		return true
	}
	grants := p.granted()
	for i := range grants {
		if g := &grants[i]; g.Actions&a != 0 && covers(g) {
			if a &^= g.Actions; a == 0 {
				return true
			}
		}
	}
	return false
}

func (p *Principal) granted() []Grant {
	if r := p.self().rights.Load(); r != nil {
		return r.grants
	}
	return nil
}

// matchesName compares a queue's name with a pattern in which `*` stands for
// any text, none too. Of several `*` only the last needs to be tried again.
func matchesName(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	for ok {
		var part string
		if part, rest, star = strings.Cut(rest, "*"); !star {
			return strings.HasSuffix(name, part)
		}
		_, name, ok = strings.Cut(name, part)
	}
	return false
}

// VerifyPassword reports whether a hash is of a password. It is given to the
// core so that core need not know argon2id from bcrypt. It may be called from
// many goroutines.
type VerifyPassword func(hash string, password []byte) bool

// Access knows the users. It is safe for concurrent use.
type Access struct {
	verify   VerifyPassword         // immutable
	proofKey []byte                 // immutable; random, never stored
	current  atomic.Pointer[roster] // replaced as a whole
	turns    chan struct{}          // bounds how many passwords are hashed at once

	mu         sync.Mutex
	changing   sync.Mutex          // one change of the users at a time
	configured []AccessUser        // guarded by changing
	accounts   map[string]*Account // guarded by changing; values are not changed
	broker     *Broker             // guarded by changing; nil: accounts are not kept
	ended      func(names []string)

	tries int            // guarded by mu; logins that hash or wait for it
	from  map[string]int // guarded by mu; the same of each address
}

// maxHashing bounds the memory and the cores that logins take: argon2id is
// meant to need some 20 MiB, and anybody may try.
const maxHashing = 4

// Who cannot hash at once waits, but not behind everybody who cares to try: of
// all no more than maxTries, of one address no more than maxTriesFrom.
const (
	maxTries     = 64
	maxTriesFrom = 16
)

// ErrBusy says that too many logins are under way, or that the context of this
// one ended before its turn came. It says nothing about the password.
var ErrBusy = errf(OverLimit, "too many logins at once")

// NewAccess makes an Access. proofKey is random and this process's own; it
// has at least 16 bytes.
func NewAccess(users []AccessUser, verify VerifyPassword, proofKey []byte) (*Access, error) {
	if verify == nil || len(proofKey) < 16 {
		return nil, errf(Invalid, "access needs a verifier and a key of at least 16 bytes")
	}
	all, err := newRoster(users, &roster{})
	if err != nil {
		return nil, err
	}
	a := &Access{
		verify:   verify,
		proofKey: append([]byte(nil), proofKey...),
		turns:    make(chan struct{}, maxHashing),
		from:     map[string]int{},

		configured: slices.Clone(users),
	}
	a.current.Store(all)
	return a, nil
}

// Authenticate is the principal of a user whose password this is, else a
// Denied error that does not say which of the two was wrong. An unknown user
// costs as much time as a wrong password: the hash of the first user who has
// one is verified and the result thrown away, so all hashes should have the
// same parameters. It may wait for its turn to hash, as long as ctx lasts, or
// return ErrBusy. from is the client's address without a port; "" is not
// counted.
func (a *Access) Authenticate(ctx context.Context, from, name string, password []byte) (*Principal, error) {
	proof, all := a.prove(name, password), a.current.Load()
	u := all.users[name]
	if u == nil || u.hash == "" {
		if all.decoy != "" {
			if _, err := a.hashes(ctx, from, all.decoy, password); err != nil {
				return nil, err
			}
		}
		return nil, errDenied()
	}
	if last := u.proof.Load(); last != nil && hmac.Equal(last[:], proof[:]) {
		return u.principal, nil
	}
	switch is, err := a.hashes(ctx, from, u.hash, password); {
	case err != nil:
		return nil, err
	case !is:
		return nil, errDenied()
	}
	u.proof.Store(&proof)
	return u.principal, nil
}

func (a *Access) hashes(ctx context.Context, from, hash string, password []byte) (bool, error) {
	if !a.enter(from) {
		return false, ErrBusy
	}
	defer a.leave(from)
	select {
	case a.turns <- struct{}{}:
	case <-ctx.Done():
		return false, ErrBusy
	}
	defer func() { <-a.turns }()
	if ctx.Err() != nil { // select does not prefer it
		return false, ErrBusy
	}
	return a.verify(hash, password), nil
}

func (a *Access) enter(from string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tries >= maxTries || from != "" && a.from[from] >= maxTriesFrom {
		return false
	}
	a.tries++
	if from != "" {
		a.from[from]++
	}
	return true
}

func (a *Access) leave(from string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tries--
	if from == "" {
		return
	}
	if a.from[from]--; a.from[from] == 0 {
		delete(a.from, from)
	}
}

func (a *Access) prove(name string, password []byte) (proof [sha256.Size]byte) {
	mac := hmac.New(sha256.New, a.proofKey)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(name))))
	mac.Write([]byte(name))
	mac.Write(password)
	mac.Sum(proof[:0])
	return proof
}

// A User is one as lists show it.
type User struct {
	Name      string
	Namespace string
	Password  bool // logs in with one
	Grants    []Grant
	Tags      []string
	Account   bool // it was made while the broker ran
	Quotas    Quotas
}

// Empty says that there are no users.
func (a *Access) Empty() bool { return len(a.current.Load().users) == 0 }

// Users lists them, ordered by name.
func (a *Access) Users() []User {
	users := a.current.Load().users
	list := make([]User, 0, len(users))
	for _, u := range users {
		p := u.principal
		list = append(list, User{Name: p.Name, Namespace: p.Namespace, Password: u.hash != "", Grants: slices.Clone(p.granted()), Tags: u.tags, Account: p.Account(), Quotas: p.quotas()})
	}
	slices.SortFunc(list, func(a, b User) int { return cmpString(a.Name, b.Name) })
	return list
}

func errDenied() error { return errf(Denied, "wrong user name or password") }

// ByAccessKey is the secret and the principal of an access key. The secret
// verifies a signature; whoever compares it does so in constant time.
func (a *Access) ByAccessKey(id string) (secret string, p *Principal, ok bool) {
	k, ok := a.current.Load().keys[id]
	return k.secret, k.principal, ok
}

// ByIdentity is the principal of the user whom something verified outside names,
// such as a client's certificate.
func (a *Access) ByIdentity(name string) (p *Principal, ok bool) {
	u, ok := a.current.Load().users[name]
	if !ok {
		return nil, false
	}
	return u.principal, true
}
