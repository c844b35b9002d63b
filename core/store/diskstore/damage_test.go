package diskstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core"
)

// flips is how many bytes are damaged, one at a time.
const flips = 1000

// A disk is the files of a store, by path, while it is not open.
type disk map[string][]byte

// TestFlippedBytes damages one byte of a store at a time, in every kind of
// file alike, and opens it: it is refused, or what is read is exactly what was
// confirmed, and a read that meets the damage is an error.
func TestFlippedBytes(t *testing.T) {
	for _, large := range []int{0, 100} {
		t.Run(fmt.Sprint("large values from ", large), func(t *testing.T) { testFlippedBytes(t, large) })
	}
}

func testFlippedBytes(t *testing.T, large int) {
	d, truth := confirmedStore(t, large)
	kinds := map[string][]string{}
	for path, b := range d {
		if len(b) > 0 {
			kinds[kindOf(path)] = append(kinds[kindOf(path)], path)
		}
	}
	for _, k := range []string{"log", "table", "manifest", "options", formatFile, syncedFile, lockFile, ballastFile} {
		if len(kinds[k]) == 0 {
			t.Fatalf("the store has no file of kind %s to damage: %v", k, kinds)
		}
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for k := range kinds {
			if !yield(k) {
				return
			}
		}
	})
	type tally struct{ refused, failed, right int }
	tallies := map[string]*tally{}
	rng := rand.New(rand.NewPCG(1, 2))
	n := flips
	if large > 0 {
		n /= 2
	}
	for i := range n {
		kind := names[i%len(names)]
		slices.Sort(kinds[kind])
		path := kinds[kind][rng.IntN(len(kinds[kind]))]
		at, x := rng.IntN(len(d[path])), byte(1+rng.IntN(255))
		seen := tallies[kind]
		if seen == nil {
			seen = &tally{}
			tallies[kind] = seen
		}
		d[path][at] ^= x
		switch got, err := readDamaged(t, d); {
		case got == nil:
			seen.refused++
		case err != nil:
			seen.failed++
		case !slices.Equal(got, truth):
			t.Errorf("flip %d, %s byte %d ^ %02x: wrong, and nobody said so: %s", i, path, at, x, difference(got, truth))
		default:
			seen.right++
		}
		d[path][at] ^= x
	}
	for _, k := range names {
		t.Logf("%-9s %3d refused, %3d failed to read, %3d right", k, tallies[k].refused, tallies[k].failed, tallies[k].right)
	}
	// A test that cannot see damage would see none: most of these bytes count.
	for _, k := range []string{"manifest", formatFile} {
		if tallies[k].refused == 0 {
			t.Errorf("no flip in %s was refused", k)
		}
	}
	if tallies["table"].failed+tallies["table"].refused == 0 || tallies["log"].refused == 0 {
		t.Error("no flip in a table or in a log was noticed")
	}
}

func kindOf(path string) string {
	base := filepath.Base(path)
	switch {
	case filepath.Base(filepath.Dir(path)) == logDir:
		return "log"
	case strings.HasSuffix(base, ".log"):
		return "pebble's log" // empty
	case strings.HasSuffix(base, ".sst"):
		return "table"
	case strings.HasPrefix(base, "MANIFEST"):
		return "manifest"
	case strings.HasPrefix(base, "OPTIONS"):
		return "options"
	case strings.HasPrefix(base, "marker"):
		return "marker"
	}
	return base
}

// A gatedFS lets no new table be begun while the gate is closed, so that logs
// pile up.
type gatedFS struct {
	vfs.FS
	gate *sync.RWMutex
}

func (g gatedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasSuffix(name, ".sst") {
		g.gate.RLock()
		defer g.gate.RUnlock()
	}
	return g.FS.Create(name, c)
}

