package diskstore

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/slipwaymq/slipway/core"
)

// keeping is a store whose values of 100 bytes and more stay in the log, in one
// part of it besides the one that is written.
func keeping(t *testing.T, fs vfs.FS) Options {
	o := small(t, fs)
	o.Large, o.Kept, o.MemTable = 100, 1, 8<<10
	return o
}

// inTables counts what tables and memtables have: whole values and references.
func inTables(t *testing.T, s *Store) (whole, refs int) {
	t.Helper()
	it, err := s.db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		switch v := it.Value(); {
		case it.Key()[0] == reserved:
		case s.kept.isRef(v):
			refs++
		default:
			whole++
		}
	}
	return whole, refs
}

// TestLargeValuesStayInTheLog: what is read is the value, whichever way, and
// tables do not have it.
func TestLargeValuesStayInTheLog(t *testing.T) {
	s := mustOpen(t, t.TempDir(), keeping(t, nil))
	defer s.Close()
	short, long := strings.Repeat("s", 99), strings.Repeat("l", 100)
	put(t, s, core.Durable, "a", short)
	put(t, s, core.Durable, "b", long)
	put(t, s, core.Lazy, "c", long) // what is not synced is not referred to
	put(t, s, core.Durable, "d", "\x00\x00\x00\x03"+long)
	b := s.NewBatch()
	b.Release([]byte("d"))
	if err := s.Apply(b, core.Durable); err != nil {
		t.Fatal(err)
	}
	want := []string{"a=" + short, "b=" + long, "c=" + long, "d=\x00\x00\x00\x02" + long}
	for _, compact := range []func() error{func() error { return nil }, s.Compact} {
		if err := compact(); err != nil {
			t.Fatal(err)
		}
		if whole, refs := inTables(t, s); whole != 2 || refs != 2 {
			t.Errorf("%d values and %d references", whole, refs)
		}
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Errorf("got %s", difference(got, want))
		}
		err := s.Scan(nil, nil, true, func(k, v []byte) bool {
			last := want[len(want)-1]
			want = append([]string{last}, want[:len(want)-1]...)
			return string(k)+"="+string(v) == last
		})
		if err != nil || want[0][0] != 'a' {
			t.Errorf("backwards: %v, ends at %q", err, want[0][0])
		}
		for _, kv := range want {
			found, err := s.Get([]byte(kv[:1]), func(v []byte) error {
				if string(v) != kv[2:] {
					t.Errorf("%s is %q", kv[:1], v)
				}
				return nil
			})
			if !found || err != nil {
				t.Errorf("%s: %v, %v", kv[:1], found, err)
			}
		}
	}
}

