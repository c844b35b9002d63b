package diskstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
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
	found, upgrade, err := prepare(dir, o)
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
	s.group.Store(found.Last)
	s.findBallast() // recovery may need it
	if upgrade {
		if err := writeFormat(o.FS, dir, formatReady); err != nil {
			return nil, err
		}
	}
	if s.db, err = openPebble(o.FS.PathJoin(dir, dbDir), s.pebbleOptions()); err != nil {
		return nil, err
	}
	if err := s.recover(found); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	kept := slices.DeleteFunc(found.Slots, func(slot grouplog.Slot) bool { return !s.kept.has(slot) })
	if s.log, err = grouplog.Create(s.logOptions(), found.Last, kept...); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.kept.know(s.log.Life())
	if err := s.moveExcess(); err != nil {
		return nil, errors.Join(err, s.log.Close(), s.db.Close())
	}
	if s.synced, err = openSynced(o.FS, dir, found.Last); err != nil {
		return nil, errors.Join(err, s.log.Close(), s.db.Close())
	}
	// For a new store this is the moment from which it exists, and for one of an
	// older version that from which it is of this one.
	if err := writeFormat(o.FS, dir, formatReady); err != nil {
		return nil, errors.Join(err, s.synced.close(), s.log.Close(), s.db.Close())
	}
	s.startProbing()
	return s, nil
}

// prepare makes sure that db/ may be opened for writing and returns what the log has
// above it, and whether FORMAT has to say before that it is of this version.
func prepare(dir string, o Options) (found *grouplog.Found, upgrade bool, err error) {
	version, state, err := readFormat(o.FS, dir)
	if err != nil {
		return nil, false, err
	}
	switch state {
	case formatReady:
		found, err = preflight(dir, version, o)
		return found, version > formatVersionNoLog && version < formatVersion, err
	case formatAbsent:
		if err := mustBeEmpty(o.FS, dir); err != nil {
			return nil, false, err
		}
		syncAbove(o.FS, dir)
		return grouplog.Nothing(0), false, writeFormat(o.FS, dir, formatNew)
	default: // an earlier creation did not get far: nothing was confirmed
		syncAbove(o.FS, dir)
		return grouplog.Nothing(0), false, errors.Join(
			o.FS.RemoveAll(o.FS.PathJoin(dir, dbDir)), o.FS.RemoveAll(o.FS.PathJoin(dir, logDir)))
	}
}

// preflight reads the log and the last group of the tables, and compares what
// is there with what was confirmed. It costs a second reading of the log, a few
// memtables at most, and buys that a refused directory is left as it was.
func preflight(dir string, version int, o Options) (found *grouplog.Found, err error) {
	synced, err := readSynced(o.FS, dir)
	accepted := errors.Is(err, errNoMark)
	if err != nil && !accepted {
		return nil, err
	}
	db, err := openReadOnly(dir, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, n, err := findGroups(dir, version, o, db)
	if err != nil {
		return nil, err
	}
	found.Synced = max(found.Synced, synced)
	if err := compareNamed(dir, n, found); err != nil && !accepted {
		return nil, err
	}
	if accepted {
		o.Logger.Warn("the store has no mark of what was confirmed: going on with what is there",
			"dir", dir, "file", syncedFile, "group", found.Last, "confirmed_at_least", found.Synced)
		return found, nil
	}
	return found, compareGroups(dir, found.Last, found.Synced)
}

// findGroups finds the groups that the log has above those of db, and which of these
// db names. Version 1 had no log, so what is there was made by an upgrade that was cut
// short.
func findGroups(dir string, version int, o Options, db *pebble.DB) (*grouplog.Found, names, error) {
	group, err := lastGroup(db)
	if err != nil || version == formatVersionNoLog {
		return grouplog.Nothing(group), names{}, err
	}
	n, err := namesIn(db)
	if err != nil {
		return nil, n, err
	}
	found, err := grouplog.Find(o.FS, o.FS.PathJoin(dir, logDir), group, n.isOver)
	if err != nil {
		return nil, n, err
	}
	return found, n, n.locate(found)
}

func compareGroups(dir string, group, synced uint64) error {
	if group >= synced {
		return nil
	}
	return fmt.Errorf("group %d was confirmed and only %d are there: a log %s", synced, group, damagedLog(dir))
}

func damagedLog(dir string) string {
	return "is damaged or missing. Restore a backup, or accept the loss by removing " + vfs.Default.PathJoin(dir, syncedFile)
}

// lastGroup returns the number of the last group, having made sure that none
// before it is missing.
func lastGroup(db pebble.Reader) (_ uint64, err error) {
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
	return wholeRange(v)
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
	po.Experimental.SpanPolicyFunc = s.runs.cut
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

// syncAbove makes the directories above a new store durable that were there already:
// who made them may have been killed before it was. They are not the store's, and need
// not be readable nor of a file system that syncs directories, so an error is none.
func syncAbove(fs vfs.FS, dir string) {
	for parent := fs.PathDir(dir); parent != dir; dir, parent = parent, fs.PathDir(parent) {
		_ = syncDir(fs, parent)
	}
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
