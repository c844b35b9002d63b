package grouplog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options are how a log is kept. All are needed.
type Options struct {
	FS  vfs.FS
	Dir string

	// SlotSize is how long a slot gets, in bytes, if its groups allow it.
	SlotSize int64

	// Slots returns how many there may be before Full is called each time that
	// the last one free is taken.
	Slots func() int

	// Flushed returns the last group of those, from the first on, that the caller
	// has on stable storage itself. It is called by Append.
	Flushed func() (uint64, error)

	// Keep reports whether a slot has to stay as it is although the caller has its
	// groups: ReadAt reads it. It is called by Append, with what Flushed returned.
	Keep func(slot, flushed uint64) bool

	// Full asks the caller to see to it that Flushed grows. It is called by Append,
	// before there is nothing left to use, and need not wait for that.
	Full func() error
}

// A Log takes groups. One goroutine uses it; Bytes, Life and ReadAt are for any.
type Log struct {
	Options // immutable
	life    Life

	slots   []*slot // the last is the one that is written; others may be of logs that are over
	off     int64   // in that, of the next record
	begin   int64   // in that, of the last payload
	made    uint64  // number of the next slot: above all that are there
	last    uint64  // group appended
	synced  uint64  // group known to be on stable storage
	buf     []byte
	list    [][]byte
	sums    []uint32 // of the last payload's pieces, of those of ownSum and more
	failure error    // the first

	bytes atomic.Int64
	files atomic.Pointer[map[uint64]*slot] // by number; never changed, only replaced
}

// A slot is a file for records.
type slot struct {
	vfs.File
	life    Life
	number  uint64
	path    string
	last    uint64 // group in it that the caller may not have
	written int64  // bytes, with what was written ahead
}

var (
	// ErrGroup is returned for a group out of turn.
	ErrGroup = errors.New("grouplog: group out of turn")

	// ErrClosed is returned by the calls that come after Close.
	ErrClosed = errors.New("grouplog: closed")
)

const (
	// aheadLen is how much is written ahead at a time.
	aheadLen = 1 << 20
	// copied is the longest payload that is copied to be written with its header:
	// for longer ones that costs more than a call which takes them apart.
	copied = 8 << 10
	// ownSum is from which length on the checksum of a piece is reckoned by itself and
	// joined to that of the payload: joining costs as much as reading some 2 KiB.
	ownSum = 4 << 10
)

var zeros [64 << 10]byte

