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
func (s *Store) write(group uint64, b *pebble.Batch, h how) error {
	// The log first, and all of it: Apply writes into the batch, and what is not in
	// the log must not get into a table before a later group that is.
	if err := s.log.Append(group, b.Repr()); err != nil {
		return err
	}
	if h.durable && (h.beside != nil || b.Len() >= hurryFrom) {
		if err := s.log.Hurry(); err != nil {
			return err
		}
	}
	var refs *pebble.Batch
	var err error
	if h.durable && h.large {
		refs, err = s.refer(s.log.Place(), b.Repr())
	} else {
		err = s.db.Apply(b, pebble.NoSync)
	}
	if err != nil {
		return err
	}
	if h.beside != nil {
		h.beside()
	}
	if !h.durable {
		return nil
	}
	if err := s.log.Sync(); err != nil || refs == nil {
		return err
	}
	// What is referred to is on stable storage before a table can refer to it.
	return s.db.Apply(refs, pebble.NoSync)
}

// batchOf makes a batch of a payload, which it copies: pebble keeps large ones.
func batchOf(db *pebble.DB, payload []byte) (*pebble.Batch, error) {
	b := db.NewBatch()
	if err := b.SetRepr(bytes.Clone(payload)); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}
