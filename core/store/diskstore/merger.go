package diskstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// mergerName is written into every table and manifest by pebble, which
// refuses a store of another one. What its operands mean cannot change under
// this name: a change is a new name, a new formatVersion and a rewrite.
const mergerName = "slipway.refcount.v1"

// newMerger returns pebble's merger. It calls dead, on any goroutine, with the
// keys that it found released to zero.
func newMerger(dead func(key []byte)) *pebble.Merger {
	return &pebble.Merger{
		Name: mergerName,
		Merge: func(key, operand []byte) (pebble.ValueMerger, error) {
			if len(key) > 0 && key[0] == reserved {
				r, err := decodeRange(operand)
				return &rangeMerger{groups: r}, err
			}
			m := &countMerger{key: bytes.Clone(key), dead: dead}
			m.add(operand)
			return m, nil
		},
	}
}

// reserved is the first byte of the store's own keys.
const reserved = 0xFF

// groupKey holds the range of group numbers that the store has.
var groupKey = []byte{reserved, 'g'}

// A countMerger subtracts releases from the count that a value begins with.
// An operand is how many, in three bytes; what is being released is never that
// short, since it begins with a uint32.
//
// At zero it makes the value deadValue, which readers do not show, and tells
// the reaper, which deletes the key. It does not use pebble's
// DeletableValueMerger: when a compaction finds Set and releases together, as
// of v2.1.7, it goes on to emit the Set, and the value is back.
type countMerger struct {
	key      []byte
	dead     func(key []byte)
	released uint32
	base     []byte // the value as it was set, when found
	found    bool
}

const (
	operandLen  = 3
	maxReleased = 1<<(8*operandLen) - 1
	countLen    = 4
)

var (
	releaseOne = []byte{0, 0, 1}
	// deadValue has a count of zero and then what no value of the core has.
	deadValue = []byte("\x00\x00\x00\x00\xffslipway: released\xff\x9c\x41\xe7\x0b")
)

func isDead(val []byte) bool { return bytes.Equal(val, deadValue) }

func (m *countMerger) add(v []byte) {
	if len(v) == operandLen {
		m.released += uint32(v[0])<<16 | uint32(v[1])<<8 | uint32(v[2])
		return
	}
	m.base, m.found = append(m.base[:0], v...), true
}

func (m *countMerger) MergeNewer(v []byte) error { m.add(v); return nil }
func (m *countMerger) MergeOlder(v []byte) error { m.add(v); return nil }

// Finish is called with includesBase when there is nothing older.
func (m *countMerger) Finish(includesBase bool) ([]byte, io.Closer, error) {
	if m.found && len(m.base) >= countLen {
		if count := binary.BigEndian.Uint32(m.base); m.released < count {
			binary.BigEndian.PutUint32(m.base, count-m.released)
			return m.base, nil, nil
		}
	} else if !m.found && !includesBase {
		if m.released > maxReleased {
			return nil, nil, fmt.Errorf("diskstore: %d releases of one key", m.released)
		}
		return []byte{byte(m.released >> 16), byte(m.released >> 8), byte(m.released)}, nil, nil
	}
	m.dead(m.key)
	return deadValue, nil, nil
}

// groupRange is the groups first..last; zero is none.
type groupRange struct{ first, last uint64 }

func (r groupRange) encode() []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.first)
	binary.BigEndian.PutUint64(b[8:], r.last)
	return b[:]
}

func decodeRange(b []byte) (groupRange, error) {
	if len(b) != 16 {
		return groupRange{}, fmt.Errorf("diskstore: a group range of %d bytes", len(b))
	}
	return groupRange{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, nil
}

// wholeRange returns the last group of a value of groupKey that begins with 1.
func wholeRange(v []byte) (last uint64, err error) {
	r, err := decodeRange(v)
	if err != nil {
		return 0, err
	}
	if r.first != 1 {
		return 0, fmt.Errorf("groups 1 to %d are missing", r.first-1)
	}
	return r.last, nil
}

// A rangeMerger joins adjacent ranges of groups. Ranges that do not touch are
// the proof that something between them is lost: an error, never a value.
type rangeMerger struct{ groups groupRange }

func (m *rangeMerger) MergeNewer(v []byte) error {
	newer, err := decodeRange(v)
	if err != nil {
		return err
	}
	return m.join(m.groups, newer)
}

func (m *rangeMerger) MergeOlder(v []byte) error {
	older, err := decodeRange(v)
	if err != nil {
		return err
	}
	return m.join(older, m.groups)
}

func (m *rangeMerger) join(older, newer groupRange) error {
	if older.last+1 != newer.first {
		return fmt.Errorf("diskstore: groups %d to %d are missing", older.last+1, newer.first-1)
	}
	m.groups = groupRange{older.first, newer.last}
	return nil
}

func (m *rangeMerger) Finish(bool) ([]byte, io.Closer, error) {
	return m.groups.encode(), nil, nil
}
