package diskstore

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/slipwaymq/slipway/core"
)

// A countingFS counts what is written.
type countingFS struct {
	vfs.FS
	bytes *atomic.Int64
}

func (c countingFS) Create(name string, why vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := c.FS.Create(name, why)
	return countingFile{f, c.bytes}, err
}

type countingFile struct {
	vfs.File
	bytes *atomic.Int64
}

func (c countingFile) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.File.Write(p)
}

// killed returns the files as kill -9 leaves them.
func killed(t *testing.T, mem *vfs.MemFS) *vfs.MemFS {
	t.Helper()
	left := vfs.NewCrashableMem()
	for path, b := range diskOf(t, mem) {
		if kindOf(path) == lockFile {
			continue
		}
		if err := writeSynced(left, path, b); err != nil {
			t.Fatal(err)
		}
	}
	return left
}

// TestStartWritesNoValues: a start with a log full of large values, of groups that
// tables have and of those that they have not, reads them and writes none.
func TestStartWritesNoValues(t *testing.T) {
	mem := vfs.NewCrashableMem()
	o := keeping(t, mem)
	o.Kept = 100
	s := mustOpen(t, "/store", o)
	const n, size = 200, 2000
	for i := range n {
		put(t, s, core.Durable, fmt.Sprintf("k%03d", i), noise(size))
		if i == n/2 {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, cut := dump(t, s), mem.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var written atomic.Int64
		o := keeping(t, countingFS{cut, &written})
		o.Kept = 100
		s := mustOpen(t, "/store", o)
		if got := written.Load(); got > n*size/5 {
			t.Errorf("a start wrote %d bytes, of values there are %d", got, n*size)
		}
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Errorf("%s", difference(got, want))
		}
		if !slices.IsSortedFunc(s.kept.slots, func(a, b *keptSlot) int { return cmp.Compare(a.first, b.first) }) {
			t.Error("the oldest values are not the first to move")
		}
		if whole, refs := inTables(t, s); whole > 1 || whole+refs != n { // of the last no record says that it was synced
			t.Errorf("%d whole values and %d references", whole, refs)
		}
		next := cut.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		cut = next
	}
}

// TestWhatIsNotSyncedIsCopied: a start can read a record that no sync returned for,
// or one with an error: it need not be on the disk, so no table refers to it.
func TestWhatIsNotSyncedIsCopied(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "/store", keeping(t, mem))
	put(t, s, core.Durable, "a", strings.Repeat("a", 200))
	put(t, s, core.Lazy, "b", strings.Repeat("b", 200))
	left := killed(t, mem)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, "/store", keeping(t, left))
	defer s.Close()
	if whole, refs := inTables(t, s); whole != 1 || refs != 1 {
		t.Errorf("%d whole values and %d references", whole, refs)
	}
	if all, err := keys(s); err != nil || len(all) != 2 {
		t.Error(all, err)
	}
}

// TestNumbersGivenAgain: what lay behind a torn record in a file that stays for its
// values is not there when the numbers are given again, whoever says so.
func TestNumbersGivenAgain(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "/store", keeping(t, mem))
	long := strings.Repeat("l", 200)
	put(t, s, core.Durable, "a", long)
	put(t, s, core.Lazy, "torn", "x1")
	put(t, s, core.Lazy, "behind", "x2")
	put(t, s, core.Lazy, "more", "x3")
	d := diskOf(t, mem)
	delete(d, "/store/"+lockFile)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for path, b := range d {
		if i := bytes.Index(b, []byte("torn")); i >= 0 && kindOf(path) == "log" {
			b[i]++
		}
	}
	left := vfs.NewCrashableMem()
	for path, b := range d {
		if err := writeSynced(left, path, b); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"a=" + long}
	for i, val := range []string{"", "small", "", long, "small"} {
		s = mustOpen(t, "/store", keeping(t, left))
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Errorf("start %d: %s", i, difference(got, want))
		}
		if key := fmt.Sprint("b", i); val != "" {
			put(t, s, core.Durable, key, val)
			want = append(want, key+"="+val)
		}
		next := killed(t, left)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		left = next
	}
	if r, err := Check("/store", keeping(t, left)); err != nil || r.Group != 4 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestLargeIsChanged: what counts as large may be another at each start. What is