// Create begins a log in o.Dir, whose first group is the one after last. The slots
// that are there are removed, the caller has all that they had, but for those to be
// kept for ReadAt until Options.Keep says that they are not: Find has to be told from
// now on that their logs are over.
func Create(o Options, last uint64, keep ...Slot) (*Log, error) {
	l := &Log{Options: o, last: last, synced: last}
	if _, err := rand.Read(l.life[:]); err != nil {
		return nil, err
	}
	if err := empty(o.FS, o.Dir, keep); err != nil {
		return nil, err
	}
	for _, k := range keep {
		if err := l.adopt(k); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	if err := l.addSlot(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// adopt takes over a slot of a log that is over.
func (l *Log) adopt(k Slot) error {
	f, err := l.FS.Open(k.Path)
	if err != nil {
		return err
	}
	s := &slot{File: f, life: k.Life, path: k.Path, number: k.Number}
	l.slots = append(l.slots, s)
	l.made = max(l.made, k.Number+1)
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	s.written = fi.Size()
	l.bytes.Add(s.written)
	return nil
}

// empty leaves a directory without slots but those to be kept, durably.
func empty(fs vfs.FS, dir string, keep []Slot) error {
	names, err := slotNames(fs, dir)
	if err != nil {
		return err
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, n := range names {
		path := fs.PathJoin(dir, n)
		if slices.ContainsFunc(keep, func(k Slot) bool { return k.Path == path }) {
			continue
		}
		if err := fs.Remove(path); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(fs, dir), syncDir(fs, fs.PathDir(dir)))
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Append writes a group, which a Sync makes durable. Its payload comes in pieces,
// which are the caller's again when it returns.
func (l *Log) Append(group uint64, payload ...[]byte) error {
	length, sum := 0, uint32(0)
	l.sums = l.sums[:0]
	for _, p := range payload {
		own := uint32(0)
		if len(p) < ownSum {
			sum = crc32.Update(sum, castagnoli, p)
		} else {
			own = crc32.Checksum(p, castagnoli)
			sum = joinSums(sum, own, len(p))
		}
		l.sums = append(l.sums, own)
		length += len(p)
	}
	switch {
	case l.failure != nil:
		return l.failure
	case group != l.last+1:
		return fmt.Errorf("%w: %d after %d", ErrGroup, group, l.last)
	case uint64(length) > math.MaxUint32:
		return fmt.Errorf("grouplog: a group of %d bytes", length)
	}
	return l.failed(l.append(header{group, l.synced, uint32(length), sum}, payload))
}

// Sum returns the crc32c of what has the given one with a piece behind it: the i'th of
// the last payload, which is not read again if it is long.
func (l *Log) Sum(before uint32, i int, piece []byte) uint32 {
	if len(piece) < ownSum {
		return crc32.Update(before, castagnoli, piece)
	}
	return joinSums(before, l.sums[i], len(piece))
}

func (l *Log) failed(err error) error {
	if l.failure == nil {
		l.failure = err
	}
	return err
}

func (l *Log) append(h header, payload [][]byte) error {
	size := headerLen + int64(h.length)
	if l.off > 0 && l.off+size > l.SlotSize {
		if err := l.nextSlot(); err != nil {
			return err
		}
	}
	h.synced = l.synced // the next slot may have grown it
	s := l.current()
	if err := l.write(s, h, payload); err != nil {
		return err
	}
	l.begin = l.off + headerLen
	l.off += size
	l.last, s.last = h.group, h.group
	return l.writeAhead(s)
}

func (l *Log) current() *slot { return l.slots[len(l.slots)-1] }

func (l *Log) write(s *slot, h header, payload [][]byte) error {
	l.buf = h.appendTo(l.buf[:0], l.life)
	if h.length > copied {
		l.list = append(append(l.list[:0], l.buf), payload...)
		defer clear(l.list)
		return l.writeTogether(s, l.list)
	}
	for _, p := range payload {
		l.buf = append(l.buf, p...)
	}
	_, err := s.WriteAt(l.buf, l.off)
	return err
}

// writeEach writes pieces, one behind the other.
func (l *Log) writeEach(s *slot, pieces [][]byte) error {
	off := l.off
	for _, p := range pieces {
		n, err := s.WriteAt(p, off)
		if err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// writeAhead writes zeros behind a record that is the first in its place.
func (l *Log) writeAhead(s *slot) error {
	if l.off <= s.written {
		return nil
	}
	to := max(l.off, min(l.off+aheadLen, l.SlotSize))
	for off := l.off; off < to; off += int64(len(zeros)) {
		if _, err := s.WriteAt(zeros[:min(int64(len(zeros)), to-off)], off); err != nil {
			return err
		}
	}
	l.bytes.Add(to - s.written)
	s.written = to
	return nil
}

// nextSlot makes another slot the current one.
func (l *Log) nextSlot() error {
	if l.last > l.synced {
		if err := l.Sync(); err != nil {
			return err
		}
	}
	flushed, err := l.Flushed()
	if err != nil {
		return err
	}
	var use *slot
	spare := 0
	for _, s := range slices.Clone(l.slots[:len(l.slots)-1]) {
		switch {
		case s.last > flushed || l.Keep(s.number, flushed):
		// It was for one large group, of another log, or there are more than are needed.
		case s.written > l.SlotSize, s.life != l.life, use != nil && len(l.slots) > l.Slots():
			if err := l.removeSlot(s); err != nil {
				return err
			}
		case use == nil:
			use = s
		default:
			spare++
		}
	}
	// The next one may be free by the time that it is needed.
	if spare == 0 && len(l.slots) >= l.Slots() {
		if err := l.Full(); err != nil {
			return err
		}
	}
	if use == nil {
		return l.addSlot()
	}
	i := slices.Index(l.slots, use)
	l.slots = append(slices.Delete(l.slots, i, i+1), use)
	l.off = 0
	return nil
}

func (l *Log) addSlot() error {
	path := l.FS.PathJoin(l.Dir, slotName(l.life, l.made))
	f, err := l.FS.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	l.slots = append(l.slots, &slot{File: f, life: l.life, path: path, number: l.made})
	l.made++
	l.off = 0
	l.publish()
	return syncDir(l.FS, l.Dir)
}

func (l *Log) removeSlot(s *slot) error {
	i := slices.Index(l.slots, s)
	l.slots = slices.Delete(l.slots, i, i+1)
	l.bytes.Add(-s.written)
	l.publish()
	return errors.Join(s.Close(), l.FS.Remove(s.path))
}

// publish lets ReadAt see which slots there are.
func (l *Log) publish() {
	files := make(map[uint64]*slot, len(l.slots))
	for _, s := range l.slots {
		files[s.number] = s
	}
	l.files.Store(&files)
}

// Life returns what no other log has and nobody can guess.
func (l *Log) Life() Life { return l.life }

// Place returns where the last group is.
func (l *Log) Place() Place { return Place{l.life, l.current().number, l.begin, l.last} }

// ReadAt reads what was appended, from a slot that Keep keeps.
func (l *Log) ReadAt(b []byte, life Life, slot uint64, off int64) error {
	s := (*l.files.Load())[slot]
	if s == nil || s.life != life {
		return fmt.Errorf("grouplog: no slot %s", slotName(life, slot))
	}
	if n, err := s.File.ReadAt(b, off); n < len(b) {
		return fmt.Errorf("grouplog: %s: %w", s.path, err)
	}
	return nil
}

// Hurry has the disk begin with what a Sync will wait for, where the file system
// can tell it to.
func (l *Log) Hurry() error {
	if l.failure != nil {
		return l.failure
	}
	synced, err := l.current().SyncTo(l.off)
	if synced {
		l.synced = l.last
	}
	return l.failed(err)
}

// Sync makes everything appended durable.
func (l *Log) Sync() error {
	if l.failure != nil || l.synced == l.last {
		return l.failure
	}
	if err := l.current().SyncData(); err != nil {
		return l.failed(err)
	}
	l.synced = l.last
	return nil
}

// Bytes is how much space the slots take.
func (l *Log) Bytes() int64 { return l.bytes.Load() }

// Close lets go of the files. It syncs nothing.
func (l *Log) Close() error {
	if errors.Is(l.failure, ErrClosed) {
		return ErrClosed
	}
	l.failure = ErrClosed
	var errs []error
	for _, s := range l.slots {
		errs = append(errs, s.Close())
	}
	l.slots = nil
	return errors.Join(errs...)
}
