package diskstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// A kept is the slots of the log that tables refer to. Only Apply uses it, but for life,
// which readers know a reference by.
type kept struct {
	life  grouplog.Life // immutable once open
	slots []*keptSlot   // the last may be the one that is written
	moved []*keptSlot   // their values are in memtables, or gone
	refs  *pebble.Batch
	buf   []byte
}

// A keptSlot is one of them.
type keptSlot struct {
	number      uint64
	first, last uint64 // groups that have large values
	values      []keptValue
	next        int // of values, to be moved

	// Once moved: the slot is free when the tables have this group, which comes
	// after what was moved, and who began to read before has ended.
	group, age uint64
}

// A keptValue is what was Set, and where it is in the slot. It may be gone since.
type keptValue struct {
	key    []byte
	off    int64
	length int
}

// keepPrefix begins the keys that name the groups whose records are referred to.
// A table that may have a ref into a group has its key too.
var keepPrefix = []byte{reserved, 'k'}

// keepEnd is behind all of them.
var keepEnd = []byte{reserved, 'k' + 1}

func keepKey(group uint64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clone(keepPrefix), group)
}

// refer returns a group as it is put into the memtable, with references to its large
// values, which were appended to the log.
func (s *Store) refer(group uint64, b *pebble.Batch) (*pebble.Batch, error) {
	k := &s.kept
	if k.refs == nil {
		k.refs = s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxSpare))
	}
	k.refs.Reset()
	slot, begin := s.log.Place()
	now := k.slot(slot, group)
	all := len(b.Repr())
	for r := b.Reader(); ; {
		kind, key, val, ok, err := r.Next()
		if !ok {
			return k.refs, errors.Join(err, k.refs.Set(keepKey(group), k.life[:], nil))
		}
		if kind == pebble.InternalKeyKindSet && len(val) >= s.opts.Large {
			off := begin + int64(all-len(r)-len(val))
			now.values = append(now.values, keptValue{slices.Clone(key), off, len(val)})
			val = refTo(val, slot, off).appendTo(k.buf[:0], val, k.life)
			k.buf = val
		}
		if err := copyOp(k.refs, kind, key, val); err != nil {
			return nil, err
		}
	}
}

// slot returns the last slot, into which a group with large values went.
func (k *kept) slot(number, group uint64) *keptSlot {
	if n := len(k.slots); n == 0 || k.slots[n-1].number != number {
		k.slots = append(k.slots, &keptSlot{number: number, first: group})
	}
	now := k.slots[len(k.slots)-1]
	now.last = group
	return now
}

// copyOp puts an operation of another batch into b.
func copyOp(b *pebble.Batch, kind pebble.InternalKeyKind, key, val []byte) error {
	switch kind {
	case pebble.InternalKeyKindSet:
		return b.Set(key, val, nil)
	case pebble.InternalKeyKindDelete:
		return b.Delete(key, nil)
	case pebble.InternalKeyKindMerge:
		return b.Merge(key, val, nil)
	case pebble.InternalKeyKindRangeDelete:
		return b.DeleteRange(key, val, nil)
	}
	return fmt.Errorf("diskstore: a batch has an operation of kind %s", kind)
}

// moveStep is how much is moved at a time, at most: nobody who waits for a confirm
// waits for a whole slot.
const moveStep = 1 << 20

// moveKept goes on with giving the memtable the values of the oldest slot, of those
// that are still there, if too many slots are kept. It goes twice as fast as the
// log, which was appended size bytes, so it is done before the next slot is due.
func (s *Store) moveKept(size int) error {
	for budget := 2*size + s.opts.Large; budget > 0 && len(s.kept.slots) > s.opts.Kept; budget -= moveStep {
		if err := s.moveSome(s.kept.slots[0], min(budget, moveStep)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) moveSome(k *keptSlot, budget int) error {
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }() // it has no error
	for ; k.next < len(k.values) && budget > 0; k.next++ {
		v := k.values[k.next]
		if err := s.move(b, k.number, v); err != nil {
			return err
		}
		budget -= v.length
	}
	done := k.next == len(k.values)
	if done {
		if err := b.DeleteRange(keepKey(k.first), keepKey(k.last+1), nil); err != nil {
			return err
		}
	}
	if b.Empty() {
		return nil
	}
	// It changes nothing that anybody sees, so it is no group and needs no log:
	// until tables have it, they or the log have what it was made of.
	if err := s.db.Apply(b, pebble.NoSync); err != nil || !done {
		return err
	}
	k.values = nil
	k.group, k.age = s.group.Load()+1, s.readers.grow()
	s.kept.slots = slices.Delete(s.kept.slots, 0, 1)
	s.kept.moved = append(s.kept.moved, k)
	return nil
}

// move has b Set a value, if its key still has it.
func (s *Store) move(b *pebble.Batch, slot uint64, v keptValue) error {
	val, err := s.refAt(v.key, s.kept.life, slot, v.off)
	if err != nil || val == nil {
		return err
	}
	if val, err = s.whole(val, &s.kept.buf); err != nil {
		return err
	}
	return b.Set(v.key, val, nil)
}

// refAt returns what tables have under key, if that refers to a place in the log.
func (s *Store) refAt(key []byte, life grouplog.Life, slot uint64, off int64) ([]byte, error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	if !isRef(v, life) {
		return nil, nil
	}
	if r := parseRef(v); r.slot != slot || r.off != off {
		return nil, nil
	}
	return slices.Clone(v), nil
}

// keeps is grouplog's Keep.
func (s *Store) keeps(slot, flushed uint64) bool {
	is := func(k *keptSlot) bool { return k.number == slot }
	if slices.ContainsFunc(s.kept.slots, is) {
		return true
	}
	i := slices.IndexFunc(s.kept.moved, is)
	if i < 0 {
		return false
	}
	if k := s.kept.moved[i]; k.group > flushed || s.readers.olderThan(k.age) {
		return true
	}
	s.kept.moved = slices.Delete(s.kept.moved, i, i+1)
	return false
}

// whole returns the value that v is or refers to, which is read into buf, if that
// is not nil. A reader has entered before it asked pebble for v.
func (s *Store) whole(v []byte, buf *[]byte) ([]byte, error) {
	if !isRef(v, s.kept.life) {
		return v, nil
	}
	r := parseRef(v)
	var b []byte
	if buf != nil {
		b = *buf
	}
	b = slices.Grow(b[:0], int(r.length))[:r.length]
	if buf != nil {
		*buf = b
	}
	if err := s.log.ReadAt(b, r.slot, r.off); err != nil {
		return nil, s.fail(err)
	}
	if crc32.Checksum(b[countLen:], castagnoli) != r.sum {
		return nil, s.fail(fmt.Errorf("a value at %d of slot %d of the log is damaged", r.off, r.slot))
	}
	copy(b, v[:countLen])
	return b, nil
}
