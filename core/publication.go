package core

// A Publication is one message on its way to one address. The core owns it
// from Publish until its Confirm is called; Message.Body (and nothing else)
// may be borrowed from a read buffer until Publish returns.
type Publication struct {
	Message *Message
	To      Address
	// HiddenKeys are further routing keys that do not stay with the message
	// (AMQP's BCC); those that stay are Message.Keys. A queue gets one copy.
	HiddenKeys []string
	// Routed is how many bindings and queues take it: set before Publish or
	// Commit returns, so that a door can return what nobody takes. On an
	// ExchangeAddress 0 is no error.
	Routed int

	// TimeToLive, if positive, is how many milliseconds after it was accepted the
	// message expires: exactly, where a door that adds them to its own reading of
	// the clock is now and then one off. It sets Message.ExpiresAt.
	TimeToLive int64

	// Retain makes the message the retained value of its topic path; an
	// empty body clears it.
	Retain bool
	// RetainOnly stores the retained value and routes to nobody.
	RetainOnly bool

	// NoLocal is not routed to bindings whose Session is this one and that
	// asked for it.
	NoLocal *Session

	// Session and Mark record Mark in the session's state in the same atomic
	// group (an MQTT QoS 2 packet id), so that a duplicate after a crash is
	// recognised.
	Session *Session
	Mark    *StateChange

	// Confirm is told the outcome once the message is as durable as its
	// targets make it (DESIGN section 5). nil: nobody asks, and a persistent
	// message becomes durable within 10 ms.
	Confirm Confirm
	Token   uint64
}

// Flusher writes out what was appended. The core calls it after a batch of
// calls of which one returned dirty, without any lock held.
type Flusher interface {
	Flush()
}

// A Prompt Flusher can write at once, if it is little. The committer asks for that
// where it has few to flush: what a group of one publisher and one consumer has to
// say is written sooner than a goroutine would be started for it.
type Prompt interface {
	// FlushNow is Flush that may take the time of a write that does not wait.
	FlushNow()
}

// Confirm is told how a publish, settlement or state change ended. It is
// called by who commits (the committer's goroutine, a Publisher in Flush), or
// before the submitting call returns: it must not block and may not call
// anything of core that waits.
// It returns true if a Flush is now due that was not due before.
type Confirm interface {
	Flusher
	Confirmed(token uint64, o Outcome) (dirty bool)
}

// Outcome is how a publish ended.
type Outcome struct {
	Err       error
	ID        MessageID // of the message, or of the original of a duplicate
	Sequence  uint64    // its number in a grouped queue, fixed at send; 0 elsewhere
	Routed    int       // bindings and queues that took it
	Duplicate bool      // deduplicated; ID and Sequence are the original's
}

// A Sink takes what must not be stored: a binding's target for effective QoS
// 0. Send is called on the publisher's goroutine with no lock of a queue
// held; it appends to a bounded output and drops (and counts) when that is
// full. It must not keep m.Body without copying, unless Message.Kept. It returns true
// if a Flush is now due that was not due before, and, if its reader is behind with what it
// has, whom a publisher that can may wait for.
type Sink interface {
	Flusher
	Send(m *Message, note []byte) (dirty bool, behind Laggard)
}

// A Laggard is a reader that is behind. CatchUp waits until it is less so, for a
// bounded time, and reports whether it is; a channel that is ready ends it early.
type Laggard interface {
	CatchUp(stop <-chan struct{}) bool
}
