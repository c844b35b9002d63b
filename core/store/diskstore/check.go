package diskstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// A Report is what `slipway check <dir>` prints.
type Report struct {
	Format     int
	Group      uint64 // the last group there is
	Synced     uint64 // the last that is known to have been confirmed
	Logs       int    // files of the group log
	LogBytes   int64
	Kept       uint64 // values that tables refer to and the log has
	Tables     int    // table files in use, every block of which was read
	TableBytes int64
	Keys       map[byte]KeyCount // by table byte
}

// A KeyCount sums up the keys that begin with one byte.
type KeyCount struct {
	Keys  uint64
	Bytes uint64 // of keys and values
}

// Check reads everything in dir and writes nothing. Its error joins all that
// is wrong; the report says what was found besides.
func Check(dir string, o Options) (r Report, err error) {
	o = o.withDefaults()
	r.Keys = map[byte]KeyCount{}
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("panic in pebble: %v", p))
		}
		if err != nil {
			err = fmt.Errorf("diskstore: %s: %w", dir, err)
		}
	}()
	if _, err := o.FS.Stat(o.FS.PathJoin(dir, formatFile)); err != nil {
		return r, fmt.Errorf("not a store: %w", err)
	}
	lock, err := lockForCheck(o.FS, dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	version, state, err := readFormat(o.FS, dir)
	if err != nil {
		return r, err
	}
	if state == formatNew {
		return r, errors.New("its creation was not finished: it is empty and will be begun anew")
	}
	r.Format = version
	return r, r.checkContents(dir, o)
}

func checkTable(o Options, path string) (size int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in pebble: %v", p)
		}
	}()
	f, err := o.FS.Open(path)
	if err != nil {
		return 0, err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	size = readable.Size()
	po := o.pebbleOptions(func([]byte) {})
	po.EnsureDefaults()
	rd, err := sstable.NewReader(context.Background(), readable, po.MakeReaderOptions())
	if err != nil {
		return size, errors.Join(err, readable.Close())
	}
	return size, errors.Join(rd.ValidateBlockChecksums(), rd.Close())
}

// checkContents recovers the store in memory, which reads the log, compares
// group numbers, and reads every key.
func (r *Report) checkContents(dir string, o Options) (err error) {
	synced, err := readSynced(o.FS, dir)
	if err != nil {
		err = fmt.Errorf("what was confirmed is not known: %w", err)
	}
	r.Synced = synced
	db, openErr := openReadOnly(dir, o)
	if openErr != nil {
		return errors.Join(err, openErr)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	view, known, viewErr := r.addLog(dir, o, db)
	if viewErr != nil {
		return errors.Join(err, viewErr, r.checkTables(dir, o, db))
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	group, groupErr := lastGroup(view)
	r.Group = group
	if groupErr == nil {
		groupErr = compareGroups(dir, group, r.Synced)
	}
	return errors.Join(err, groupErr, r.checkTables(dir, o, db), r.countKeys(view, known))
}

// addLog returns db with what the log has above it, and what references may be into.
func (r *Report) addLog(dir string, o Options, db *pebble.DB) (view *pebble.Batch, known *kept, err error) {
	found, n, err := findGroups(dir, r.Format, o, db)
	if err != nil {
		return nil, nil, err
	}
	if err := compareNamed(dir, n, found); err != nil {
		return nil, nil, err
	}
	known = &kept{}
	for _, at := range n.groups {
		known.know(at.life)
	}
	r.Logs, r.LogBytes = len(found.Slots), found.Bytes
	r.Synced = max(r.Synced, found.Synced)
	view = db.NewIndexedBatch()
	err = found.Replay(func(_ grouplog.Place, payload []byte) error {
		b, err := batchOf(db, payload)
		if err != nil {
			return err
		}
		return errors.Join(view.Apply(b, nil), b.Close())
	}, nil)
	if err != nil {
		return nil, nil, errors.Join(err, view.Close())
	}
	return view, known, nil
}

// checkTables reads every block of every table in use: values that a newer
// one hides, filters and indexes too, which countKeys does not.
func (r *Report) checkTables(dir string, o Options, db *pebble.DB) error {
	levels, err := db.SSTables()
	errs := []error{err}
	for _, level := range levels {
		for _, table := range level {
			path := o.FS.PathJoin(dir, dbDir, fmt.Sprintf("%s.sst", table.BackingSSTNum))
			size, err := checkTable(o, path)
			r.Tables++
			r.TableBytes += size
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", path, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (r *Report) countKeys(db pebble.Reader, known *kept) (err error) {
	it, err := db.NewIter(&pebble.IterOptions{UpperBound: endOfKeys})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if isDead(v) {
			continue
		}
		var table byte
		if k := it.Key(); len(k) > 0 {
			table = k[0]
		}
		c := r.Keys[table]
		c.Keys++
		size := len(v)
		if known.isRef(v) {
			size = int(parseRef(v).length)
			r.Kept++
		}
		c.Bytes += uint64(len(it.Key()) + size)
		r.Keys[table] = c
	}
	return it.Error()
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "format %d\ngroup %d, confirmed at least to %d\n", r.Format, r.Group, r.Synced)
	fmt.Fprintf(&b, "%d logs, %d bytes\n%d tables, %d bytes\n", r.Logs, r.LogBytes, r.Tables, r.TableBytes)
	tables := make([]byte, 0, len(r.Keys))
	for t := range r.Keys {
		tables = append(tables, t)
	}
	slices.Sort(tables)
	for _, t := range tables {
		fmt.Fprintf(&b, "%q: %d keys, %d bytes\n", t, r.Keys[t].Keys, r.Keys[t].Bytes)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
