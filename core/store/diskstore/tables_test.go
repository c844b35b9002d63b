package diskstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/slipwaymq/slipway/core"
)

// A new table is on the disk, all of it, once one of the syncs has returned or it
// is closed; what is no table is written as it comes.
func TestTablesInLargePieces(t *testing.T) {
	for name, sync := range map[string]func(vfs.File) error{
		"Sync":     vfs.File.Sync,
		"SyncData": vfs.File.SyncData,
		"SyncTo":   func(f vfs.File) error { _, err := f.SyncTo(1); return err },
		"Close":    vfs.File.Close,
	} {
		mem := vfs.NewMem()
		fs := tableFS{mem}
		f, err := fs.Create("1.sst", vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for i, n := range []int{1, 100, tablePiece, 0, tablePiece - 1, 1, 3 * tablePiece, 7} {
			p := bytes.Repeat([]byte{byte(i)}, n)
			want = append(want, p...)
			if m, err := f.Write(p); m != n || err != nil {
				t.Fatal(m, err)
			}
		}
		if got := content(t, mem, "1.sst"); len(got) >= len(want) {
			t.Error("nothing was held back: this shows nothing")
		}
		if err := sync(f); err != nil {
			t.Fatal(name, err)
		}
		if got := content(t, mem, "1.sst"); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes on the disk, of %d", name, len(got), len(want))
		}
	}
	f, err := tableFS{vfs.NewMem()}.Create("1.log", vfs.WriteCategoryUnspecified)
	if _, held := f.(*tableWriter); held || err != nil {
		t.Errorf("a log is held back: %v", err)
	}
}

// The names that a marker may point to are durable before it is there.
func TestMarkersComeLast(t *testing.T) {
	mem := vfs.NewCrashableMem()
	for _, name := range []string{"MANIFEST-000001", "marker.manifest.000001.MANIFEST-000001"} {
		f, err := tableFS{mem}.Create(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := mem.CrashClone(vfs.CrashCloneCfg{}).List(""); err != nil || len(names) != 1 {
		t.Errorf("%q, %v", names, err)
	}
}

// A write that fails late is told to whoever syncs or closes, again and again,
// and the file is not written any further.
func TestTableThatCannotBeWritten(t *testing.T) {
	broken := errors.New("broken")
	writes := 0
	mem := vfs.NewMem()
	fs := tableFS{errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileWrite {
			if writes++; writes == 1 {
				return broken
			}
		}
		return nil
	}))}
	f, err := fs.Create("1.sst", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	_, syncTo := f.SyncTo(1)
	_, write := f.Write([]byte("y"))
	for _, err := range []error{syncTo, write, f.Sync(), f.SyncData(), f.Close()} {
		if !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	}
	if writes != 1 || len(content(t, mem, "1.sst")) != 0 {
		t.Errorf("%d writes", writes)
	}
}

func content(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCacheBesideMemTables: blocks of tables stay in the cache while one memtable is
// written to a table and another one filled.
func TestCacheBesideMemTables(t *testing.T) {
	var gate sync.RWMutex
	o := small(t, gatedFS{vfs.NewMem(), &gate})
	o.MemTable, o.Cache = 1<<20, 2<<20 // as a broker's are to each other
	s := mustOpen(t, "/store", o)
	defer s.Close()
	put(t, s, core.Lazy, "a", "1")
	val := noise(3000)
	for i := range 2000 { // pebble's first memtables are smaller
		put(t, s, core.Lazy, fmt.Sprint("l", i), val)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	gate.Lock()
	defer gate.Unlock()
	for i := 0; s.db.Metrics().MemTable.Count < 2; i++ {
		put(t, s, core.Lazy, fmt.Sprint("m", i), val)
	}
	before := s.db.Metrics().BlockCache
	for range 100 {
		if found, err := s.Get([]byte("a"), func([]byte) error { return nil }); !found || err != nil {
			t.Fatal(found, err)
		}
	}
	if now := s.db.Metrics().BlockCache; now.Misses-before.Misses > 10 || now.Hits-before.Hits < 90 {
		t.Errorf("%d hits and %d misses", now.Hits-before.Hits, now.Misses-before.Misses)
	}
}
