package core

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// pos is a place in a queue's one order: lanes by priority, then sequence.
type pos struct {
	lane uint8
	seq  uint64
}

func (p pos) before(o pos) bool {
	return p.lane < o.lane || p.lane == o.lane && p.seq < o.seq
}

// keeping says where an entry is besides memory.
type keeping uint8

const (
	inMemory keeping = iota // nowhere: a transient message
	inStore                 // table m (or d)
	inSpill                 // table n, until the next start
)

func (k keeping) table() byte {
	if k == inSpill {
		return tabSpill
	}
	return tabEntry
}

// An entry is one message in one queue: a reference plus what is the queue's
// own. Guarded by its queue's lock once it is appended.
type entry struct {
	pos
	inc      uint64 // incarnation of the queue it was staged in
	keep     keeping
	recorded bool   // a lease record (table l) is or will be there
	counted  uint32 // what it is in its queue's bytes: the length of its body
	msg      *Message
	sharers  *sharing // who has the same msg; nil: it is this one's alone
	body     bodyRef
	size     int
	group    string
	note     []byte
	deaths   []Death
	enqueued int64 // arrival in this queue
	sent     int64 // first arrival in any queue: what retention counts from
	expires  int64 // the message's own, with a record in table e; 0: never
	due      int64 // of a delayed entry
	number   uint64

	deliveries int
	first      int64
	lease      uint32
	deadline   int64 // of a pull lease
	leased     int64 // when the lease in force began
	charged    bool  // its message counts as memory
	over       bool  // taken out for good
	tooLarge   bool  // counted as too large for a pull
	undead     bool  // over its delivery limit, but there is nowhere to go: one more delivery
	heapAt     int   // place in the deadline heap, -1 for none
	bound      *bond // whose alone it is; nil: the queue's
	holder     *holder
	prev, next *entry // in the holder's list
}

// bodyRef names an encoded message in table b; zero: it is inline.
type bodyRef struct {
	id     uint64
	chunks int
}

// entryVersion is the first byte of a stored entry. To change the format:
// write a new version, keep reading the old ones, and add the old form's
// golden bytes to the tests. Nothing is rewritten in place. An older binary is
// kept out by raising layoutVersion.
//
// Version 1 has no count after the size: its size is what was counted.
const entryVersion = 2

const (
	entryDurable = 1 << iota
	entryShared
	entryGroup
	entryNote
	entryDeaths
	entryExpires
	entryNumber
	entryMoved
)

// appendEntry writes the stored form up to tail, which follows; encoded is the
// message (codec.go) when it is not shared, nil if that is yet to be made.
func appendEntry(dst []byte, e *entry, durable bool, encoded []byte) (head, tail []byte) {
	flagAt := len(dst) + 1
	dst = append(dst, entryVersion, 0)
	var flags byte
	set := func(f byte, on bool) bool {
		if on {
			flags |= f
		}
		return on
	}
	set(entryDurable, durable)
	dst = binary.AppendUvarint(dst, uint64(e.enqueued))
	if set(entryMoved, e.sent != e.enqueued) {
		dst = binary.AppendUvarint(dst, uint64(e.sent))
	}
	dst = binary.AppendUvarint(dst, uint64(e.size))
	dst = binary.AppendUvarint(dst, uint64(e.counted))
	if set(entryGroup, e.group != "") {
		dst = append(binary.AppendUvarint(dst, uint64(len(e.group))), e.group...)
	}
	if set(entryNote, len(e.note) > 0) {
		dst = append(binary.AppendUvarint(dst, uint64(len(e.note))), e.note...)
	}
	if set(entryDeaths, len(e.deaths) > 0) {
		dst = appendDeaths(dst, e.deaths)
	}
	if set(entryExpires, e.expires != 0) {
		dst = binary.AppendUvarint(dst, uint64(e.expires))
	}
	if set(entryNumber, e.number != 0) {
		dst = binary.AppendUvarint(dst, e.number)
	}
	switch {
	case set(entryShared, e.body.id != 0):
		dst = binary.AppendUvarint(be64(dst, e.body.id), uint64(e.body.chunks))
	case encoded == nil && e.msg != nil:
		dst, tail = appendMessageHead(dst, e.msg), e.msg.Body
	default:
		tail = encoded
	}
	dst[flagAt] = flags
	return dst, tail
}