// confirmedStore makes a store with several tables and logs, all of it Durable,
// and returns its files as kill -9 would leave them.
func confirmedStore(t *testing.T, large int) (disk, []string) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	var gate sync.RWMutex
	o := small(t, gatedFS{fs, &gate})
	o.Large = large
	s := mustOpen(t, "/store", o)
	s.layBallast()
	rng := rand.New(rand.NewPCG(3, 4))
	const most, closeGateAt = 600, 150
	for i := range most {
		if i == closeGateAt {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
			gate.Lock()
		}
		if i > closeGateAt && s.db.Metrics().MemTable.Count >= memTables-1 {
			break // the next would wait for the gate
		}
		b := s.NewBatch()
		val := make([]byte, rng.IntN(800))
		for j := range val {
			val[j] = byte(rng.Uint32())
		}
		b.Set(fmt.Appendf(nil, "m%05d", i), val)
		b.Set([]byte("h"), fmt.Append(nil, i))
		b.Set(fmt.Appendf(nil, "b%05d", i), []byte{0, 0, 0, 2, 'x'})
		if i > 5 {
			b.Release(fmt.Appendf(nil, "b%05d", i-5))
			b.Release(fmt.Appendf(nil, "b%05d", i/2))
			b.Delete(fmt.Appendf(nil, "m%05d", i-6+i%3))
		}
		d := core.Durable
		if i%3 == 0 {
			d = core.Lazy
		}
		if err := s.Apply(b, d); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, core.Durable, "m", "the last")
	truth := dump(t, s)
	left := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
	gate.Unlock()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d := diskOf(t, left)
	// In memory a lock and a ballast have no bytes; on a disk they do.
	d["/store/"+lockFile] = []byte("12345\n")
	d["/store/"+ballastFile] = make([]byte, 100)
	return d, truth
}