// referred to moves before its file goes.
func TestLargeIsChanged(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var want []string
	for round, large := range []int{100, 4000, 300, 20} {
		o := keeping(t, mem)
		o.Large = large
		s := mustOpen(t, "/store", o)
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Fatalf("round %d: %s", round, difference(got, want))
		}
		for i := range 100 {
			key, val := fmt.Sprintf("k%d-%03d", round, i), fmt.Sprintf("%0*d", 40+i*8, i)
			put(t, s, core.Durable, key, val)
			want = append(want, key+"="+val)
			if i%10 == 0 {
				if err := s.db.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Fatalf("round %d: %s", round, difference(got, want))
		}
		next := mem.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mem = next
	}
}

// TestShortRuns: starts that soon end again leave no more and more files, and no
// more and more keys of the store's own, and nothing is lost.
func TestShortRuns(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var want []string
	for i := range 60 {
		o := keeping(t, mem)
		s := mustOpen(t, "/store", o)
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Fatalf("start %d: %s", i, difference(got, want))
		}
		key, val := fmt.Sprintf("k%03d", i), fmt.Sprintf("%0300d", i)
		put(t, s, core.Durable, key, val)
		put(t, s, core.Durable, "z", "") // whose record says that the value was synced
		want = append(want[:max(0, len(want)-1)], key+"="+val, "z=")
		files, err := mem.List("/store/" + logDir)
		if most := 2*s.opts.Kept + memTables + 3; err != nil || len(files) > most {
			t.Fatalf("start %d: %d files of the log, %v", i, len(files), err)
		}
		if own := ownKeys(t, s); own > 2*(2*s.opts.Kept+memTables+3) {
			t.Fatalf("start %d: %d keys of the store's own", i, own)
		}
		next := mem.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mem = next
	}
}

func ownKeys(t *testing.T, s *Store) (n int) {
	t.Helper()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: endOfKeys})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	return n
}

