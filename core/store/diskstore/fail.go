package diskstore

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// ErrClosed is returned by the calls that come after Close.
var ErrClosed = errors.New("diskstore: closed")

// A failure is the first error that writing met: fail-stop, for good.
type failure struct {
	err      atomic.Pointer[error]
	poisoned atomic.Bool // pebble panicked, perhaps with its locks held
	fatal    func(error) // immutable
}

// fail keeps the first error, ends the process through the hook and, where
// the hook returns (tests), gives that first error back.
func (f *failure) fail(err error) error {
	err = fmt.Errorf("diskstore: failed for good: %w", err)
	if f.err.CompareAndSwap(nil, &err) {
		f.fatal(err)
	}
	return *f.err.Load()
}

func (f *failure) failed() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return nil
}

// A fatalPanic is what pebbleLogger throws when the hook came back.
type fatalPanic struct{ err error }

// recovered turns a panic out of pebble into an error that is final: pebble
// panics on some damage and on some failed writes, with its locks held.
func (f *failure) recovered(r any) error {
	switch v := r.(type) {
	case fatalPanic:
		return v.err
	case error:
		if errors.Is(v, pebble.ErrClosed) {
			return ErrClosed
		}
	}
	f.poisoned.Store(true)
	return f.fail(fmt.Errorf("panic in pebble: %v", r))
}

// A pebbleLogger is pebble's way to speak and to give up.
type pebbleLogger struct {
	log  *slog.Logger
	fail func(error) error
}

func (l pebbleLogger) Infof(format string, args ...any) {
	l.log.Debug("pebble", "msg", lazyf{format, args})
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: pebble goes on to confirm what it could not sync.
// The hook ends the process. Where it did not, the panic does, except under
// Apply, Get, Scan and Open, which make it their error.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	e := loggedError{msg: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if err, ok := a.(error); ok {
			e.cause = err
		}
	}
	panic(fatalPanic{l.fail(e)})
}

// A loggedError is an error that came as a message to log.
type loggedError struct {
	msg   string
	cause error
}

func (e loggedError) Error() string { return e.msg }
func (e loggedError) Unwrap() error { return e.cause }

// lazyf formats only what is logged: pebble is talkative at debug level.
type lazyf struct {
	format string
	args   []any
}

func (l lazyf) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf(l.format, l.args...)) }

// listener is what a store wants to hear from pebble.
func (s *Store) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: s.backgroundError,
		FlushEnd:        func(pebble.FlushInfo) { s.runs.stale.Store(true) },
		CompactionEnd:   func(pebble.CompactionInfo) { s.runs.stale.Store(true) },
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			_ = s.fail(fmt.Errorf("damage in %s: %w", i.Path, i.Details))
		},
	}
}
