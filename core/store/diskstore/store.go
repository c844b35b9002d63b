package diskstore

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// A Store is an open directory.
type Store struct {
	failure

	// immutable
	dir    string
	opts   Options
	db     *pebble.DB
	log    *grouplog.Log // only Apply and Close
	synced *syncedMark
	lock   io.Closer
	lost   chan struct{}

	spare atomic.Pointer[draft] // to use again
	group atomic.Uint64         // last group applied; only Apply writes
	lazy  bool                  // applied and not synced; only Apply and Close
	list  [][]byte              // of pieces; only Apply uses it, and Close

	kept    kept
	readers readers
	runs    runs
	large   int // probes in a row that found the log too large; only the prober

	meter  meter
	space  space
	reaper reaper
}

var _ core.Overlapping = (*Store)(nil)

// Apply implements core.Store. A Durable batch without operations is still a
// group, so syncing it syncs all before.
func (s *Store) Apply(b core.Batch, d core.Durability) error { return s.ApplyBeside(b, d, nil) }

// ApplyBeside implements core.Overlapping.
func (s *Store) ApplyBeside(cb core.Batch, d core.Durability, f func()) error {
	b := cb.(*batch)
	if err := errors.Join(s.failed(), b.err); err != nil {
		b.Close()
		return err
	}
	if b.d.Empty() && d != core.Durable {
		b.Close()
		if f != nil {
			f()
		}
		return nil
	}
	err := s.commit(b.d, how{d == core.Durable, f}, reapAtOnce)
	if err != nil {
		b.d = nil // pebble may still hold it
		return err
	}
	b.Close()
	return nil
}

// how a batch is written.
type how struct {
	durable bool
	beside  func() // nil, or what is done while the disk is waited for
}

func (s *Store) commit(d *draft, h how, reap int) (err error) {
	inside := true // in pebble, not in h.beside, whose panics are not ours
	defer func() {
		if inside {
			if r := recover(); r != nil {
				err = s.recovered(r)
			}
		}
	}()
	if f := h.beside; f != nil {
		h.beside = func() { inside = false; f(); inside = true }
	}
	n := s.group.Load() + 1
	err = errors.Join(s.reaper.deleteInto(d.Batch, reap), d.Merge(groupKey, groupRange{n, n}.encode(), nil))
	if err != nil {
		return s.fail(err)
	}
	size, start := d.size(), time.Now()
	if err := s.write(n, d, h); errors.Is(err, grouplog.ErrClosed) {
		return ErrClosed
	} else if err != nil {
		return s.fail(err)
	}
	s.meter.wrote(size)
	s.group.Store(n)
	if err := s.moveKept(size); err != nil {
		return s.fail(err)
	}
	if s.lazy = !h.durable; s.lazy {
		return nil
	}
	s.meter.synced(time.Since(start))
	if err := s.synced.remember(n); err != nil {
		return s.fail(err)
	}
	// An error that pebble met meanwhile, elsewhere, stops confirmations too.
	return s.failed()
}

// Get implements core.Store. The value is not copied.
func (s *Store) Get(key []byte, f func(val []byte) error) (found bool, err error) {
	if len(key) > 0 && key[0] == reserved {
		return false, nil
	}
	inside := true // in pebble, not in f, whose panics are not ours
	defer func() {
		if inside {
			if r := recover(); r != nil {
				err = s.recovered(r)
			}
		}
	}()
	defer s.readers.enter().leave()
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer closer.Close()
	if isDead(v) {
		return false, nil
	}
	if v, err = s.whole(v, nil); err != nil {
		return false, err
	}
	inside = false
	err = f(v)
	inside = true
	return true, err
}

// Scan implements core.Store. What it sees stays on disk until it returns, so
// a scan that waits keeps space from being freed.
func (s *Store) Scan(lo, hi []byte, reverse bool, f func(key, val []byte) bool) (err error) {
	inside := true
	defer func() {
		if inside {
			if r := recover(); r != nil {
				err = s.recovered(r)
			}
		}
	}()
	if len(lo) == 0 {
		lo = nil // an empty bound that is not nil trips pebble's own checks
	}
	defer s.readers.enter().leave()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: capped(hi)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	first, next := it.First, it.Next
	if reverse {
		first, next = it.Last, it.Prev
	}
	var buf []byte
	for ok := first(); ok; ok = next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if isDead(v) {
			s.reaper.add(it.Key())
			continue
		}
		if v, err = s.whole(v, &buf); err != nil {
			return err
		}
		inside = false
		more := f(it.Key(), v)
		inside = true
		if !more {
			return nil
		}
	}
	return it.Error()
}

// Epoch implements core.Store: embedded, the shard never changes hands.
func (s *Store) Epoch() uint64 { return 1 }

// Lost implements core.Store.
func (s *Store) Lost() <-chan struct{} { return s.lost }

func (s *Store) findRuns() error { return s.runs.find(s.db, uint64(s.opts.MemTable)/4) }

// Compact writes everything into tables and rewrites those without what is
// deleted. It is for tests and tools; pebble does as much as is useful itself.
func (s *Store) Compact() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = s.recovered(r)
		}
	}()
	if err := s.db.Flush(); err != nil {
		return err
	}
	return s.db.Compact(context.Background(), nil, []byte{reserved, reserved}, false)
}

// Close implements core.Store. Readers must have returned. After a failure it
// only lets go of the directory: what is written then is not to be trusted.
func (s *Store) Close() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = s.recovered(r)
		}
	}()
	s.space.stop()
	if s.failed() == nil && (s.lazy || !s.reaper.empty()) {
		_ = s.commit(newDraft(s.db), how{durable: true}, reapAtClose) // a failure is kept
	}
	failed := s.failed()
	if !s.poisoned.Load() {
		err = s.db.Close()
	}
	return errors.Join(failed, err, s.log.Close(), s.synced.close(), s.lock.Close())
}
