package grouplog

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const groups = 27

// A smallLog has groups of which the caller has some and the last is not synced.
type smallLog struct {
	files   map[string][]byte
	flushed uint64
	current string // the slot written last, whose first group is
	first   uint64
}

func written(t *testing.T) smallLog {
	t.Helper()
	fs := vfs.NewMem()
	d := db{flushed: 3}
	o := d.options(fs)
	o.SlotSize = 700
	l := mustCreate(t, o, 0)
	defer l.Close()
	s := smallLog{files: map[string][]byte{}, flushed: d.flushed}
	for g := uint64(1); g <= groups; g++ {
		mustAppend(t, l, g, payload(g, sized(g)))
		if now := fs.PathBase(l.current().path); s.current != now {
			s.current, s.first = now, g
		}
		if g == groups-1 {
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, n := range names(t, fs) {
		s.files[n] = contents(t, fs, n)
	}
	if len(s.files) < 3 || s.first > groups-3 {
		t.Fatalf("%d slots, %d", len(s.files), s.first)
	}
	return s
}

func sized(g uint64) int { return int(g * 7 % 60) }

// find replays what is there, and says whether more than the last group is gone
// and no record says so.
func (l smallLog) find(t *testing.T) (last uint64, unnoticed bool) {
	t.Helper()
	fs := vfs.NewMem()
	if err := fs.MkdirAll("/log", 0o755); err != nil {
		t.Fatal(err)
	}
	for n, b := range l.files {
		write(t, fs, n, b)
	}
	f := replayed(t, fs, l.flushed, sized)
	return f.Last, f.Last < groups-1 && f.Synced <= f.Last
}

// TestFlips damages each bit of a log: all groups are there as they were, or
// what a later one says shows that some are not.
func TestFlips(t *testing.T) {
	small := written(t)
	whole, missing := 0, 0
	for name, b := range small.files {
		for i := range 8 * len(b) {
			b[i/8] ^= 1 << (i % 8)
			last, unnoticed := small.find(t)
			if unnoticed {
				t.Errorf("%s, bit %d: group %d is missing, and nobody said so", name, i, last+1)
			}
			if last == groups {
				whole++
			} else {
				missing++
			}
			b[i/8] ^= 1 << (i % 8)
		}
	}
	if whole == 0 || missing == 0 {
		t.Errorf("%d times whole, %d not", whole, missing)
	}
}

// TestFiles: slots cut short, full of zeros, missing, or there twice. What the
// slot written last had at its end nobody but the caller can miss.
func TestFiles(t *testing.T) {
	small := written(t)
	for name, b := range small.files {
		check := func(what string, damaged []byte) {
			t.Helper()
			if small.files[name] = damaged; damaged == nil {
				delete(small.files, name)
			}
			last, unnoticed := small.find(t)
			if unnoticed && (name != small.current || last < small.first-1) {
				t.Errorf("%s %s: group %d is missing, and nobody said so", name, what, last+1)
			}
			small.files[name] = b
		}
		for n := range b {
			check(fmt.Sprint("cut to ", n), b[:n:n])
			check(fmt.Sprint("with zeros to ", n), append(make([]byte, n), b[n:]...))
			check(fmt.Sprint("with zeros from ", n), append(bytes.Clone(b[:n]), make([]byte, len(b)-n)...))
		}
		check("gone", nil)
		l, _, _ := parseSlotName(name)
		for _, twice := range []string{slotName(l, 999), name + ".bak", "notes.txt"} {
			small.files[twice] = b
			if last, _ := small.find(t); last != groups {
				t.Errorf("with %s: found %d", twice, last)
			}
			delete(small.files, twice)
		}
	}
}

// A file's own size is all that a length can make Find allocate.
func TestLengthsThatLie(t *testing.T) {
	l := Life{1, 2, 3}
	b := header{group: 1, length: 1 << 31}.appendTo(nil, l)
	s := scanner{window{r: bytes.NewReader(b), size: int64(len(b))}, l}
	if _, err := s.next(0); !errors.Is(err, io.EOF) || cap(s.buf) > windowLen {
		t.Errorf("%v, %d bytes", err, cap(s.buf))
	}
}

// Records across the edges of the window, behind what is none.
func TestWindow(t *testing.T) {
	l := Life{'l', 'i', 'f', 'e', 'l', 'i', 'f', 'e'}
	var b []byte
	var at []int64
	for g := range uint64(40) {
		b = append(b, bytes.Repeat([]byte("lifelif"), int(g*g*g*101%90_000))...)
		p := payload(g, int(g*g*7919%200_000))
		if g == 33 {
			p = payload(g, 3<<20)
		}
		at = append(at, int64(len(b)))
		b = append(headerOf(g, p).appendTo(b, l), p...)
	}
	s := scanner{window{r: bytes.NewReader(b), size: int64(len(b))}, l}
	var got []int64
	for off := int64(0); ; {
		r, err := s.next(off)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || !bytes.HasPrefix(r.payload, payload(r.group, 0)) {
			t.Fatal(err)
		}
		got = append(got, r.off)
		off = r.end()
	}
	if !slices.Equal(got, at) {
		t.Errorf("found at %d, are at %d", got, at)
	}
}

func TestSlotNames(t *testing.T) {
	for name, want := range map[string]bool{
		"00000000000000ff-0": true, "0123456789abcdef-12": true, "0123456789abcdef-012": false, "0123456789ABCDEF-1": false,
		"0123456789abcde-1": false, "0123456789abcdef-1.bak": false, "0123456789abcdef--1": false, "": false, "-": false,
		"0123456789abcdef0-1": false, "+123456789abcdef-1": false, "0123456789abcdef-18446744073709551616": false,
	} {
		if _, _, ok := parseSlotName(name); ok != want {
			t.Errorf("%q: %v", name, ok)
		}
	}
}

func headerOf(group uint64, payload []byte) header {
	return header{group, 0, uint32(len(payload)), crc32.Checksum(payload, castagnoli)}
}
