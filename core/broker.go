package core

import (
	"io"
	"log/slog"
	"time"
)

// Options are what a Broker is built with; zero fields take the defaults of
// doc.go's table.
type Options struct {
	Clock Clock     // required
	Rand  io.Reader // required; cryptographically strong
	Log   *slog.Logger

	// Dialects are the doors' pure functions that the core calls for what it
	// stored on their behalf, by the name they declare things under.
	Dialects map[string]Dialect

	// Fatal is called once when the store failed. The process must stop:
	// nothing is confirmed any more. Default: panic.
	Fatal func(error)

	Limits Limits
}

// Clock is the time and the timers that core uses.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f in its own goroutine after d; stop prevents it if it
	// is not yet called.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// A Dialect is what a door tells the core about its own opaque data. Both
// functions are pure and safe for concurrent use; either may be nil.
type Dialect struct {
	// Merge makes one annotation of those of several bindings that route one
	// publish into the same queue, in order of subscription. Default: the
	// first one.
	Merge func(notes [][]byte) []byte
	// Compile turns the stored form of a filter (selector, filter policy)
	// into a predicate.
	Compile func(filter []byte) (Predicate, error)
}

// A Predicate decides on immutable messages; it is pure.
type Predicate interface {
	Matches(*Message) bool
}

// Limits bound what clients can make the broker hold.
type Limits struct {
	MessageBytes   int   // one message with headers; default 16 MiB
	GroupBytes     int   // one atomic group; default 16 MiB
	Queues         int   // default 1,000,000
	WindowMessages int   // of one queue in memory; default 1,000
	WindowBytes    int   // of one queue in memory; default 1 MiB
	MemoryBytes    int64 // message bytes held by all windows, deliveries and pending publishes; default 256 MiB
	ParkedBytes    int   // parked publishes of one publisher before it is asked to wait; default 1 MiB
	HeaderCount    int   // default 1,000
}