// TestOldValuesMove: values that stay longer than the log has room for them are
// given to tables, what was deleted meanwhile is not, and the log stays small.
func TestOldValuesMove(t *testing.T) {
	mem := vfs.NewMem()
	s := mustOpen(t, "/store", keeping(t, mem))
	const n = 1000
	var want []string
	for i := range n {
		key, val := fmt.Sprintf("m%04d", i), fmt.Sprintf("\x00\x00\x00\x02%0300d", i)
		b := s.NewBatch()
		b.Set([]byte(key), []byte(val))
		switch {
		case i%10 == 0: // stays
			want = append(want, key+"="+val)
		case i%10 == 1: // is released once, at once or much later
			b.Release([]byte(key))
			want = append(want, key+"="+strings.Replace(val, "\x02", "\x01", 1))
		}
		if gone := i - 5; gone >= 0 && gone%10 > 2 {
			b.Delete(fmt.Appendf(nil, "m%04d", gone))
		}
		if gone := i - 100; gone >= 0 && gone%10 == 2 {
			b.Release(fmt.Appendf(nil, "m%04d", gone))
			b.Release(fmt.Appendf(nil, "m%04d", gone))
		}
		if err := s.Apply(b, core.Durable); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		b := s.NewBatch()
		if i >= n-5 && i%10 > 2 {
			b.Delete(fmt.Appendf(nil, "m%04d", i))
		}
		if i >= n-100 && i%10 == 2 {
			b.DeleteRange(fmt.Appendf(nil, "m%04d", i), fmt.Appendf(nil, "m%04d", i+1))
		}
		if err := s.Apply(b, core.Durable); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *Store) {
		t.Helper()
		if got := dump(t, s); !slices.Equal(got, want) {
			t.Errorf("%s", difference(got, want))
		}
	}
	check(s)
	whole, refs := inTables(t, s)
	if whole < 150 || refs == 0 || refs > 60 {
		t.Errorf("%d whole values and %d references", whole, refs)
	}
	if slots := s.log.Bytes() / s.opts.MemTable; slots > memTables+4 {
		t.Errorf("the log has %d slots", slots)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Check("/store", keeping(t, mem))
	if err != nil || r.Kept == 0 || r.Keys['m'].Keys != uint64(len(want)) || r.Keys['m'].Bytes != uint64(len(want))*(5+304) {
		t.Errorf("%+v, %v", r, err)
	}
	s = mustOpen(t, "/store", keeping(t, mem))
	check(s)
	if _, after := inTables(t, s); after != refs {
		t.Errorf("%d references after a start, %d before", after, refs)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestReaderKeepsTheLog: who began to read before values were moved reads them
// where they were.
func TestReaderKeepsTheLog(t *testing.T) {
	s := mustOpen(t, "/store", keeping(t, vfs.NewMem()))
	defer s.Close()
	val := func(i int) string { return fmt.Sprintf("%0500d", i) }
	for i := range 10 {
		put(t, s, core.Durable, fmt.Sprintf("a%d", i), val(i))
	}
	n := 0
	err := s.Scan([]byte("a"), []byte("b"), false, func(k, v []byte) bool {
		if string(k) != fmt.Sprintf("a%d", n) || string(v) != val(n) {
			t.Errorf("%s is %.20q", k, v)
		}
		if n == 0 {
			b := s.NewBatch()
			b.DeleteRange([]byte("a"), []byte("b"))
			if err := s.Apply(b, core.Durable); err != nil {
				t.Error(err)
			}
			for i := range 300 { // the log goes round
				put(t, s, core.Durable, "z", val(i))
			}
			if err := s.Compact(); err != nil {
				t.Error(err)
			}
			for i := range 300 {
				put(t, s, core.Durable, "z", val(i))
			}
		}
		n++
		return true
	})
	if err != nil || n != 10 {
		t.Errorf("%d values, %v", n, err)
	}
	before := s.log.Bytes()
	for i := range 600 {
		put(t, s, core.Durable, "z", val(i))
		if i%50 == 0 {
			if err := s.Compact(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if after := s.log.Bytes(); after >= before {
		t.Errorf("the log has %d bytes and had %d with a reader", after, before)
	}
}

// TestLostValuesAccepted: an operator who accepts the loss has everything else, and
// no reference is taken for a value.
func TestLostValuesAccepted(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "/store", keeping(t, mem))
	long := strings.Repeat("l", 400)
	put(t, s, core.Durable, "a", "short")
	put(t, s, core.Durable, "b", long)
	put(t, s, core.Durable, "c", long)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	d := diskOf(t, mem.CrashClone(vfs.CrashCloneCfg{}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for path, b := range d {
		if kindOf(path) == "log" {
			b[bytes.Index(b, []byte("lll"))]++ // of group 2
		}
	}
	fs := d.mount(t)
	o := keeping(t, fs)
	o.Logger = slog.New(slog.DiscardHandler)
	if _, err := Open("/store", o); err == nil || !strings.Contains(err.Error(), "group 2") || !strings.Contains(err.Error(), syncedFile) {
		t.Fatalf("Open = %v", err)
	}
	if _, err := Check("/store", o); err == nil || !strings.Contains(err.Error(), "group 2") {
		t.Errorf("Check = %v", err)
	}
	if err := fs.Remove("/store/" + syncedFile); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = mustOpen(t, "/store", o)
		if got, want := dump(t, s), []string{"a=short", "c=" + long}; !slices.Equal(got, want) {
			t.Errorf("%s", difference(got, want))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamageIsNoticedWhenRead: a value that is damaged under a running store is an
// error, and the end.
func TestDamageIsNoticedWhenRead(t *testing.T) {
	dir := t.TempDir()
	o := keeping(t, nil)
	var fatal error
	o.Fatal = func(err error) { fatal = err }
	s := mustOpen(t, dir, o)
	put(t, s, core.Durable, "a", strings.Repeat("l", 400))
	path := s.log.FS.PathJoin(dir, logDir)
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	path = s.log.FS.PathJoin(path, files[0].Name())
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte("lll"))+10]++
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get([]byte("a"), func([]byte) error { t.Error("read"); return nil }); err == nil || fatal == nil {
		t.Errorf("Get = %v, and then %v", err, fatal)
	}
	_ = s.Close() // says so again
}

// TestNothingUnsyncedIsReferredTo: whatever pebble writes while a group is synced, a
// power cut leaves no table that refers to what is not on stable storage.
func TestNothingUnsyncedIsReferredTo(t *testing.T) {
	for _, size := range []int{300, hurryFrom} {
		mem := vfs.NewCrashableMem()
		var s *Store
		cuts := 0
		o := keeping(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileSyncData && kindOf(op.Path) == "log" && s != nil {
				if err := s.db.Flush(); err != nil {
					t.Error(err)
				}
				again, err := Open("/store", keeping(t, mem.CrashClone(vfs.CrashCloneCfg{})))
				if err != nil {
					t.Error(err)
					return nil
				}
				dump(t, again)
				if err := again.Close(); err != nil {
					t.Error(err)
				}
				cuts++
			}
			return nil
		})))
		s = mustOpen(t, "/store", o)
		for i := range 3 {
			put(t, s, core.Lazy, fmt.Sprint("lazy", i), noise(size))
			put(t, s, core.Durable, fmt.Sprint("durable", i), noise(size))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if cuts < 3 {
			t.Errorf("%d cuts", cuts)
		}
	}
}

// TestSamePlaceInAnotherSlot: of a key that was set at the same place of several slots,
// the last value is what a start finds.
func TestSamePlaceInAnotherSlot(t *testing.T) {
	mem := vfs.NewCrashableMem()
	o := keeping(t, mem)
	o.Kept = 3
	s := mustOpen(t, "/store", o)
	defer s.Close()
	for i := range 400 {
		val := fmt.Sprintf("%0900d", i)
		put(t, s, core.Durable, "z", val)
		if i%7 != 0 { // at each place of a slot in turn
			continue
		}
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
		again := mustOpen(t, "/store", keeping(t, mem.CrashClone(vfs.CrashCloneCfg{})))
		if got := dump(t, again); len(got) != 1 || got[0] != "z="+val {
			t.Errorf("after %d: %.910q", i, got)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMoveCutShort: wherever in moving a slot's values the power goes, all are there;
// and the slot stays as it is until tables have what was moved.
func TestMoveCutShort(t *testing.T) {
	mem := vfs.NewCrashableMem()
	o := keeping(t, mem)
	o.Kept = 100
	s := mustOpen(t, "/store", o)
	defer s.Close()
	for i := range 60 {
		put(t, s, core.Durable, fmt.Sprintf("k%02d", i), fmt.Sprintf("%0500d", i))
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	want := dump(t, s)
	for range 2 {
		oldest, steps := s.kept.slots[0], 0
		for ; s.kept.slots[0] == oldest; steps++ {
			if err := s.moveSome(oldest, 1); err != nil {
				t.Fatal(err)
			}
			if flushed, err := s.flushed(); err != nil || !s.keeps(oldest.number, flushed) {
				t.Errorf("after step %d the slot may be written over, though no table has what was moved (%v)", steps, err)
			}
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
			again := mustOpen(t, "/store", keeping(t, mem.CrashClone(vfs.CrashCloneCfg{})))
			if got := dump(t, again); !slices.Equal(got, want) {
				t.Errorf("cut after step %d: %s", steps, difference(got, want))
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if steps < 5 {
			t.Errorf("%d steps", steps)
		}
		put(t, s, core.Durable, "z", "")
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
		want = dump(t, s)
		if flushed, err := s.flushed(); err != nil || s.keeps(oldest.number, flushed) {
			t.Errorf("a slot that nothing refers to is kept (%v)", err)
		}
	}
}

// TestGetKeepsTheLog: the value of a Get that waits for the disk is what it was, though
// its key is deleted meanwhile and the log goes round several times.
func TestGetKeepsTheLog(t *testing.T) {
	var hold atomic.Bool
	reading, goOn := make(chan struct{}), make(chan struct{})
	s := mustOpen(t, "/store", keeping(t, errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileReadAt && kindOf(op.Path) == "log" && hold.CompareAndSwap(true, false) {
			close(reading)
			<-goOn
		}
		return nil
	}))))
	defer s.Close()
	want := fmt.Sprintf("%0500d", 1)
	put(t, s, core.Durable, "a", want)
	hold.Store(true)
	got := make(chan string)
	go func() {
		var val string
		if _, err := s.Get([]byte("a"), func(v []byte) error { val = string(v); return nil }); err != nil {
			val = err.Error()
		}
		got <- val
	}()
	<-reading
	for i := range 300 {
		put(t, s, core.Durable, "a", fmt.Sprintf("%0500d", i))
		if i%20 == 0 {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(goOn)
	if val := <-got; val != want {
		t.Errorf("read %.100q", val)
	}
}

// TestLogThatStaysLargeIsTold: an operator hears of somebody who reads for so long that
// the log grows, once, and again when it is over and comes back.
func TestLogThatStaysLargeIsTold(t *testing.T) {
	var out bytes.Buffer
	o := keeping(t, vfs.NewMem())
	o.Logger = slog.New(slog.NewTextHandler(&out, nil))
	s := mustOpen(t, "/store", o)
	defer s.Close()
	told := func(probes int) int {
		for range probes {
			s.watchLog()
		}
		defer out.Reset()
		return strings.Count(out.String(), "stays large")
	}
	grow := func(n int) {
		for i := range n {
			put(t, s, core.Durable, fmt.Sprint("z", i%5), fmt.Sprintf("%0500d", i))
			if i%20 == 0 {
				if err := s.db.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	grow(600)
	if n := told(3 * largeProbes); n != 0 {
		t.Errorf("told %d times of a log as it usually is", n)
	}
	for range 2 {
		reader := s.readers.enter()
		grow(600)
		if n := told(largeProbes - 1); n != 0 {
			t.Error("told at once")
		}
		if n := told(3 * largeProbes); n != 1 {
			t.Errorf("told %d times", n)
		}
		reader.leave()
		grow(600)
		if n := told(3 * largeProbes); n != 0 {
			t.Errorf("told %d times when it is over", n)
		}
	}
}
