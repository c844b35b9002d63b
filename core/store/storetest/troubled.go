package storetest

import (
	"bytes"
	"errors"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core"
)

// A Troubled store's disk can be nearly full, answer late or fail to read: for the
// tests of what is on a store. Until one of that is asked for it is the Store.
type Troubled struct {
	core.Store
	Low   atomic.Bool // there is no Room
	Tries atomic.Int64

	unreadable atomic.Pointer[[]byte]
	held       atomic.Pointer[chan struct{}]
}

// Room implements core.Store.
func (s *Troubled) Room() bool { return !s.Low.Load() && s.Store.Room() }

// Unreadable has scans fail that begin with a prefix (a table's byte), nil: none.
// Tries counts them.
func (s *Troubled) Unreadable(prefix []byte) { s.unreadable.Store(&prefix) }

// Scan implements core.Store.
func (s *Troubled) Scan(lo, hi []byte, reverse bool, f func(k, v []byte) bool) error {
	if bad := s.unreadable.Load(); bad != nil && *bad != nil && bytes.HasPrefix(lo, *bad) {
		s.Tries.Add(1)
		return errors.New("input/output error")
	}
	return s.Store.Scan(lo, hi, reverse, f)
}

// Hold has batches wait until goOn is called.
func (s *Troubled) Hold() (goOn func()) {
	held := make(chan struct{})
	s.held.Store(&held)
	return func() {
		s.held.Store(nil)
		close(held)
	}
}

// Apply implements core.Store.
func (s *Troubled) Apply(b core.Batch, d core.Durability) error {
	if held := s.held.Load(); held != nil {
		<-*held
	}
	return s.Store.Apply(b, d)
}