var errEntry = errors.New("damaged queue entry")

// damaged says that what the store holds makes no sense: reading it again would
// not help, as it may where the store fails to read.
func damaged(err error) bool {
	var e *Error
	return errors.Is(err, errEntry) || errors.As(err, &e)
}

// reader of length-checked fields; after a failure every read gives zero.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.bad, f.b = true, nil
		return 0
	}
	f.b = f.b[n:]
	return v
}

func (f *fields) take(n uint64) []byte {
	if n > uint64(len(f.b)) {
		f.bad, f.b = true, nil
		return nil
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

func (f *fields) bytes() []byte { return f.take(f.uvarint()) }

func (f *fields) u64() uint64 {
	if b := f.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// decodeEntry reads the stored form and takes over val: what it returns
// aliases it. encoded is the inline message, nil when it is shared.
func decodeEntry(val []byte) (e *entry, encoded []byte, err error) {
	if len(val) < 2 || val[0] < 1 || val[0] > entryVersion {
		return nil, nil, errEntry
	}
	flags, f := val[1], fields{b: val[2:]}
	e = &entry{keep: inStore, heapAt: -1}
	e.enqueued = int64(f.uvarint())
	e.sent = e.enqueued
	if flags&entryMoved != 0 {
		e.sent = int64(f.uvarint())
	}
	e.size = int(f.uvarint())
	e.counted = uint32(e.size)
	if val[0] > 1 {
		e.counted = uint32(f.uvarint())
	}
	if flags&entryGroup != 0 {
		e.group = string(f.bytes())
	}
	if flags&entryNote != 0 {
		e.note = f.bytes()
	}
	if flags&entryDeaths != 0 && !f.bad {
		if e.deaths, f.b, err = decodeDeaths(f.b); err != nil {
			return nil, nil, err
		}
	}
	if flags&entryExpires != 0 {
		e.expires = int64(f.uvarint())
	}
	if flags&entryNumber != 0 {
		e.number = f.uvarint()
	}
	if flags&entryShared != 0 {
		e.body = bodyRef{id: f.u64(), chunks: int(f.uvarint())}
	} else {
		encoded = f.b
	}
	if f.bad {
		return nil, nil, errEntry
	}
	return e, encoded, nil
}

// leaseVersion: the recipe of entryVersion applies.
const leaseVersion = 1

// lease record (table l): what a delivered entry must remember. A bond follows if
// it has one: the session's number, the state's key and value, the note.
func appendLease(dst []byte, e *entry) []byte {
	dst = append(dst, leaseVersion)
	dst = binary.AppendUvarint(dst, uint64(e.deadline))
	dst = binary.AppendUvarint(dst, uint64(e.deliveries))
	dst = binary.AppendUvarint(dst, uint64(e.first))
	dst = binary.AppendUvarint(dst, uint64(e.lease))
	b := e.bound
	if b == nil {
		return dst
	}
	dst = binary.AppendUvarint(be64(dst, b.session), uint64(b.Change.Key))
	dst = append(binary.AppendUvarint(dst, uint64(len(b.Change.Value))), b.Change.Value...)
	return append(binary.AppendUvarint(dst, uint64(len(b.Note))), b.Note...)
}

func decodeLease(val []byte, e *entry) error {
	if len(val) < 1 || val[0] != leaseVersion {
		return errEntry
	}
	f := fields{b: val[1:]}
	e.deadline = int64(f.uvarint())
	e.deliveries = int(f.uvarint())
	e.first = int64(f.uvarint())
	e.lease = uint32(f.uvarint())
	if len(f.b) > 0 {
		b := &bond{session: f.u64()}
		b.Change.Key, b.Change.Value = uint32(f.uvarint()), bytes.Clone(f.bytes())
		b.Note, e.bound = bytes.Clone(f.bytes()), b
	}
	if f.bad {
		return errEntry
	}
	e.recorded = true
	return nil
}
