package diskstore

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

// pebble's compaction scheduler stays behind when its Open fails late, which
// here it does often and in a broker ends the process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/cockroachdb/pebble/v2.(*ConcurrencyLimitScheduler).periodicGranter"))
}

// small makes tables and logs of kilobytes, so that little data makes many.
func small(t *testing.T, fs vfs.FS) Options {
	return Options{
		FS:         fs,
		Logger:     testLogger(t),
		Fatal:      func(err error) { t.Errorf("the store failed: %v", err) },
		MinFree:    1 << 10,
		Ballast:    1 << 10,
		ProbeEvery: -1,
		MemTable:   64 << 10,
		Cache:      256 << 10,
	}
}

func testLogger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func mustOpen(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func maker(dir func(t *testing.T) string, o func(t *testing.T) Options) storetest.Maker {
	return storetest.Maker{
		Open: func(t *testing.T) core.Store { return mustOpen(t, dir(t), o(t)) },
		Reopen: func(t *testing.T, s core.Store) core.Store {
			t.Helper()
			old := s.(*Store)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return mustOpen(t, old.dir, old.opts)
		},
	}
}

func TestContract(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		storetest.Run(t, maker(
			func(*testing.T) string { return "/store" },
			func(t *testing.T) Options { return small(t, vfs.NewMem()) }))
	})
	t.Run("kept in the log", func(t *testing.T) {
		storetest.Run(t, maker(
			func(*testing.T) string { return "/store" },
			func(t *testing.T) Options { o := small(t, vfs.NewMem()); o.Large = 5; return o }))
	})
	t.Run("disk", func(t *testing.T) {
		storetest.Run(t, maker(
			func(t *testing.T) string { return t.TempDir() },
			func(t *testing.T) Options { o := small(t, nil); o.MemTable = 1 << 20; return o }))
	})
}

// put applies one key.
func put(t *testing.T, s core.Store, d core.Durability, key, val string) {
	t.Helper()
	if err := tryPut(s, d, key, val); err != nil {
		t.Fatal(err)
	}
}

func tryPut(s core.Store, d core.Durability, key, val string) error {
	b := s.NewBatch()
	b.Set([]byte(key), []byte(val))
	return s.Apply(b, d)
}

func keys(s core.Store) (all []string, err error) {
	err = s.Scan(nil, nil, false, func(k, _ []byte) bool { all = append(all, string(k)); return true })
	return all, err
}

func TestReservedKeys(t *testing.T) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	defer s.Close()
	put(t, s, core.Durable, "a", "1")
	put(t, s, core.Durable, "b", "2")
	b := s.NewBatch()
	b.DeleteRange([]byte("b"), []byte{0xff, 0xff})
	b.DeleteRange([]byte{0xff}, nil)
	if err := s.Apply(b, core.Durable); err != nil {
		t.Fatal(err)
	}
	if all, err := keys(s); err != nil || len(all) != 1 {
		t.Errorf("%q, %v", all, err)
	}
	if n, err := lastGroup(s.db); n != 3 || err != nil {
		t.Errorf("last group %d, %v", n, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a key of the store's own was set")
		}
	}()
	nb := s.NewBatch()
	defer nb.Close()
	nb.Set(groupKey, nil)
}

func TestMetrics(t *testing.T) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	put(t, s, core.Durable, "a", "1")
	put(t, s, core.Lazy, "b", "1")
	m := s.Metrics()
	var inBuckets uint64
	for _, n := range m.SyncBuckets {
		inBuckets += n
	}
	if m.Group != 2 || m.Batches != 2 || m.Syncs != 1 || inBuckets != 1 || m.SyncTotal <= 0 || m.SyncMax != m.SyncTotal ||
		m.BatchBytes == 0 || m.DiskBytes == 0 || !m.Room || m.Failed != nil {
		t.Errorf("%+v", m)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
