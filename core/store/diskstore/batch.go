package diskstore

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"

	"github.com/slipwaymq/slipway/core"
)

// A batch is pebble's, until it is applied or closed.
type batch struct {
	s   *Store
	b   *pebble.Batch // nil when spent
	err error         // the first of its operations' errors, for Apply

	large bool // has a value that may stay in the log
}

// maxSpare bounds what one spare batch may keep of a large group.
const maxSpare = 8 << 20

// NewBatch implements core.Store.
func (s *Store) NewBatch() core.Batch {
	b := s.spare.Swap(nil)
	if b == nil {
		b = s.db.NewBatch(pebble.WithInitialSizeBytes(64<<10), pebble.WithMaxRetainedSizeBytes(maxSpare))
	}
	return &batch{s: s, b: b}
}

func (b *batch) Set(key, val []byte) { b.SetJoined(key, val, nil) }

func (b *batch) SetJoined(key, head, tail []byte) {
	mustBeCallers(key)
	length := len(head) + len(tail)
	op := b.b.SetDeferred(len(key), length)
	copy(op.Key, key)
	copy(op.Value[copy(op.Value, head):], tail)
	b.note(op.Finish())
	b.large = b.large || length >= b.s.opts.Large
}

func (b *batch) Delete(key []byte) {
	mustBeCallers(key)
	b.note(b.b.Delete(key, nil))
}

func (b *batch) DeleteRange(lo, hi []byte) {
	if hi = capped(hi); bytes.Compare(lo, hi) < 0 {
		b.note(b.b.DeleteRange(lo, hi, nil))
	}
}

func (b *batch) Release(key []byte) {
	mustBeCallers(key)
	b.note(b.b.Merge(key, releaseOne, nil))
}

func (b *batch) Len() int { return b.b.Len() }

func (b *batch) Close() {
	if b.b != nil {
		b.b.Reset()
		b.s.spare.Store(b.b)
		b.b = nil
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
