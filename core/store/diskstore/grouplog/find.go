package grouplog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Found is what a directory's slots have.
type Found struct {
	Last   uint64 // the groups from the caller's own up to this one are there
	Synced uint64 // the highest of which a record says that it was on stable storage
	Slots  []Slot
	Bytes  int64 // of their files
	Life   Life  // of the log that is not over, if there is one

	fs      vfs.FS
	after   uint64 // the caller's own
	runs    []run  // in the order of their first groups
	earlier []run  // of the caller's own, and what logs that are over have besides
}

// A Slot is a file of a log.
type Slot struct {
	Path   string
	Life   Life
	Number uint64
}

// A Place is where a group's payload is.
type Place struct {
	Life  Life
	Slot  uint64
	Off   int64
	Group uint64
}

// A run is groups that follow each other in a slot.
type run struct {
	Slot
	off         int64 // of the first
	first, last uint64
}

func (r run) has(group uint64) bool { return r.first <= group && group <= r.last }

// Nothing is what is found where there is no log.
func Nothing(after uint64) *Found { return &Found{Last: after, after: after} }

// Find reads the slots in dir and looks for the groups after the one given. Those
// whose log is over, the caller says, have none of them, whatever their records say.
// It changes nothing. A directory that is not there has no slots. An error is one of
// reading, or says that the files are of two logs that are not over.
func Find(fs vfs.FS, dir string, after uint64, over func(Life) bool) (*Found, error) {
	f := Nothing(after)
	f.fs = fs
	names, err := slotNames(fs, dir)
	if err != nil {
		return nil, err
	}
	open := "" // a file of the log that is not over
	for _, name := range names {
		l, n, _ := parseSlotName(name)
		isOver := over(l)
		if !isOver {
			if open != "" && l != f.Life {
				return nil, fmt.Errorf("%s has files of two logs: %s and %s", dir, open, name)
			}
			f.Life, open = l, name
		}
		if err := f.survey(Slot{fs.PathJoin(dir, name), l, n}, isOver); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(f.runs, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	for _, r := range f.runs {
		if r.first <= f.Last+1 {
			f.Last = max(f.Last, r.last)
		}
	}
	return f, nil
}

func slotNames(fs vfs.FS, dir string) ([]string, error) {
	names, err := fs.List(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(n string) bool { _, _, ok := parseSlotName(n); return !ok }), err
}

// survey notes what a slot has.
func (f *Found) survey(s Slot, over bool) error {
	var before uint64 // the group of the record before
	size, err := each(f.fs, s, 0, func(r record) error {
		follows := before+1 == r.group
		before = r.group
		runs := &f.runs
		if !over {
			f.Synced = max(f.Synced, r.synced)
		}
		if over || r.group <= f.after {
			runs = &f.earlier
		}
		if n := len(*runs); follows && n > 0 && (*runs)[n-1].Slot == s && (*runs)[n-1].last+1 == r.group {
			(*runs)[n-1].last = r.group
		} else {
			*runs = append(*runs, run{s, r.off, r.group, r.group})
		}
		return nil
	})
	f.Slots = append(f.Slots, s)
	f.Bytes += size
	return err
}

// Where returns which slots of a life have a group of the caller's own. More than
// one is a copy that somebody made.
func (f *Found) Where(l Life, group uint64) (slots []uint64) {
	for _, r := range f.earlier {
		if r.Life == l && r.has(group) {
			slots = append(slots, r.Number)
		}
	}
	return slots
}

// Earlier calls call with the groups of the caller's own that are in the wanted
// slots, and with what else Find did not look for, in any order. A payload is valid
// until the call returns, whose error ends it.
func (f *Found) Earlier(want func(Slot) bool, call func(p Place, payload []byte) error) error {
	for _, r := range f.earlier {
		if !want(r.Slot) {
			continue
		}
		_, err := each(f.fs, r.Slot, r.off, func(rec record) error {
			if !r.has(rec.group) {
				return errStop
			}
			return call(r.place(rec), rec.payload)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s Slot) place(r record) Place { return Place{s.Life, s.Number, r.off + headerLen, r.group} }

// Replay calls apply with each group up to Last, in order. The payload is valid
// until apply returns, whose error ends it. Behind each stretch of them it calls end
// with the last one, if end is not nil, which says whether the caller needs nothing
// more of the slot. It is removed then, if no later group is there, so that the
// caller's copies need little space.
func (f *Found) Replay(apply func(p Place, payload []byte) error, end func(s Slot, last uint64) (spent bool, err error)) error {
	next := f.after + 1
	for i, r := range f.runs {
		if next > f.Last || r.last < next {
			continue
		}
		if err := f.replayRun(r, &next, apply); err != nil {
			return err
		}
		if end == nil {
			continue
		}
		spent, err := end(r.Slot, next-1)
		if err == nil && spent && !slices.ContainsFunc(f.runs[i+1:], func(to run) bool { return to.Slot == r.Slot }) {
			err = f.fs.Remove(r.Path)
		}
		if err != nil {
			return err
		}
	}
	if next != f.Last+1 {
		return fmt.Errorf("the log changed while it was read: %d groups of %d", next-1-f.after, f.Last-f.after)
	}
	return nil
}

func (f *Found) replayRun(r run, next *uint64, apply func(p Place, payload []byte) error) error {
	want := r.first
	_, err := each(f.fs, r.Slot, r.off, func(rec record) error {
		switch {
		case rec.group != want:
			return fmt.Errorf("%s changed while it was read: group %d where %d was", r.Path, rec.group, want)
		case want == *next:
			if err := apply(r.place(rec), rec.payload); err != nil {
				return err
			}
			*next++
		}
		if want++; want > r.last {
			return errStop
		}
		return nil
	})
	return err
}

var errStop = errors.New("stop")

// each calls f with the records of a slot from off on, until it returns an
// error; errStop is none for the caller.
func each(fs vfs.FS, slot Slot, off int64, f func(record) error) (size int64, err error) {
	file, err := fs.Open(slot.Path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	fi, err := file.Stat()
	if err != nil {
		return 0, err
	}
	s := scanner{window{r: file, size: fi.Size()}, slot.Life}
	for {
		r, err := s.next(off)
		if err == nil {
			err = f(r)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, errStop):
			return s.size, nil
		case err != nil:
			return s.size, fmt.Errorf("%s: %w", slot.Path, err)
		}
		off = r.end()
	}
}