// diskOf returns the files of a store.
func diskOf(t *testing.T, fs vfs.FS) disk {
	t.Helper()
	d := disk{}
	for _, dir := range []string{"/store", "/store/" + dbDir, "/store/" + logDir} {
		names, err := fs.List(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, n := range names {
			path := dir + "/" + n
			if fi, err := fs.Stat(path); err != nil || fi.IsDir() {
				continue
			}
			b, err := readSmallest(fs, path)
			if err != nil {
				t.Fatal(err)
			}
			d[path] = b
		}
	}
	return d
}

func readSmallest(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.Size() == 0 {
		return nil, err
	}
	b := make([]byte, fi.Size())
	_, err = f.ReadAt(b, 0)
	return b, err
}

func dump(t *testing.T, s *Store) []string {
	t.Helper()
	all, err := keysAndValues(s)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func keysAndValues(s *Store) (all []string, err error) {
	all = []string{}
	err = s.Scan(nil, nil, false, func(k, v []byte) bool {
		all = append(all, string(k)+"="+string(v))
		return true
	})
	return all, err
}

func (d disk) mount(t *testing.T) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	for _, dir := range []string{dbDir, logDir} {
		if err := fs.MkdirAll("/store/"+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, b := range d {
		f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(slices.Clone(b)); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return fs
}

// readDamaged returns nil when the store is refused, and else what was read,
// with the first error of reading or of closing.
func readDamaged(t *testing.T, d disk) (got []string, err error) {
	t.Helper()
	o := small(t, d.mount(t))
	o.Logger = slog.New(slog.DiscardHandler)
	o.Fatal = func(error) {}
	s, err := Open("/store", o)
	if err != nil {
		return nil, err
	}
	got, err = keysAndValues(s)
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return got, err
}

func difference(got, truth []string) string {
	for i := range max(len(got), len(truth)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("%d of %d entries", len(got), len(truth))
		case i >= len(truth):
			return fmt.Sprintf("%d entries too many, %.40q", len(got)-len(truth), got[i])
		case got[i] != truth[i]:
			return fmt.Sprintf("entry %d is %.40q, want %.40q", i, got[i], truth[i])
		}
	}
	return "none"
}

// TestLostFiles: a file that is gone is noticed where it matters, whatever
// pebble makes of it.
func TestLostFiles(t *testing.T) {
	d, truth := confirmedStore(t, 0)
	for path, b := range d {
		delete(d, path)
		got, err := readDamaged(t, d)
		switch kind := kindOf(path); {
		case got == nil || err != nil:
		case kind == "manifest" || kind == formatFile:
			t.Errorf("without %s it opened", path)
		case kind != syncedFile && !slices.Equal(got, truth):
			t.Errorf("without %s: wrong, and nobody said so: %s", path, difference(got, truth))
		}
		d[path] = b
	}
}

// TestRecordMissing: a record that says it is of another log is passed over, as
// what an earlier use of the file left is. What is missing in the middle then
// shows in the group numbers alone.
func TestRecordMissing(t *testing.T) {
	d, truth := confirmedStore(t, 0)
	refused, logs := 0, 0
	for path, b := range d {
		if kindOf(path) != "log" {
			continue
		}
		logs++
		for _, at := range records(path, b) {
			b[at]++
			got, err := readDamaged(t, d)
			if got == nil {
				refused++
			} else if err == nil && !slices.Equal(got, truth) {
				t.Errorf("%s at %d: wrong, and nobody said so: %s", path, at, difference(got, truth))
			}
			b[at]--
		}
	}
	if refused == 0 || logs < 2 {
		t.Errorf("%d refused, %d logs", refused, logs)
	}
}

// records returns where records begin in a file of the log: where the life is
// spelt that its name begins with.
func records(path string, b []byte) (at []int) {
	life, err := hex.DecodeString(filepath.Base(path)[:16])
	if err != nil {
		return nil
	}
	for i := 0; ; i++ {
		n := bytes.Index(b[i:], life)
		if n < 0 {
			return at
		}
		i += n
		at = append(at, i)
	}
}

// TestCutLogs: a log that was cut short, anywhere, is refused unless nothing
// that was confirmed is lost by it; and refusing changes nothing.
func TestCutLogs(t *testing.T) {
	d, truth := confirmedStore(t, 0)
	refused := 0
	for path, b := range d {
		if kindOf(path) != "log" && kindOf(path) != "manifest" {
			continue
		}
		for cut := 0; cut < len(b); cut += 1 + len(b)/20 {
			d[path] = b[:cut]
			got, err := readDamaged(t, d)
			if got == nil {
				refused++
			} else if err == nil && !slices.Equal(got, truth) {
				t.Errorf("%s cut to %d of %d: wrong, and nobody said so: %s", path, cut, len(b), difference(got, truth))
			}
		}
		d[path] = b
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// TestRefusedIsUntouched: a store that lost confirmed groups keeps every byte.
func TestRefusedIsUntouched(t *testing.T) {
	dir := t.TempDir()
	o := small(t, nil)
	s := mustOpen(t, dir, o)
	for i := range 100 {
		put(t, s, core.Durable, fmt.Sprintf("k%d", i), strings.Repeat("x", 500))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, logDir, "*"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	slices.Sort(logs)
	if err := os.Truncate(logs[len(logs)-1], 1000); err != nil {
		t.Fatal(err)
	}
	before := listing(t, dir)
	if _, err := Open(dir, o); err == nil || !strings.Contains(err.Error(), "was confirmed") {
		t.Errorf("Open = %v", err)
	}
	if _, err := Check(dir, o); err == nil || !strings.Contains(err.Error(), "was confirmed") {
		t.Errorf("Check = %v", err)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	// The way out that the message names.
	if err := os.Remove(filepath.Join(dir, syncedFile)); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, dir, o)
	if all, err := keys(s); err != nil || len(all) == 0 || len(all) >= 100 {
		t.Errorf("%d keys, %v", len(all), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == lockFile {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, path, fi.Size(), fi.ModTime())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
