package diskstore

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/slipwaymq/slipway/core"
)

// TestRoom: the watermark and the ballast follow free space, by the clock.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		free := func(n uint64) { mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: n, TotalBytes: 1 << 20}) }
		free(1 << 20)
		o := small(t, mem)
		o.MinFree, o.Ballast, o.ProbeEvery = 1000, 100, time.Second
		s := mustOpen(t, "/store", o)
		for i, c := range []struct {
			free          uint64
			room, ballast bool
		}{
			{1 << 20, true, true},
			{1000, true, true},
			{999, false, true},
			{250, false, true},
			{249, false, false}, // a quarter of the watermark: give it back
			{349, false, false},
			{1000, true, false},
			{1099, true, false},
			{1100, true, true}, // there is room for it again
		} {
			free(c.free)
			time.Sleep(2 * time.Second) // of the test's clock
			synctest.Wait()
			_, err := mem.Stat("/store/" + ballastFile)
			if m := s.Metrics(); s.Room() != c.room || m.Room != c.room || m.FreeBytes != c.free ||
				(err == nil) != c.ballast || (m.BallastBytes == 100) != c.ballast {
				t.Errorf("step %d, %d free: Room() = %v, ballast %v, %+v", i, c.free, s.Room(), err, m)
			}
			put(t, s, core.Durable, "a", fmt.Sprint(i)) // always: what frees space is a write
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		free(10) // at the next start it is known at once
		s = mustOpen(t, "/store", o)
		if s.Room() {
			t.Error("room at once")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// mountTmpfs mounts a small file system. Where that is impossible the test
// is skipped, but never in CI, which has to run it.
func mountTmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := mount(dir, size); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("a full disk cannot be tested without a tmpfs: %v", err)
		}
		t.Skipf("mounting a tmpfs takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// idle waits until pebble neither flushes nor compacts: what it rewrites of
// the messages may need more than the ballast, which is for what comes after.
// Between a compaction that ends and one that waited for it none is under way,
// and pebble looks for such every 100 ms only: who must be sure looks more than
// that often, a millisecond apart.
func idle(t *testing.T, s *Store, often int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for looks, still := 0, 0; looks < 20_000; looks++ {
		if m := s.db.Metrics(); m.Compact.NumInProgress > 0 || m.Flush.NumInProgress > 0 {
			still = 0
		} else if still++; still == often {
			return
		}
		<-tick.C
	}
	t.Fatal("pebble is never idle")
}

// TestFullDisk fills a small disk beneath the store with someone else's file:
// there is no room, deletions are still applied and compacted, and when the
// space returns, so does room. Nothing that was confirmed is lost.
func TestFullDisk(t *testing.T) {
	dir := mountTmpfs(t, "128m")
	o := small(t, nil)
	o.MemTable, o.MinFree, o.Ballast = 1<<20, 32<<20, 16<<20
	s := mustOpen(t, filepath.Join(dir, "store"), o)
	if err := s.probe(); err != nil {
		t.Fatal(err)
	}
	if _, ballast := s.space.now(); !s.Room() || ballast != 16<<20 {
		t.Fatalf("at first: %+v", s.Metrics())
	}
	n := 0
	key := func(i int) string { return string(sequenceKey('m', 1, uint64(i))) }
	val := noise(20_000)
	for ; s.Room(); n++ {
		put(t, s, core.Durable, key(n), val)
		if err := s.probe(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d messages of %d bytes until the watermark", n, len(val))
	idle(t, s, 250)
	other := filepath.Join(dir, "other")
	for range 50 { // below a quarter the ballast goes; pebble may free something meanwhile
		fillTo(t, other, dir, 6<<20)
		if err := s.probe(); err != nil {
			t.Fatal(err)
		}
		if _, ballast := s.space.now(); ballast == 0 {
			break
		}
	}
	if _, ballast := s.space.now(); s.Room() || ballast != 0 {
		t.Errorf("with the disk nearly full: %+v", s.Metrics())
	}
	for i := range n { // settle all but one
		b := s.NewBatch()
		if i != n/2 {
			b.Delete([]byte(key(i)))
		}
		if err := s.Apply(b, core.Durable); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 { // more often than the prober would
			if err := s.probe(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Compact(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(other), s.probe(), s.probe()); err != nil {
		t.Fatal(err)
	}
	if _, ballast := s.space.now(); !s.Room() || ballast != 16<<20 {
		t.Errorf("with the space back: %+v", s.Metrics())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, filepath.Join(dir, "store"), o)
	defer s.Close()
	if all, err := keys(s); err != nil || len(all) != 1 || all[0] != key(n/2) {
		t.Errorf("%q, %v", all, err)
	}
}

// TestNoSpaceIsFailStop: an ENOSPC that reaches the log is the end, and what
// was confirmed before it is there at the next start, with space.
func TestNoSpaceIsFailStop(t *testing.T) {
	dir := mountTmpfs(t, "64m")
	o := small(t, nil)
	o.MemTable, o.MinFree, o.Ballast = 1<<20, 1<<20, -1
	failed := make(chan error, 10) // by whoever met it, a flush in the background too
	o.Fatal = func(err error) { failed <- err }
	s := mustOpen(t, filepath.Join(dir, "store"), o)
	other := filepath.Join(dir, "other")
	val, confirmed := noise(10_000), 0
	for ; len(failed) == 0 && confirmed < 20_000; confirmed++ {
		if confirmed == 50 {
			fillTo(t, other, dir, 0)
		}
		if err := tryPut(s, core.Durable, fmt.Sprintf("m%06d", confirmed), val); err != nil {
			break
		}
	}
	select {
	case err := <-failed:
		if !vfs.IsNoSpaceError(err) {
			t.Errorf("after %d, Fatal was called with %v", confirmed, err)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("after %d, Fatal was not called", confirmed)
	}
	if err := tryPut(s, core.Durable, "later", ""); err == nil {
		t.Error("confirmed after the failure")
	}
	if len(failed) > 0 {
		t.Errorf("and again with %v", <-failed)
	}
	t.Log("Close:", s.Close())
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, filepath.Join(dir, "store"), small(t, nil))
	defer s.Close()
	all, err := keys(s)
	if err != nil || len(all) < confirmed {
		t.Errorf("%d confirmed, %d there, %v", confirmed, len(all), err)
	}
}

// TestBallastForRecovery: what a crash left in the log goes into tables at the next
// start. If there is no space for them, the ballast is, as it is for a flush.
func TestBallastForRecovery(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "/store", small(t, mem))
	s.layBallast()
	put(t, s, core.Durable, "m", "v")
	left := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var failed atomic.Bool
	full := errorfs.Wrap(left, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if _, err := left.Stat("/store/" + ballastFile); err == nil && !failed.Load() && op.Kind == errorfs.OpFileWrite && kindOf(op.Path) == "table" {
			return syscall.ENOSPC
		}
		return nil
	}))
	o := small(t, full)
	o.Fatal = func(err error) { failed.Store(true); t.Errorf("the store failed: %v", err) }
	s = mustOpen(t, "/store", o)
	if all, err := keys(s); err != nil || len(all) != 1 {
		t.Errorf("%q, %v", all, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// noise does not compress.
func noise(n int) string {
	var b strings.Builder
	for x := uint64(1); b.Len() < n; {
		x = x*6364136223846793005 + 1442695040888963407
		b.WriteByte(byte(x >> 56))
	}
	return b.String()
}

// fillTo lets a file grow until that much is left on the disk of dir.
func fillTo(t *testing.T, path, dir string, left uint64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	u, err := vfs.Default.GetDiskUsage(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(f, zeros{}, int64(u.AvailBytes-min(left, u.AvailBytes)))
	if err != nil && !vfs.IsNoSpaceError(err) {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
