package memstore

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core"
)

// ErrClosed is returned by Apply after Close.
var ErrClosed = errors.New("memstore: closed")

// Options are plain data; the zero value has no limit.
type Options struct {
	// MaxBytes of keys and values above which Room is false. 0: no limit.
	MaxBytes int64
}

// A Store is a map in memory.
type Store struct {
	maxBytes int64                // immutable
	lost     chan struct{}        // immutable
	root     atomic.Pointer[node] // only Apply writes

	mu     sync.Mutex // guards below
	edit   uint64     // number of the last Apply
	closed bool
}

var _ core.Store = (*Store)(nil)

// New returns an empty store.
func New(o Options) *Store {
	return &Store{maxBytes: o.MaxBytes, lost: make(chan struct{})}
}

// Apply implements core.Store.
func (s *Store) Apply(cb core.Batch, _ core.Durability) error {
	b := cb.(*batch)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.edit++
	e, root := edit(s.edit), s.root.Load()
	for i := range b.ops {
		root = b.ops[i].applyTo(e, root)
	}
	s.root.Store(root)
	b.Close()
	return nil
}

// Get implements core.Store.
func (s *Store) Get(key []byte, f func(val []byte) error) (bool, error) {
	n := s.root.Load().find(key)
	if n == nil {
		return false, nil
	}
	return true, f(n.val)
}

// Scan implements core.Store. An empty hi is the end of all keys.
func (s *Store) Scan(lo, hi []byte, reverse bool, f func(key, val []byte) bool) error {
	if reverse {
		s.root.Load().descend(lo, hi, f)
	} else {
		s.root.Load().ascend(lo, hi, f)
	}
	return nil
}

// Room implements core.Store.
func (s *Store) Room() bool {
	return s.maxBytes <= 0 || s.root.Load().bytes() < s.maxBytes
}

// Epoch implements core.Store.
func (s *Store) Epoch() uint64 { return 1 }

// Lost implements core.Store.
func (s *Store) Lost() <-chan struct{} { return s.lost }

// Close implements core.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.closed = true
	return nil
}

// Clone is another store that holds what s holds now: what a crash at this
// moment might leave.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := New(Options{MaxBytes: s.maxBytes})
	c.edit = s.edit // no node that both can see is changed by either
	c.root.Store(s.root.Load())
	return c
}
