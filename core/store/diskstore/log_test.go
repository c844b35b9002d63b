package diskstore

import (
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// smallStore is a store of a few groups, some of them in tables, with the last
// group confirmed, as kill -9 leaves it. Tables refer to the log for values of
// that length and more.
func smallStore(t *testing.T, large int) (disk, []string) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	o := small(t, mem)
	o.Large = large
	s := mustOpen(t, "/store", o)
	for i := range 9 {
		b := s.NewBatch()
		b.Set(fmt.Appendf(nil, "b%d", i), []byte{0, 0, 0, 4, byte('a' + i)})
		for j := range i {
			b.Release(fmt.Appendf(nil, "b%d", j))
		}
		b.Set([]byte("h"), fmt.Append(nil, i))
		if err := s.Apply(b, core.Durable); err != nil {
			t.Fatal(err)
		}
		if i == 4 {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	truth := dump(t, s)
	d := diskOf(t, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return d, truth
}

// TestEveryByteOfTheLog damages each byte of a log: the store is refused, or
// everything is there.
func TestEveryByteOfTheLog(t *testing.T) {
	for _, large := range []int{0, 5} {
		t.Run(fmt.Sprint("large values from ", large), func(t *testing.T) { testEveryByteOfTheLog(t, large) })
	}
}

func testEveryByteOfTheLog(t *testing.T, large int) {
	d, truth := smallStore(t, large)
	refused, right := 0, 0
	for path, b := range d {
		if kindOf(path) != "log" {
			continue
		}
		end := strings.LastIndexFunc(string(b), func(r rune) bool { return r != 0 }) + 10 // zeros are only zeros
		for i := range min(end, len(b)) {
			b[i] ^= byte(1 + i*37%255)
			switch got, err := readDamaged(t, d); {
			case got == nil:
				refused++
			case err != nil || !slices.Equal(got, truth):
				t.Errorf("byte %d of %s: wrong, and nobody said so: %v, %s", i, path, err, difference(got, truth))
			default:
				right++
			}
			b[i] ^= byte(1 + i*37%255)
		}
	}
	if t.Logf("%d refused, %d right", refused, right); refused < 100 || right < 100 && large == 0 { // each that has a value is needed
		t.Error("too few to mean much")
	}
}

// TestFilesOfTheLog: cut short, zero, missing, there twice.
func TestFilesOfTheLog(t *testing.T) {
	for _, large := range []int{0, 5} {
		d, truth := smallStore(t, large)
		testFilesOfTheLog(t, d, truth)
		d, truth = confirmedStore(t, large*20)
		testFilesOfTheLog(t, d, truth)
	}
}

func testFilesOfTheLog(t *testing.T, d disk, truth []string) {
	t.Helper()
	check := func(what, path string) {
		t.Helper()
		if got, err := readDamaged(t, d); got != nil && (err != nil || !slices.Equal(got, truth)) {
			t.Errorf("%s %s: wrong, and nobody said so: %v, %s", path, what, err, difference(got, truth))
		}
	}
	for path, b := range d {
		if kindOf(path) != "log" {
			continue
		}
		for n := 0; n <= len(b); n += 1 + len(b)/20 {
			d[path] = b[:n]
			check(fmt.Sprint("cut to ", n), path)
			d[path] = append(slices.Clone(b[:n]), slices.Repeat([]byte{0}, len(b)-n)...)
			check(fmt.Sprint("zero from ", n), path)
			d[path] = append(slices.Repeat([]byte{0}, n), b[n:]...)
			check(fmt.Sprint("zero to ", n), path)
		}
		delete(d, path)
		check("gone", path)
		d[path] = b
		twice := path[:strings.LastIndexByte(path, '-')] + "-77"
		d[twice] = b
		if got, err := readDamaged(t, d); err != nil || !slices.Equal(got, truth) {
			t.Errorf("with %s twice: %v, %s", path, err, difference(got, truth))
		}
		delete(d, twice)
	}
}

// TestReplayedTwice: groups that are in tables already are no groups to replay.
// A Release that counted twice would be a loss; the group numbers show it.
func TestReplayedTwice(t *testing.T) {
	d, _ := smallStore(t, 0)
	fs := d.mount(t)
	o := small(t, fs)
	found, err := grouplog.Find(fs, "/store/"+logDir, 3, names{}.isOver) // of which 4 and 5 are in tables
	if err != nil || found.Last != 9 {
		t.Fatal(found, err)
	}
	db, err := openPebble("/store/"+dbDir, o.withDefaults().pebbleOptions(func([]byte) {}))
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{db: db, opts: o.withDefaults()}
	s.fatal = func(error) {}
	if err := s.recover(found); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("replaying two groups twice: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLostGroupInTables: a table may have groups that the log lost, as they were
// never synced. They are there then, and numbers go on behind them.
func TestLostGroupInTables(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "/store", small(t, mem))
	put(t, s, core.Durable, "a", "1")
	for i := range 5 {
		put(t, s, core.Lazy, fmt.Sprint("b", i), "1")
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	put(t, s, core.Lazy, "c", "1")
	for range 3 {
		cut := mem.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, "/store", small(t, cut))
		if all, err := keys(s); err != nil || len(all) != 6 {
			t.Errorf("%q, %v", all, err)
		}
		if n := s.group.Load(); n != 6 {
			t.Errorf("group %d", n)
		}
		mem = cut
	}
	put(t, s, core.Durable, "d", "1")
	cut := mem.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, "/store", small(t, cut))
	defer s.Close()
	if all, err := keys(s); err != nil || len(all) != 7 || s.group.Load() != 7 {
		t.Errorf("%q, %v", all, err)
	}
}

// TestCloseIsDurable: what was applied with less than Durable is on stable storage
// when Close has returned.
func TestCloseIsDurable(t *testing.T) {
	for _, d := range []core.Durability{core.Local, core.Lazy} {
		mem := vfs.NewCrashableMem()
		s := mustOpen(t, "/store", small(t, mem))
		put(t, s, core.Durable, "a", "1")
		put(t, s, d, "b", "1")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, "/store", small(t, mem.CrashClone(vfs.CrashCloneCfg{})))
		if all, err := keys(s); err != nil || len(all) != 2 {
			t.Errorf("durability %d: %q, %v", d, all, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogSaysWhatWasSynced: SYNCED is fsynced now and then only. What is damaged in
// the middle of the log is known from the records behind it.
func TestLogSaysWhatWasSynced(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "/store", small(t, mem)) // which says 0 in SYNCED and has it so after a power cut
	for i := range 9 {
		put(t, s, core.Durable, fmt.Sprint("k", i), "v")
	}
	d := diskOf(t, mem.CrashClone(vfs.CrashCloneCfg{}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for path, b := range d {
		if kindOf(path) != "log" {
			continue
		}
		at := records(path, b)
		if len(at) != 9 {
			t.Fatalf("%d records", len(at))
		}
		for i, from := range at {
			b[from]++
			// That the last was synced only SYNCED could say.
			if got, err := readDamaged(t, d); (got == nil) != (i < 8) {
				t.Errorf("record %d damaged: %d keys, %v", i, len(got), err)
			}
			b[from]--
		}
	}
}

// TestLogIsBounded: whatever groups are like, the log does not outgrow what
// memtables hold, and hardly anything is left to replay.
func TestLogIsBounded(t *testing.T) {
	for _, size := range []int{0, 10, 500, 20_000, 100_000} {
		mem := vfs.NewMem()
		o := small(t, mem)
		s := mustOpen(t, "/store", o)
		val := noise(size)
		most := int64(0)
		for i := range min(20_000, 5<<20/(size+50)) {
			b := s.NewBatch()
			if size > 0 {
				b.Set(fmt.Appendf(nil, "m%d", i), []byte(val))
				b.Set(fmt.Appendf(nil, "m%d", i-3), nil)
			}
			if err := s.Apply(b, core.Durable); err != nil {
				t.Fatal(err)
			}
			most = max(most, s.log.Bytes())
		}
		slots := int64(memTables + 4)
		if size >= s.opts.Large {
			slots += int64(s.opts.Kept) + 1
		}
		if limit := slots * max(o.MemTable, int64(size)+200); most > limit {
			t.Errorf("with values of %d bytes the log grew to %d", size, most)
		}
		if m := s.Metrics(); m.LogBytes == 0 || m.DiskBytes < m.LogBytes {
			t.Errorf("%+v", m)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// loadOld puts the directory of an old version that is under testdata on a disk.
// The last groups are in pebble's own log in version 1 and in log/ in the others. In
// version 3 tables refer to values of 20 bytes and more.
func loadOld(t *testing.T, version int) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	root := filepath.Join("testdata", fmt.Sprintf("v%d", version))
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return writeSynced(mem, mem.PathJoin("/store", filepath.ToSlash(rel)), b)
	})
	if err != nil {
		t.Fatal(err)
	}
	return mem
}

func writeSynced(mem *vfs.MemFS, path string, b []byte) error {
	if err := mkdirSynced(mem, mem.PathDir(path)); err != nil {
		return err
	}
	f, err := mem.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err := f.Write(slices.Clone(b)); err != nil { // under -race what is written is spoilt after
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncDir(mem, mem.PathDir(path))
}

var oldTruth = []string{
	"b0=\x00\x00\x00\x01a", "b4=\x00\x00\x00\x02e", "b5=\x00\x00\x00\x02f", "b6=\x00\x00\x00\x02g", "b7=\x00\x00\x00\x03h", "h=7", "m0=",
	"m1=" + strings.Repeat("x", 20), "m3=" + strings.Repeat("x", 60), "m4=" + strings.Repeat("x", 80),
	"m6=" + strings.Repeat("x", 120), "m7=" + strings.Repeat("x", 140),
}

// oldLast is the last group of the directory of each old version.
var oldLast = map[int]uint64{1: 9, 2: 14, 3: 16}

// TestUpgrade opens a directory of each old version, cutting the power before each of
// the operations that this takes: it is of one version or the other, and whole.
func TestUpgrade(t *testing.T) {
	for version, last := range oldLast {
		t.Run(fmt.Sprint(version), func(t *testing.T) { testUpgrade(t, version, last) })
	}
}

func testUpgrade(t *testing.T, old int, last uint64) {
	mem := loadOld(t, old)
	r, err := Check("/store", small(t, mem))
	if err != nil || r.Format != old || r.Group != last || r.Synced != last || r.Keys['m'].Keys != 6 {
		t.Errorf("%+v, %v", r, err)
	}
	versions := map[int]int{}
	rng := rand.New(rand.NewPCG(8, 8))
	var mu sync.Mutex
	o := small(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		for _, kept := range []int{0, 50, 100} {
			cut := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rng})
			version, _, err := readFormat(cut, "/store")
			if err != nil {
				t.Error(err)
			}
			versions[version]++
			if version == old && old > formatVersionNoLog {
				checkNothingNew(t, cut)
			}
			checkUpgraded(t, cut)
		}
		return nil
	})))
	s := mustOpen(t, "/store", o)
	put(t, s, core.Durable, "z", "new")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if before := map[int]int{1: 50}[old]; versions[old] <= before || versions[formatVersion] < 5 {
		t.Errorf("found versions %v", versions)
	}
	if r, err := Check("/store", small(t, mem)); err != nil || r.Format != formatVersion || r.Group != last+1 || r.Keys['z'].Keys != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// checkNothingNew makes sure that the program of version 3, or 2, can read what FORMAT
// says is of it.
func checkNothingNew(t *testing.T, fs vfs.FS) {
	t.Helper()
	db, err := openReadOnly("/store", small(t, fs).withDefaults())
	if err != nil {
		t.Error(err)
		return
	}
	defer db.Close()
	if n, err := namesIn(db); err != nil || len(n.over) > 0 || len(n.old) != len(n.groups) {
		t.Errorf("%+v, %v", n, err)
	}
}

func checkUpgraded(t *testing.T, fs vfs.FS) {
	t.Helper()
	s, err := Open("/store", small(t, fs))
	if err != nil {
		t.Error(err)
		return
	}
	got := slices.DeleteFunc(dump(t, s), func(l string) bool { return l == "z=new" })
	if !slices.Equal(got, oldTruth) {
		t.Errorf("after the upgrade: %s", difference(got, oldTruth))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestUpgradeDamaged: a damaged directory of an old version is refused or right, too,
// and one that is refused is left as it was.
func TestUpgradeDamaged(t *testing.T) {
	for version := range oldLast {
		t.Run(fmt.Sprint(version), func(t *testing.T) { testUpgradeDamaged(t, version) })
	}
}

func testUpgradeDamaged(t *testing.T, version int) {
	whole := diskOf(t, loadOld(t, version))
	paths := slices.Sorted(func(yield func(string) bool) {
		for p, b := range whole {
			if len(b) > 0 && !yield(p) {
				return
			}
		}
	})
	rng := rand.New(rand.NewPCG(9, 9))
	refused, right := 0, 0
	for i := range 400 {
		path := paths[i%len(paths)]
		b := whole[path]
		at, x := rng.IntN(len(b)), byte(1+rng.IntN(255))
		b[at] ^= x
		fs := whole.mount(t)
		o := small(t, fs)
		o.Logger, o.Fatal = slog.New(slog.DiscardHandler), func(error) {}
		s, err := Open("/store", o)
		if err == nil {
			got, readErr := keysAndValues(s)
			if closeErr := s.Close(); readErr == nil && closeErr == nil && !slices.Equal(got, oldTruth) {
				t.Errorf("%s byte %d ^ %02x: wrong, and nobody said so: %s", path, at, x, difference(got, oldTruth))
			}
			right++
		} else {
			for p, was := range diskOf(t, fs) {
				if kindOf(p) == "log" && whole[p] == nil || !slices.Equal(was, whole[p]) && kindOf(p) != lockFile {
					t.Errorf("%s byte %d ^ %02x: refused, and %s was changed: %v", path, at, x, p, err)
				}
			}
			refused++
		}
		b[at] ^= x
	}
	if t.Logf("%d refused, %d not", refused, right); refused < 50 || right < 50 {
		t.Error("too few to mean much")
	}
}

// TestUpgradeWithCopies: version 3 did not say in which file a group is, so a copy that
// somebody made cannot be told from it. That is refused before anything is changed.
func TestUpgradeWithCopies(t *testing.T) {
	d := diskOf(t, loadOld(t, 3))
	for path, b := range d {
		if kindOf(path) == "log" {
			d[path[:strings.LastIndexByte(path, '-')]+"-77"] = b
		}
	}
	fs := d.mount(t)
	for range 2 {
		if _, err := Open("/store", small(t, fs)); err == nil || !strings.Contains(err.Error(), "copies") {
			t.Errorf("Open = %v", err)
		}
	}
	for path, b := range diskOf(t, fs) {
		if kindOf(path) != lockFile && !slices.Equal(b, d[path]) {
			t.Errorf("%s was changed", path)
		}
	}
}
