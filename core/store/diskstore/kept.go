package diskstore

import (
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// A kept is the slots of the log that tables refer to. Only Apply uses it, but for life,
// which readers know a reference by.
type kept struct {
	lives []grouplog.Life // that references may have; immutable once open
	slots []*keptSlot     // the oldest first; the last may be the one that is written
	moved []*keptSlot     // their values are in memtables, or gone
	refs  *pebble.Batch
	buf   []byte
}

// A keptSlot is one of them.
type keptSlot struct {
	life        grouplog.Life
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

// refer returns a group as it is put into the memtable, with references to its large
// values, which are in the log at p, as part of its payload.
func (s *Store) refer(p grouplog.Place, payload []byte) (*pebble.Batch, error) {
	k := &s.kept
	if k.refs == nil {
		k.refs = s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxSpare))
	}
	k.refs.Reset()
	from := s.opts.Large
	at := k.slot(p)
	for r := batchrepr.Read(payload); ; {
		kind, key, val, ok, err := r.Next()
		if !ok {
			return k.refs, errors.Join(err, k.refs.Set(keepKey(p.Group), name{p.Life, p.Slot, from}.encode(), nil))
		}
		if kind == pebble.InternalKeyKindSet && len(val) >= from {
			v := valueAt(p, payload, r, key, val)
			at.values = append(at.values, v)
			val = refTo(val, p.Life, p.Slot, v.off).appendTo(k.buf[:0], val)
			k.buf = val
		}
		if err := copyOp(k.refs, kind, key, val); err != nil {
			return nil, err
		}
	}
}

// valueAt returns where in the log a value is that was read from a payload at p,
// whose rest is r.
func valueAt(p grouplog.Place, payload []byte, r batchrepr.Reader, key, val []byte) keptValue {
	return keptValue{slices.Clone(key), p.Off + int64(len(payload)-len(r)-len(val)), len(val)}
}

// slot returns the slot that a group with large values is in.
func (k *kept) slot(p grouplog.Place) *keptSlot {
	i := slices.IndexFunc(k.slots, func(s *keptSlot) bool { return s.life == p.Life && s.number == p.Slot })
	if i < 0 {
		i = len(k.slots)
		k.slots = append(k.slots, &keptSlot{life: p.Life, number: p.Slot, first: p.Group, last: p.Group})
	}
	s := k.slots[i]
	s.first, s.last = min(s.first, p.Group), max(s.last, p.Group)
	return s
}

// has reports whether a slot is referred to.
func (k *kept) has(s grouplog.Slot) bool {
	return slices.ContainsFunc(k.slots, func(k *keptSlot) bool { return k.life == s.Life && k.number == s.Number })
}

// know has references into a log, if it is one, known for what they are.
func (k *kept) know(l grouplog.Life) {
	if l != (grouplog.Life{}) && !slices.Contains(k.lives, l) {
		k.lives = append(k.lives, l)
	}
}

// isRef reports whether v is a reference.
func (k *kept) isRef(v []byte) bool {
	return len(v) == refLen && slices.Contains(k.lives, grouplog.Life(v[refLife:]))
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
		if err := s.move(b, k, v); err != nil {
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

// move has b Set a value of a slot, if its key still has it.
func (s *Store) move(b *pebble.Batch, k *keptSlot, v keptValue) error {
	val, err := s.refAt(v.key, k.life, k.number, v.off)
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
	if !s.kept.isRef(v) {
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
	if err := s.log.ReadAt(b, r.life, r.slot, r.off); err != nil {
		return nil, s.fail(err)
	}
	if crc32.Checksum(b[countLen:], castagnoli) != r.sum {
		return nil, s.fail(fmt.Errorf("a value at %d of slot %d of the log is damaged", r.off, r.slot))
	}
	copy(b, v[:countLen])
	return b, nil
}
