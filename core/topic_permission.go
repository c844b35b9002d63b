package core

import (
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core/match"
)

// Topic permissions are RabbitMQ's: of what an account may do with an exchange they
// leave only the routing keys that a pattern is found in. {username}, {vhost} and
// {client_id} in it stand for what they say, literally; the last for itself where the
// protocol has no such thing, as there: it is MQTT's. An exchange without any is
// not restricted. They hold for exchanges of kind topic, and so for topics through
// any door: amq.topic is their tree, and its keys are what AMQP writes for a path.

// TopicPermissions are of one account for one exchange, in Go's syntax (RE2); ""
// is found in the empty key only.
type TopicPermissions struct {
	Write string `json:"write,omitempty"` // publish, with this key
	Read  string `json:"read,omitempty"`  // bind, with this key
}

// Check says what is wrong with them (Invalid), if anything.
func (t TopicPermissions) Check() error {
	_, err := t.compiled("", "")
	return err
}

// clientID is replaced when it is known.
const clientID = "{client_id}"

// keyPattern is one pattern. Immutable.
type keyPattern struct {
	text    string         // with {client_id} still in it
	all     *regexp.Regexp // nil: it depends on the client
	unknown *regexp.Regexp // of a client that says no identifier: there the variable stands for itself, as in RabbitMQ
}

// keyPatterns restrict the keys of one exchange. Immutable.
type keyPatterns struct{ write, read keyPattern }

func (t TopicPermissions) compiled(user, namespace string) (*keyPatterns, error) {
	write, err := newKeyPattern(t.Write, user, namespace)
	if err != nil {
		return nil, err
	}
	read, err := newKeyPattern(t.Read, user, namespace)
	return &keyPatterns{write, read}, err
}

func newKeyPattern(text, user, namespace string) (p keyPattern, err error) {
	if len(text) > maxPattern {
		return p, errf(Invalid, "a permission has at most %d bytes", maxPattern)
	}
	if text == "" {
		text = "^$"
	}
	if namespace == "" {
		namespace = "/"
	}
	p.text = strings.NewReplacer("{username}", regexp.QuoteMeta(user), "{vhost}", regexp.QuoteMeta(namespace)).Replace(text)
	if p.unknown, err = p.compile(clientID); err != nil {
		return p, errf(Invalid, "%v", err)
	}
	if !strings.Contains(p.text, clientID) {
		p.all = p.unknown
	}
	return p, nil
}

func (p *keyPattern) compile(client string) (*regexp.Regexp, error) {
	return regexp.Compile(strings.ReplaceAll(p.text, clientID, regexp.QuoteMeta(client)))
}

func (p *keyPatterns) same(o *keyPatterns) bool {
	return p.write.text == o.write.text && p.read.text == o.read.text
}

// A client is what a Principal of one connection adds to its user.
type client struct {
	id   string                       // immutable
	last [2]atomic.Pointer[clientKey] // what was compiled last, to write and to read
}

type clientKey struct {
	of string // the pattern's text
	re *regexp.Regexp
}

// ForClient is the same user at a client that says its identifier; what it may do
// follows Access as p does.
func (p *Principal) ForClient(id string) *Principal {
	if p.Anonymous {
		return p
	}
	return &Principal{Name: p.Name, Namespace: p.Namespace, user: p.self(), client: &client{id: id}}
}

// self is the Principal that has the rights.
func (p *Principal) self() *Principal {
	if p.user != nil {
		return p.user
	}
	return p
}

// MayKey reports whether the keys of an exchange of kind topic that may be written,
// or read, include this one: beside, not instead of, MayExchange.
func (p *Principal) MayKey(a Action, exchange, key string) bool {
	if p == nil || p.Anonymous {
		return p != nil
	}
	r := p.self().rights.Load()
	if r == nil || len(r.keys) == 0 {
		return true
	}
	k := r.keys[exchange]
	if k == nil {
		return true
	}
	return (a&Write == 0 || p.found(&k.write, 0, key)) && (a&Read == 0 || p.found(&k.read, 1, key))
}

func (p *Principal) found(pattern *keyPattern, slot int, key string) bool {
	if pattern.all != nil {
		return pattern.all.MatchString(key)
	}
	if p.client == nil || p.client.id == "" {
		return pattern.unknown.MatchString(key)
	}
	last := p.client.last[slot].Load()
	if last == nil || last.of != pattern.text {
		re, err := pattern.compile(p.client.id)
		if err != nil {
			return false
		}
		last = &clientKey{pattern.text, re}
		p.client.last[slot].Store(last)
	}
	return last.re.MatchString(key)
}

// restricted says that somebody's topics are, so that a key has to be made.
func (p *Principal) restricted() bool {
	if p == nil || p.Anonymous {
		return false
	}
	r := p.self().rights.Load()
	return r != nil && r.keys[AMQTopic] != nil
}

func (p *Principal) mayPathKey(a Action, path string) bool {
	return a&Write == 0 || !p.restricted() || p.MayKey(Write, AMQTopic, match.Swap(path))
}

func (p *Principal) mayFilterKey(a Action, f match.Filter) bool {
	if !p.restricted() {
		return true
	}
	key, ok := f.AMQP()
	return ok && p.MayKey(a, AMQTopic, key)
}

// narrowed says that some exchange is restricted now that was not, or was otherwise.
func narrowed(before, now map[string]*keyPatterns) bool {
	for exchange, k := range now {
		if old := before[exchange]; old == nil || !k.same(old) {
			return true
		}
	}
	return false
}