// TestLostValuesOfEarlierLogs: as TestLostValuesAccepted, of logs that are over.
func TestLostValuesOfEarlierLogs(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var want []string
	for i := range 3 {
		s := mustOpen(t, "/store", keeping(t, mem))
		for j := range 2 {
			key, val := fmt.Sprintf("k%d-%d", i, j), strings.Repeat(fmt.Sprintf("(%d-%d)", i, j), 100)
			put(t, s, core.Durable, key, val)
			want = append(want, key+"="+val)
		}
		next := mem.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mem = next
	}
	s := mustOpen(t, "/store", keeping(t, mem)) // all is in tables, or referred to
	mem = mem.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for gone, kv := range want {
		if gone%2 == 1 {
			continue // is in tables: no record said that it was synced
		}
		d := diskOf(t, mem)
		for path, b := range d {
			if i := bytes.Index(b, []byte(kv[5:20])); i >= 0 && kindOf(path) == "log" {
				b[i+20]++
			}
		}
		fs := d.mount(t)
		o := keeping(t, fs)
		o.Logger = slog.New(slog.DiscardHandler)
		if _, err := Open("/store", o); err == nil || !strings.Contains(err.Error(), fmt.Sprint("values of group ", gone+1)) {
			t.Fatalf("without %.5s: Open = %v", kv, err)
		}
		if err := fs.Remove("/store/" + syncedFile); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s := mustOpen(t, "/store", o)
			rest := slices.Delete(slices.Clone(want), gone, gone+1)
			if got := dump(t, s); !slices.Equal(got, rest) {
				t.Errorf("without %.5s: %s", kv, difference(got, rest))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestLogOfEarlierLogsLost: all of log/ is gone, when tables know of logs that are
// over. That is accepted like any loss.
func TestLogOfEarlierLogsLost(t *testing.T) {
	mem := vfs.NewCrashableMem()
	for i := range 3 {
		s := mustOpen(t, "/store", keeping(t, mem))
		put(t, s, core.Durable, fmt.Sprint("k", i), fmt.Sprintf("%0300d", i))
		put(t, s, core.Durable, fmt.Sprint("s", i), "small")
		next := mem.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mem = next
	}
	o := keeping(t, mem)
	o.Logger = slog.New(slog.DiscardHandler)
	if err := mem.RemoveAll("/store/" + logDir); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("/store", o); err == nil {
		t.Fatal("it opens")
	}
	if err := mem.Remove("/store/" + syncedFile); err != nil {
		t.Fatal(err)
	}
	want := []string{"s0=small", "s1=small"} // the last run's were in the log alone
	for i := range 2 {
		s := mustOpen(t, "/store", o)
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Errorf("start %d: %s", i, difference(got, want))
		}
		put(t, s, core.Durable, "k9", fmt.Sprintf("%0300d", 9))
		want = append([]string{"k9=" + fmt.Sprintf("%0300d", 9)}, want[len(want)-2:]...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCopiesOfFiles: a copy that somebody made of a file of the log, of one that is
// over too, under a number above or below, is no file of the store's.
func TestCopiesOfFiles(t *testing.T) {
	mem := vfs.NewCrashableMem()
	for i := range 3 {
		s := mustOpen(t, "/store", keeping(t, mem))
		put(t, s, core.Durable, fmt.Sprint("k", i), fmt.Sprintf("%0300d", i))
		put(t, s, core.Durable, fmt.Sprint("s", i), "small")
		next := mem.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mem = next
	}
	d := diskOf(t, mem)
	for path, b := range d {
		if kindOf(path) != "log" {
			continue
		}
		twice := path[:strings.LastIndexByte(path, '-')] + "-77"
		d[twice] = b
		left := vfs.NewCrashableMem()
		for path, b := range d {
			if err := writeSynced(left, path, b); err != nil {
				t.Fatal(err)
			}
		}
		delete(d, twice)
		var want []string
		for round := range 4 {
			s := mustOpen(t, "/store", keeping(t, left))
			got := slices.DeleteFunc(dump(t, s), func(kv string) bool { return kv[0] == 'z' })
			if want == nil {
				want = got
			}
			if len(got) != 6 || !slices.Equal(got, want) {
				t.Fatalf("with %s twice, round %d: %q", path, round, got)
			}
			for i := range 60 { // so that all moves
				put(t, s, core.Durable, fmt.Sprint("z", i%3), fmt.Sprintf("%0400d", i))
			}
			next := left.CrashClone(vfs.CrashCloneCfg{})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			left = next
		}
	}
}

// TestStartCutShort: a start may be cut at any operation, by power or by kill -9, when
// it keeps what is referred to where it is, and when there are too many files and it
// moves values.
func TestStartCutShort(t *testing.T) {
	for _, kept := range []int{1, 100} {
		t.Run(fmt.Sprint("keeping ", kept), func(t *testing.T) { testStartCutShort(t, kept) })
	}
}

func testStartCutShort(t *testing.T, kept int) {
	mem := vfs.NewCrashableMem()
	o := keeping(t, mem)
	o.Kept = 100
	s := mustOpen(t, "/store", o)
	for i := range 14 {
		put(t, s, core.Durable, fmt.Sprintf("k%02d", i), fmt.Sprintf("%020000d", i))
		if i == 8 {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 200 { // and files of the log that are not referred to
		put(t, s, core.Durable, fmt.Sprintf("s%03d", i), fmt.Sprintf("%090d", i))
	}
	want, cut := dump(t, s), mem.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // pebble works on several goroutines
	var cuts []*vfs.MemFS
	var gone []string // files of the log; a power cut may bring them back, kill -9 does not
	rng := rand.New(rand.NewPCG(2, 2))
	o = keeping(t, errorfs.Wrap(cut, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		kill := cut.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
		for _, path := range gone {
			if err := kill.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		}
		if op.Kind == errorfs.OpRemove && kindOf(op.Path) == "log" {
			gone = append(gone, op.Path)
		}
		cuts = append(cuts, cut.CrashClone(vfs.CrashCloneCfg{}), kill)
		return nil
	})))
	o.Kept = kept
	s = mustOpen(t, "/store", o)
	put(t, s, core.Durable, "z", fmt.Sprintf("%0300d", 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, c := range cuts {
		for range 2 {
			o := keeping(t, c)
			o.Kept = kept
			again := mustOpen(t, "/store", o)
			got := slices.DeleteFunc(dump(t, again), func(kv string) bool { return kv[0] == 'z' })
			if !slices.Equal(got, want) {
				t.Errorf("cut %d of %d: %.200s", i, len(cuts), difference(got, want))
			}
			c = c.CrashClone(vfs.CrashCloneCfg{})
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(cuts) < 40 || len(gone) < 3 {
		t.Errorf("%d cuts, %d files gone", len(cuts), len(gone))
	}
}

// TestNothingElseIsAReference: a value of the length of one is a value, in a store
// that has no log yet too.
func TestNothingElseIsAReference(t *testing.T) {
	mem := vfs.NewCrashableMem()
	want := []string{"a=" + strings.Repeat("\x00", refLen), "b=" + strings.Repeat("b", refLen)}
	for range 3 {
		s := mustOpen(t, "/store", keeping(t, mem))
		for _, kv := range want {
			put(t, s, core.Durable, kv[:1], kv[2:])
		}
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Errorf("%s", difference(got, want))
		}
		next := mem.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mem = next
	}
}

// TestRemovedFilesComeBack: a file of a log that is over was removed, but not for
// good, when the process was killed; the power goes while the next one starts. Behind
// a torn record the file has groups whose numbers were given again, and more.
func TestRemovedFilesComeBack(t *testing.T) {
	mem := vfs.NewCrashableMem()
	o := keeping(t, mem)
	o.MemTable = 128 << 10
	s := mustOpen(t, "/store", o)
	put(t, s, core.Durable, "a", fmt.Sprintf("%0300d", 1))
	for i := range 600 {
		put(t, s, core.Lazy, fmt.Sprintf("t%03d", i), "")
	}
	d := diskOf(t, mem)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mem = vfs.NewCrashableMem()
	for path, b := range d {
		if kindOf(path) == lockFile {
			continue
		}
		if i := bytes.Index(b, []byte("t000")); kindOf(path) == "log" {
			b[i]++
		}
		if err := writeSynced(mem, path, b); err != nil {
			t.Fatal(err)
		}
	}
	s = mustOpen(t, "/store", keeping(t, mem))
	if all, err := keys(s); err != nil || len(all) != 1 {
		t.Fatalf("%q, %v", all, err)
	}
	there := func(names []string, err error) bool {
		return err == nil && slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "-0") })
	}
	reader := s.readers.enter() // so that it goes when another can be used again, and none is made
	for i := 0; there(mem.List("/store/" + logDir)); i++ {
		if i == 100 {
			reader.leave()
		}
		put(t, s, core.Durable, fmt.Sprint("z", i%3), fmt.Sprintf("%0400d", i))
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
		if i > 1000 {
			t.Fatal("the file of the log that is over stays")
		}
	}
	want := dump(t, s)
	if n := s.group.Load(); n > 500 {
		t.Fatalf("all numbers were given again, to %d: this shows nothing", n)
	}
	if err := s.Close(); err != nil { // which does not sync log/
		t.Fatal(err)
	}
	if !there(mem.CrashClone(vfs.CrashCloneCfg{}).List("/store/" + logDir)) {
		t.Fatal("the file is gone for good: this shows nothing")
	}
	var mu sync.Mutex
	var cuts []*vfs.MemFS
	again := mustOpen(t, "/store", keeping(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			mu.Lock()
			defer mu.Unlock()
			cuts = append(cuts, mem.CrashClone(vfs.CrashCloneCfg{}))
		}
		return nil
	}))))
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, c := range cuts {
		s, err := Open("/store", keeping(t, c))
		if err != nil {
			t.Errorf("cut %d of %d: %v", i, len(cuts), err)
			continue
		}
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Errorf("cut %d of %d: %s", i, len(cuts), difference(got, want))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
