package core

import (
	"math"
	"time"
)

// Forever is a session expiry that never comes.
const Forever = time.Duration(math.MaxInt64)

// SessionOptions are those of one attachment of a session.
type SessionOptions struct {
	Dialect string
	// Expiry is how long the session outlives Detach: 0 ends it there and
	// makes it (queue, bindings, state) a matter of memory; Forever keeps it.
	Expiry     time.Duration
	Will       *Will
	Queue      QueueOptions // limits of the backlog; Durable, Hidden and Owner are set by the core
	Attributes map[string]string
}

// A Will is published when its session is detached without a goodbye: Delay
// later, or when the session ends if that is sooner, and not at all if the
// session is opened again before. It survives a restart with its session.
type Will struct {
	Message *Message
	To      Address
	Retain  bool
	Delay   time.Duration
	// Expiry, if not 0, is how long the message is worth something from when the
	// will is published: it becomes the message's ExpiresAt then.
	Expiry time.Duration
}

// A StateChange sets (or with nil Value deletes) one small value in a
// session's durable state, which the door alone interprets.
type StateChange struct {
	Key   uint32
	Value []byte
}
