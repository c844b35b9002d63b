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
	Slots  int
	Bytes  int64 // of the slots' files
	Life   Life  // of the log, if there is one

	fs      vfs.FS
	after   uint64 // the caller's own
	runs    []run  // in the order of their first groups
	earlier []run  // of the caller's own, as they were found; some may be there twice
}

// A run is groups that follow each other in a slot.
type run struct {
	path        string
	life        Life
	slot        uint64
	off         int64 // of the first
	first, last uint64
}

// Nothing is what is found where there is no log.
func Nothing(after uint64) *Found { return &Found{Last: after, after: after} }

// Find reads the slots in dir and looks for the groups after the one given. It
// changes nothing. A directory that is not there has no slots. An error is one
// of reading, or says that the files are not of one log.
func Find(fs vfs.FS, dir string, after uint64) (*Found, error) {
	f := Nothing(after)
	f.fs = fs
	names, err := slotNames(fs, dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		l, n, _ := parseSlotName(name)
		if f.Slots > 0 && l != f.Life {
			return nil, fmt.Errorf("%s has files of two logs: %s and %s", dir, names[0], name)
		}
		f.Life = l
		if err := f.survey(fs.PathJoin(dir, name), n); err != nil {
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
func (f *Found) survey(path string, slot uint64) error {
	var before uint64 // the group of the record before
	size, err := each(f.fs, path, f.Life, 0, func(r record) error {
		follows := before+1 == r.group
		before = r.group
		f.Synced = max(f.Synced, r.synced)
		runs := &f.runs
		if r.group <= f.after {
			runs = &f.earlier
		}
		if n := len(*runs); follows && n > 0 && (*runs)[n-1].path == path && (*runs)[n-1].last+1 == r.group {
			(*runs)[n-1].last = r.group
		} else {
			*runs = append(*runs, run{path, f.Life, slot, r.off, r.group, r.group})
		}
		return nil
	})
	f.Slots++
	f.Bytes += size
	return err
}

// HasEarlier reports whether a group of the caller's own is there.
func (f *Found) HasEarlier(group uint64) bool {
	return slices.ContainsFunc(f.earlier, func(r run) bool { return r.first <= group && group <= r.last })
}

// Earlier calls call with the groups of the caller's own that are there, in any
// order, some of them perhaps twice, and where their payloads begin. A payload is
// valid until the call returns, whose error ends it. Behind each stretch of them it
// calls end, if that is not nil, and then removes the slot if nothing else of it is
// needed.
func (f *Found) Earlier(call func(group, slot uint64, off int64, payload []byte) error, end func(first, last uint64) error) error {
	for i, r := range f.earlier {
		_, err := each(f.fs, r.path, r.life, r.off, func(rec record) error {
			if rec.group < r.first || rec.group > r.last {
				return errStop
			}
			return call(rec.group, r.slot, rec.off+headerLen, rec.payload)
		})
		if err != nil {
			return err
		}
		if end == nil {
			continue
		}
		if err := end(r.first, r.last); err != nil {
			return err
		}
		if err := f.spent(r.path, f.earlier[i+1:], f.runs); err != nil {
			return err
		}
	}
	return nil
}

// spent removes a slot of which no more is needed: what is to come is in others.
func (f *Found) spent(path string, toCome ...[]run) error {
	for _, runs := range toCome {
		if slices.ContainsFunc(runs, func(r run) bool { return r.path == path }) {
			return nil
		}
	}
	return f.fs.Remove(path)
}

// Replay calls apply with the payload of each group up to Last, in order. The
// payload is valid until apply returns, whose error ends it. Behind each stretch of
// them it calls end with the last one, if that is not nil, and then removes the slot
// if nothing else of it is needed, so that the caller's copies need little space.
func (f *Found) Replay(apply func(payload []byte) error, end func(last uint64) error) error {
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
		if err := end(next - 1); err != nil {
			return err
		}
		if err := f.spent(r.path, f.runs[i+1:]); err != nil {
			return err
		}
	}
	if next != f.Last+1 {
		return fmt.Errorf("the log changed while it was read: %d groups of %d", next-1-f.after, f.Last-f.after)
	}
	return nil
}

func (f *Found) replayRun(r run, next *uint64, apply func(payload []byte) error) error {
	want := r.first
	_, err := each(f.fs, r.path, r.life, r.off, func(rec record) error {
		switch {
		case rec.group != want:
			return fmt.Errorf("%s changed while it was read: group %d where %d was", r.path, rec.group, want)
		case want == *next:
			if err := apply(rec.payload); err != nil {
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
func each(fs vfs.FS, path string, l Life, off int64, f func(record) error) (size int64, err error) {
	file, err := fs.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	fi, err := file.Stat()
	if err != nil {
		return 0, err
	}
	s := scanner{window{r: file, size: fi.Size()}, l}
	for {
		r, err := s.next(off)
		if err == nil {
			err = f(r)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, errStop):
			return s.size, nil
		case err != nil:
			return s.size, fmt.Errorf("%s: %w", path, err)
		}
		off = r.end()
	}
}
