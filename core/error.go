package core

import (
	"errors"
	"fmt"
)

// A Kind says what went wrong in terms every protocol can translate. Each
// door has one function from Kind to its own reply.
type Kind uint8

const (
	// Internal is anything unforeseen: an internal error to the client, a
	// log line for the operator.
	Internal Kind = iota
	// NotFound: no such queue, topic, binding or session.
	NotFound
	// Exists: there is one already and it differs from what was asked.
	Exists
	// Invalid: a name, filter, option or value that cannot be.
	Invalid
	// Denied: the principal has no permission for it.
	Denied
	// Full: a queue's own limit with overflow reject-publish.
	Full
	// TooLarge: a message or an atomic group over its size limit.
	TooLarge
	// NoSpace: the disk is below its low-space watermark.
	NoSpace
	// OverLimit: a count limit (in flight, queues, sessions) is reached.
	OverLimit
	// Locked: the queue is exclusive to another connection or consumer.
	Locked
	// Stale: the receipt is of a delivery that is over.
	Stale
	// Closed: the broker is draining, or the queue or session is gone.
	Closed
	// InUse: a queue or exchange that was to be deleted only if unused is used.
	InUse
	// NotEmpty: a queue that was to be deleted only if empty is not.
	NotEmpty
)

var kindNames = [...]string{"internal error", "not found", "exists", "invalid", "denied", "full",
	"too large", "no space", "over limit", "locked", "stale", "closed", "in use", "not empty"}

func (k Kind) String() string { return kindNames[k] }

// Error is the only error type that core returns to doors.
type Error struct {
	Kind  Kind
	Msg   string
	Field string // Exists: the option that differs, by the name of its Go field; OverLimit: the name of the quota; Invalid: a policy's setting
	By    string // with a quota: whose it is, namespace or user
	Limit int64  // with a quota: how high it is
}

func (e *Error) Error() string { return e.Kind.String() + ": " + e.Msg }

// KindOf is the Kind of an error that came out of core, and Internal for any
// other.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

func errf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}
