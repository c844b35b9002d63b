package diskstore

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// recover puts the groups that the log has above the tables into tables, after which
// nothing in the log is needed but large values that are referred to: those stay
// where they are. It goes slot by slot and gives each back that is not needed, so it
// needs the space of one: a disk that is full is no reason not to start.
func (s *Store) recover(found *grouplog.Found) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = s.recovered(r)
		}
	}()
	n, err := namesIn(s.db)
	if err == nil {
		err = n.locate(found)
	}
	if err != nil {
		return err
	}
	if err := s.adopt(found, n); err != nil {
		return err
	}
	err = found.Replay(s.replay(found.Synced), func(slot grouplog.Slot, last uint64) (spent bool, err error) {
		if s.kept.has(slot) {
			return false, nil
		}
		return true, s.flushTo(last)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(s.kept.slots, func(a, b *keptSlot) int { return cmp.Compare(a.first, b.first) })
	if lost := n.missing(found); len(lost) > 0 { // which the operator has accepted
		if err := s.dropLost(lost); err != nil {
			return err
		}
	}
	if err := s.endLives(found, n); err != nil {
		return err
	}
	return s.flushTo(found.Last)
}

// adopt notes what the log has of the groups that tables refer to.
func (s *Store) adopt(found *grouplog.Found, n names) error {
	k := &s.kept
	k.know(found.Life)
	slots := map[grouplog.Slot]bool{} // without paths
	for _, at := range n.groups {
		k.know(at.life)
		slots[grouplog.Slot{Life: at.life, Number: at.slot}] = true
	}
	want := func(s grouplog.Slot) bool { s.Path = ""; return slots[s] }
	met := map[uint64]bool{}
	err := found.Earlier(want, func(p grouplog.Place, payload []byte) error {
		at, ok := n.groups[p.Group]
		if !ok || at.life != p.Life || at.slot != p.Slot {
			return nil
		}
		met[p.Group] = true
		return k.note(p, payload, at.from)
	})
	if should := len(n.groups) - len(n.missing(found)); err == nil && len(met) != should {
		err = fmt.Errorf("the log changed while it was read: %d groups of %d", len(met), should)
	}
	return err
}

// note notes the values of a group that may be referred to.
func (k *kept) note(p grouplog.Place, payload []byte, from int) error {
	at := k.slot(p)
	for r := batchrepr.Read(payload); ; {
		kind, key, val, ok, err := r.Next()
		if !ok {
			return err
		}
		if kind == pebble.InternalKeyKindSet && len(val) >= from {
			at.values = append(at.values, valueAt(p, payload, r, key, val))
		}
	}
}

// replay is for Found.Replay. Large values are referred to if a sync returned for
// them. If none did, or one with an error, what is read need not be on the disk.
func (s *Store) replay(synced uint64) func(p grouplog.Place, payload []byte) error {
	return func(p grouplog.Place, payload []byte) error {
		large, err := hasLarge(payload, s.opts.Large)
		if err != nil {
			return err
		}
		if large && p.Group <= synced {
			refs, err := s.refer(p, payload)
			if err != nil {
				return err
			}
			return s.db.Apply(refs, pebble.NoSync)
		}
		b, err := batchOf(s.db, payload)
		if err != nil {
			return err
		}
		return errors.Join(s.db.Apply(b, pebble.NoSync), b.Close())
	}
}

func hasLarge(payload []byte, from int) (bool, error) {
	for r := batchrepr.Read(payload); ; {
		kind, _, val, ok, err := r.Next()
		if !ok || kind == pebble.InternalKeyKindSet && len(val) >= from {
			return ok, err
		}
	}
}

// endLives has tables say, before another log begins, that the one which was found
// is over, if files of it stay; and no more of those of which no file is left.
func (s *Store) endLives(found *grouplog.Found, n names) error {
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }() // it has no error
	gone := false
	for l := range n.over {
		if slices.ContainsFunc(found.Slots, func(f grouplog.Slot) bool { return f.Life == l }) {
			continue
		}
		gone = true
		if err := b.Delete(overKey(l), nil); err != nil {
			return err
		}
	}
	if gone { // for good, a power cut does not bring them back
		if err := s.syncLogDir(); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(s.kept.slots, func(k *keptSlot) bool { return k.life == found.Life }) {
		if err := b.Set(overKey(found.Life), nil, nil); err != nil {
			return err
		}
	}
	if b.Empty() {
		return nil
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return err
	}
	return s.db.Flush()
}

// syncLogDir makes durable what files log/ has. There is none if all of it was lost.
func (s *Store) syncLogDir() error {
	fs, path := s.opts.FS, s.opts.FS.PathJoin(s.dir, logDir)
	if err := fs.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return errors.Join(syncDir(fs, path), syncDir(fs, s.dir))
}

// A logPlace is where a value is.
type logPlace struct {
	life grouplog.Life
	slot uint64
	off  int64
}

// dropLost deletes the keys whose values are lost, and the names of their groups.
func (s *Store) dropLost(groups []uint64) (err error) {
	there := map[logPlace]bool{}
	for _, k := range s.kept.slots {
		for _, v := range k.values {
			there[logPlace{k.life, k.number, v.off}] = true
		}
	}
	b := s.db.NewBatch()
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, g := range groups {
		if err := b.Delete(keepKey(g), nil); err != nil {
			return err
		}
	}
	it, err := s.db.NewIter(&pebble.IterOptions{UpperBound: endOfKeys})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	keys := 0
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if !s.kept.isRef(v) {
			continue
		}
		if r := parseRef(v); there[logPlace{r.life, r.slot, r.off}] {
			continue
		}
		keys++
		if err := b.Delete(it.Key(), nil); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	s.opts.Logger.Warn("values that only a part of the log had are lost", "dir", s.dir, "keys", keys)
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return err
	}
	return s.db.Flush() // no start asks again
}

// moveExcess moves values out of more slots than a run leaves, at once: starts that
// soon end again would each leave some more.
func (s *Store) moveExcess() error {
	moved := false
	for len(s.kept.slots) > 2*s.opts.Kept+memTables {
		moved = true
		if err := s.moveSome(s.kept.slots[0], moveStep); err != nil {
			return err
		}
	}
	if !moved {
		return nil
	}
	return s.db.Flush()
}

// flushTo makes sure that tables have the groups up to the last one applied.
func (s *Store) flushTo(group uint64) error {
	last, err := s.flushed()
	if err == nil && last < group {
		if err = s.db.Flush(); err == nil {
			last, err = s.flushed()
		}
	}
	if err == nil && last != group {
		err = fmt.Errorf("group %d is the last of the log and %d that of the tables", group, last)
	}
	return err
}
