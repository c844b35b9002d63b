package diskstore

import (
	"bytes"

	"github.com/slipwaymq/slipway/core"
)

// A batch is a draft, until it is applied or closed.
type batch struct {
	s   *Store
	d   *draft // nil when spent
	err error  // the first of its operations' errors, for Apply
}

// NewBatch implements core.Store.
func (s *Store) NewBatch() core.Batch {
	d := s.spare.Swap(nil)
	if d == nil {
		d = newDraft(s.db)
	}
	return &batch{s: s, d: d}
}

func (b *batch) Set(key, val []byte) { b.SetJoined(key, val, nil) }

func (b *batch) SetJoined(key, head, tail []byte) {
	mustBeCallers(key)
	length := len(head) + len(tail)
	if length >= b.s.opts.Large {
		b.note(b.d.setLarge(key, head, tail))
		return
	}
	op := b.d.SetDeferred(len(key), length)
	copy(op.Key, key)
	copy(op.Value[copy(op.Value, head):], tail)
	b.note(op.Finish())
}

func (b *batch) Delete(key []byte) {
	mustBeCallers(key)
	b.note(b.d.Delete(key, nil))
}

func (b *batch) DeleteRange(lo, hi []byte) {
	if hi = capped(hi); bytes.Compare(lo, hi) < 0 {
		b.note(b.d.DeleteRange(lo, hi, nil))
	}
}

func (b *batch) Release(key []byte) {
	mustBeCallers(key)
	b.note(b.d.Merge(key, releaseOne, nil))
}

func (b *batch) Len() int { return b.d.size() }

func (b *batch) Close() {
	if b.d != nil {
		b.d.reset()
		b.s.spare.Store(b.d)
		b.d = nil
	}
}

func (b *batch) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

// mustBeCallers catches a core that writes into the store's own keys.
func mustBeCallers(key []byte) {
	if len(key) > 0 && key[0] == reserved {
		panic("diskstore: keys that begin with 0xFF are the store's own")
	}
}

var endOfKeys = []byte{reserved}

// capped keeps an upper bound off the store's own keys. An empty one is the
// end of all keys.
func capped(hi []byte) []byte {
	if len(hi) == 0 || hi[0] == reserved {
		return endOfKeys
	}
	return hi
}
