package diskstore

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// hurryFrom is the size of a batch from which on its insertion takes long enough
// for the disk to begin before.
const hurryFrom = 16 << 10

func (s *Store) logOptions() grouplog.Options {
	return grouplog.Options{
		FS:       s.opts.FS,
		Dir:      s.opts.FS.PathJoin(s.dir, logDir),
		SlotSize: s.opts.MemTable,
		Slots:    func() int { return memTables + 1 + min(len(s.kept.slots), s.opts.Kept) },
		Flushed:  s.flushed,
		Keep:     s.keeps,
		// A group takes more of a memtable than of the log, or about the same, so
		// this is the exception. It waits while there are memTables of them.
		Full: func() error { _, err := s.db.AsyncFlush(); return err },
	}
}

// flushed returns the last group that is in tables. Memtables are written to
// tables whole and in their order, and a batch is in one memtable, so all groups
// up to that one are.
func (s *Store) flushed() (last uint64, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: groupKey, OnlyReadGuaranteedDurable: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.First() {
		return 0, it.Error()
	}
	v, err := it.ValueAndErr()
	if err != nil {
		return 0, err
	}
	return wholeRange(v)
}

// write writes a group to the log, from where alone it is durable, and into the
// memtable, where readers see it.
func (s *Store) write(group uint64, d *draft, h how) error {
	// The log first, and all of it: Apply writes into the batch, and what is not in
	// the log must not get into a table before a later group that is.
	s.list = d.pieces(s.list[:0])
	defer clear(s.list)
	if err := s.log.Append(group, s.list...); err != nil {
		return err
	}
	if h.durable && (h.beside != nil || d.size() >= hurryFrom) {
		if err := s.log.Hurry(); err != nil {
			return err
		}
	}
	refers := h.durable && len(d.large) > 0
	if err := s.put(d, refers); err != nil {
		return err
	}
	if h.beside != nil {
		h.beside()
	}
	if !h.durable {
		return nil
	}
	if err := s.log.Sync(); err != nil || !refers {
		return err
	}
	// What is referred to is on stable storage before a table can refer to it.
	return s.db.Apply(d.Batch, pebble.NoSync)
}

// put puts a group into the memtable, if it is not to refer to the log, and else
// makes it ready to be put there.
func (s *Store) put(d *draft, refers bool) error {
	switch {
	case refers:
		return s.referDraft(s.log.Place(), d)
	case len(d.large) == 0:
		return s.db.Apply(d.Batch, pebble.NoSync)
	}
	b, err := whole(s.db, s.list)
	if err != nil {
		return errors.Join(err, b.Close())
	}
	return errors.Join(s.db.Apply(b, pebble.NoSync), b.Close())
}

// batchOf makes a batch of a payload, which it copies: pebble keeps large ones.
func batchOf(db *pebble.DB, payload []byte) (*pebble.Batch, error) {
	b := db.NewBatch()
	if err := b.SetRepr(bytes.Clone(payload)); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}
