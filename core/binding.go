package core

import "github.com/slipwaymq/slipway/core/match"

// A Binding copies what matches Filter into Queue, or, where what is
// effective is not to be stored, hands it to Sink. Immutable once bound;
// binding the same Key again replaces it in one step.
type Binding struct {
	// What every publish that matches looks at comes first, in as few cache lines as
	// it takes: among a million bindings each is a miss.
	predicate Predicate // compiled Rule
	strict    bool      // of a dialect that sees only paths MQTT can spell
	NoLocal   bool
	// KeepTransient puts transient messages into Queue too. AMQP, SNS and
	// routes set it; an MQTT session does not (they go to Sink, or nowhere
	// when offline). A sink-only binding has no Queue at all.
	KeepTransient bool
	// KeepDurable puts durable messages into Queue: granted QoS above 0.
	KeepDurable bool
	Durable     bool // survives a restart; needs a durable queue or session

	Queue  *Queue    // nil for a sink or a target alone
	Target *Exchange // an exchange that gets what matches, instead of Queue or Sink
	// Sink, if not nil, takes what is not Kept. It is never stored.
	Sink Sink
	// To, in place of Queue, is the name of a queue that is looked up for every
	// message: the binding outlives it. Where it is missing or, as the Dialect's
	// Refuse says, not to have the message, the queue named DeadTo gets it, or
	// nobody (counted as dropped).
	To   string
	Note []byte // annotation for each entry it routes
	// Copies: bindings of one queue with different Copies each deliver (SNS
	// subscriptions of different topics); the same: one copy.
	Copies  string
	Dialect string
	// Key identifies the binding in its namespace: doors choose it so that
	// binding again is the same binding ("mqtt/<client>/<filter>", an ARN).
	Key string

	Session *Session     // owner, for NoLocal
	DeadTo  string       // see To
	Filter  match.Filter // of the tree; of a topic exchange it is made of RoutingKey

	// Exchange is the source; "" is the tree. On an exchange (amq.topic too, which
	// Bind turns into the tree's Filter) RoutingKey and Arguments say what matches;
	// everything that does is kept, and an empty Key becomes BindingKey.
	Exchange   string
	RoutingKey string
	Arguments  []Header // looked at by a headers exchange; part of the Key of any

	Rule       []byte            // filter policy or selector, compiled by the Dialect; nil matches all
	Attributes map[string]string // the dialect's own words, stored and never looked into

	def []byte // the stored form; nil if it is not stored

	source  *Exchange     // nil: the tree
	headers *headersMatch // of a headers exchange
	weight  int64         // of an x-consistent-hash exchange
	at      int32         // place in source.all; guarded by the namespace's mu
	atKey   int32         // place in source.keys; guarded by the namespace's mu
}
