package diskstore

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Open opens the store in dir, or creates it in an empty or missing one. It
// refuses, without changing anything, what is locked, damaged, of another
// version, or has less than was confirmed.
func Open(dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	if err := mkdirSynced(o.FS, dir); err != nil {
		return nil, fmt.Errorf("diskstore: %w", err)
	}
	lock, err := lockDir(o.FS, dir)
	if err != nil {
		return nil, fmt.Errorf("diskstore: %w", err)
	}
	s, err := openLocked(dir, o, lock)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("diskstore: %s: %w", dir, err), lock.Close())
	}
	return s, nil
}

func openLocked(dir string, o Options, lock io.Closer) (*Store, error) {
	group, err := prepare(dir, o)
	if err != nil {
		return nil, err
	}
	s := &Store{
		failure: failure{fatal: o.Fatal},
		dir:     dir,
		opts:    o,
		lock:    lock,
		lost:    make(chan struct{}),
	}
	s.group.Store(group)
	if s.db, err = openPebble(o.FS.PathJoin(dir, dbDir), s.pebbleOptions()); err != nil {
		return nil, err
	}
	if s.synced, err = openSynced(o.FS, dir, group); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	// For a new store this is the moment from which it exists.
	if err := writeFormat(o.FS, dir, formatReady); err != nil {
		return nil, errors.Join(err, s.synced.close(), s.db.Close())
	}
	s.startProbing()
	return s, nil
}

// prepare makes sure that db/ may be opened for writing and returns the last
// group in it.
func prepare(dir string, o Options) (uint64, error) {
	state, err := readFormat(o.FS, dir)
	if err != nil {
		return 0, err
	}
	switch state {
	case formatReady:
		return preflight(dir, o)
	case formatAbsent:
		if err := mustBeEmpty(o.FS, dir); err != nil {
			return 0, err
		}
		return 0, writeFormat(o.FS, dir, formatNew)
	default: // an earlier creation did not get far: nothing was confirmed
		return 0, o.FS.RemoveAll(o.FS.PathJoin(dir, dbDir))
	}
}

// preflight recovers the store in memory, read-only, and compares what is
// there with what was confirmed. It costs a second reading of the logs, a few
// memtables at most, and buys that a refused directory is left as it was.
func preflight(dir string, o Options) (group uint64, err error) {
	synced, err := readSynced(o.FS, dir)
	if errors.Is(err, errNoMark) {
		o.Logger.Warn("the store has no mark of what was confirmed: going on with what is there", "dir", dir, "file", syncedFile)
	} else if err != nil {
		return 0, err
	}
	db, err := openReadOnly(dir, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	group, err = lastGroup(db)
	if err != nil {
		return 0, err
	}
	return group, compareGroups(dir, group, synced)
}

func compareGroups(dir string, group, synced uint64) error {
	if group >= synced {
		return nil
	}
	return fmt.Errorf("group %d was confirmed and only %d are there: a log is damaged or missing. "+
		"Restore a backup, or accept the loss by removing %s", synced, group, vfs.Default.PathJoin(dir, syncedFile))
}

// lastGroup returns the number of the last group, having made sure that none
// before it is missing.
func lastGroup(db *pebble.DB) (_ uint64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in pebble: %v", r)
		}
	}()
	v, closer, err := db.Get(groupKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer closer.Close()
	r, err := decodeRange(v)
	if err != nil {
		return 0, err
	}
	if r.first != 1 {
		return 0, fmt.Errorf("groups 1 to %d are missing", r.first-1)
	}
	return r.last, nil
}

// openPebble opens a database. Some damage makes pebble panic: that is a
// refusal too.
func openPebble(dir string, po *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("panic in pebble: %v", r)
		}
	}()
	return pebble.Open(dir, po)
}

func (s *Store) pebbleOptions() *pebble.Options {
	po := s.opts.pebbleOptions(s.reaper.add)
	po.Logger = pebbleLogger{s.opts.Logger, s.fail}
	po.EventListener = s.listener()
	return po
}

func mustBeEmpty(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if n != lockFile && n != formatFile+tmpSuffix && n != "lost+found" {
			return fmt.Errorf("there is %s but no %s: this is not a store, or its %s is lost", n, formatFile, formatFile)
		}
	}
	return nil
}

// mkdirSynced makes dir and its parents, each durable in its own parent.
func mkdirSynced(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := mkdirSynced(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return syncDir(fs, parent)
}
