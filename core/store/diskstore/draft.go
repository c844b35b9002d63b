package diskstore

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// A draft is a group that is not written yet: pebble's batch and, beside it, the
// large values, each with a ref's length of bytes in its place in the batch. So a
// body is copied nowhere on its way to the log. The log gets the form of a batch of
// pebble's that has the whole values (pieces).
type draft struct {
	*pebble.Batch
	large  []largeValue
	heads  []byte // their beginnings, each behind its value's length
	longer int    // bytes that they are longer than what stands for them
}

// A largeValue is one of them.
type largeValue struct {
	end  int    // in the batch, of what stands for it
	key  int    // length of its key
	head int    // in heads, where it begins
	tail []byte // what comes behind that: the caller's, until the batch is spent
}

// maxSpare bounds what one spare draft may keep of a large group, maxSpareLarge the
// number of its large values.
const (
	maxSpare      = 8 << 20
	maxSpareLarge = 4 << 10
)

func newDraft(db *pebble.DB) *draft {
	return &draft{Batch: db.NewBatch(pebble.WithInitialSizeBytes(64<<10), pebble.WithMaxRetainedSizeBytes(maxSpare))}
}

// reset forgets everything, for another group.
func (d *draft) reset() {
	d.Reset()
	clear(d.large) // what is the caller's must not outlive the group here
	d.large, d.heads, d.longer = d.large[:0], d.heads[:0], 0
	if cap(d.large) > maxSpareLarge {
		d.large = nil
	}
	if cap(d.heads) > maxSpare {
		d.heads = nil
	}
}

// size is how long the group is in the log.
func (d *draft) size() int { return d.Len() + d.longer }

// setLarge sets a value that may stay in the log.
func (d *draft) setLarge(key, head, tail []byte) error {
	v, length := largeValue{key: len(key), head: len(d.heads), tail: tail}, len(head)+len(tail)
	d.heads = append(binary.AppendUvarint(d.heads, uint64(length)), head...)
	if len(head) < countLen { // the ref has these, and the rest is summed up
		d.heads, v.tail = append(d.heads, tail...), nil
	}
	op := d.SetDeferred(len(key), refLen)
	copy(op.Key, key)
	clear(op.Value)
	v.end = d.Len()
	d.large = append(d.large, v)
	d.longer += len(d.heads) - v.head + len(v.tail) - refLen - 1
	return op.Finish()
}

// beginning returns what heads has of a value: its length, encoded, and its beginning.
func (d *draft) beginning(i int) []byte {
	b := d.heads[d.large[i].head:]
	if i+1 < len(d.large) {
		b = d.heads[d.large[i].head:d.large[i+1].head]
	}
	return b
}

// pieces appends what the log gets to list.
func (d *draft) pieces(list [][]byte) [][]byte {
	repr, at := d.Repr(), 0
	for i := range d.large {
		v := &d.large[i]
		list = append(list, repr[at:v.end-refLen-1], d.beginning(i), v.tail) // 1: refLen, encoded
		at = v.end
	}
	return append(list, repr[at:])
}

// tailPiece is where in pieces a value's tail is.
func tailPiece(i int) int { return 3*i + 2 }

// whole returns a batch of the pieces: what a memtable gets whose values the log does
// not keep.
func whole(db *pebble.DB, pieces [][]byte) (*pebble.Batch, error) {
	b := db.NewBatch()
	return b, b.SetRepr(slices.Concat(pieces...))
}

// referDraft has what stands for the large values refer to the log, where the group is
// at p: it is then what refer makes of the payload.
func (s *Store) referDraft(p grouplog.Place, d *draft) error {
	at := s.kept.slot(p)
	repr, longer := d.Repr(), 0 // the values before
	for i := range d.large {
		v := &d.large[i]
		head := d.beginning(i)
		length, n := binary.Uvarint(head)
		head = head[n:]
		place := v.end - refLen
		key := repr[place-1-v.key : place-1]
		off := p.Off + int64(place+longer+n-1)
		longer += n - 1 + int(length) - refLen
		at.values = append(at.values, keptValue{slices.Clone(key), off, int(length)})
		sum := s.log.Sum(crc32.Checksum(head[countLen:], castagnoli), tailPiece(i), v.tail)
		ref{p.Life, p.Slot, off, uint32(length), sum}.appendTo(repr[place:place], head)
	}
	return d.Set(keepKey(p.Group), name{p.Life, p.Slot, s.opts.Large}.encode(), nil)
}
