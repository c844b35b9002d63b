package diskstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// A referral is the groups whose records the tables may refer to.
type referral struct {
	groups map[uint64]bool
	life   grouplog.Life // of their log
}

func referred(db pebble.Reader) (r referral, err error) {
	r.groups = map[uint64]bool{}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: keepKey(0), UpperBound: keepEnd})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		k := it.Key()[len(keepPrefix):]
		v, err := it.ValueAndErr()
		if err != nil {
			return r, err
		}
		if len(k) != 8 || len(v) != len(r.life) {
			return r, fmt.Errorf("a key of the store's own is damaged: %q", it.Key())
		}
		r.groups[binary.BigEndian.Uint64(k)], r.life = true, grouplog.Life(v)
	}
	return r, it.Error()
}

// missing returns a group that the log should have and has not; 0 is none.
func (r referral) missing(found *grouplog.Found) uint64 {
	for g := range r.groups {
		if found.Life != r.life || !found.HasEarlier(g) {
			return g
		}
	}
	return 0
}

// compareReferred makes sure that what the tables refer to is in the log.
func compareReferred(dir string, db pebble.Reader, found *grouplog.Found) error {
	r, err := referred(db)
	if err != nil {
		return err
	}
	if g := r.missing(found); g != 0 {
		return fmt.Errorf("values of group %d are in the log alone, which does not have it: it %s", g, damagedLog(dir))
	}
	return nil
}

// settle puts the values that tables refer to into tables, slot by slot, each of
// which is given back when that is done. Like a replay, it is begun again when it is
// cut short: what is named is still there.
func (s *Store) settle(found *grouplog.Found) error {
	r, err := referred(s.db)
	if err != nil || len(r.groups) == 0 {
		return err
	}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }() // it has no error
	next := func() error {
		err := errors.Join(s.db.Apply(b, pebble.NoSync), b.Close())
		b = s.db.NewBatch()
		return err
	}
	named := false // a group of this stretch
	group := func(group, slot uint64, off int64, payload []byte) error {
		if !r.groups[group] {
			return nil
		}
		named = true
		if err := s.settleGroup(b, r.life, slot, off, payload); err != nil || b.Len() < moveStep {
			return err
		}
		return next()
	}
	end := func(first, last uint64) error {
		if !named {
			return nil
		}
		named = false
		if err := b.DeleteRange(keepKey(first), keepKey(last+1), nil); err != nil {
			return err
		}
		if err := next(); err != nil {
			return err
		}
		return s.db.Flush()
	}
	if r.missing(found) == 0 {
		return found.Earlier(group, end)
	}
	// What is lost is known when all the rest is settled.
	if err := found.Earlier(group, nil); err != nil {
		return err
	}
	if err := next(); err != nil {
		return err
	}
	if err := s.dropLost(b, r.life); err != nil {
		return err
	}
	named = true
	return end(0, math.MaxUint64-1)
}

// settleGroup has b Set the values of a group that its keys still refer to.
func (s *Store) settleGroup(b *pebble.Batch, life grouplog.Life, slot uint64, off int64, payload []byte) error {
	for r := batchrepr.Read(payload); ; {
		kind, key, val, ok, err := r.Next()
		if !ok {
			return err
		}
		if kind != pebble.InternalKeyKindSet {
			continue
		}
		had, err := s.refAt(key, life, slot, off+int64(len(payload)-len(r)-len(val)))
		if err != nil {
			return err
		}
		if had != nil {
			if err := b.Set(key, append(had[:countLen], val[countLen:]...), nil); err != nil {
				return err
			}
		}
	}
}

// dropLost deletes the keys whose values are lost, which the operator has accepted.
func (s *Store) dropLost(b *pebble.Batch, life grouplog.Life) (err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{UpperBound: endOfKeys})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if isRef(v, life) {
			n++
			if err := b.Delete(it.Key(), nil); err != nil {
				return err
			}
		}
	}
	s.opts.Logger.Warn("values that only a part of the log had are lost", "dir", s.dir, "keys", n)
	return it.Error()
}
