package diskstore

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/slipwaymq/slipway/core"
)

func TestOpenRefuses(t *testing.T) {
	write := func(name, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		fresh bool // a directory that has no store yet
		says  string
	}{
		{"a directory of something else", write("letter.txt", "dear all"), true, "not a store"},
		{"a later version", write(formatFile, "slipway store\nversion 5\nstate ready\n"), false, "version 5"},
		{"no format", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, formatFile)) }, false, "not a store"},
		{"an empty format", write(formatFile, ""), false, "damaged"},
		{"both slots of the mark", write(syncedFile, strings.Repeat("x", 8192)), false, "damaged"},
		{"no database", func(t *testing.T, dir string) { os.RemoveAll(filepath.Join(dir, dbDir)) }, false, "does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if !c.fresh {
				s := mustOpen(t, dir, small(t, nil))
				put(t, s, core.Durable, "a", "1")
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			c.spoil(t, dir)
			for range 2 { // and goes on refusing
				s, err := Open(dir, small(t, nil))
				if err == nil {
					s.Close()
				}
				if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
					t.Errorf("Open = %v, want one that says %q", err, c.says)
				}
			}
		})
	}
}

// A creation that power or kill -9 ended is begun anew, wherever that was.
func TestCreationCutShort(t *testing.T) {
	for n := int64(1); ; n++ {
		mem := vfs.NewCrashableMem()
		left := n
		fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose {
				if left--; left <= 0 {
					return errorfs.ErrInjected
				}
			}
			return nil
		}))
		o := small(t, fs)
		o.Fatal = func(error) {}
		s, err := Open("/data/store", o)
		if err == nil {
			s.Close()
			return
		}
		after := small(t, mem.CrashClone(vfs.CrashCloneCfg{}))
		s, err = Open("/data/store", after)
		if err != nil {
			t.Fatalf("cut at write %d, then: %v", n, err)
		}
		put(t, s, core.Durable, "a", "1")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, small(t, nil))
	for _, f := range []func() error{
		func() error { _, err := Open(dir, small(t, nil)); return err },
		func() error { _, err := Check(dir, small(t, nil)); return err },
	} {
		if err := f(); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
			t.Errorf("a second opening: %v", err)
		}
	}
	put(t, s, core.Durable, "a", "1") // the first is none the worse
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, dir, small(t, nil))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// child is set in the process that TestTwoProcesses and TestFatal start.
const child = "SLIPWAY_DISKSTORE_CHILD"

func startChild(t *testing.T, test, dir string) (output string, exit int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), child+"="+dir)
	out, err := cmd.CombinedOutput()
	if exitErr := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exitErr) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestTwoProcesses(t *testing.T) {
	if dir := os.Getenv(child); dir != "" {
		_, err := Open(dir, small(t, nil))
		fmt.Println("child:", err)
		return
	}
	dir := t.TempDir()
	s := mustOpen(t, dir, small(t, nil))
	defer s.Close()
	if out, _ := startChild(t, "TestTwoProcesses", dir); !strings.Contains(out, "open in another process") {
		t.Error(out)
	}
}

// TestFatal: without a hook a failed sync ends the process, and so does one
// that only pebble's own goroutines see, such as that of a manifest. Nothing
// is confirmed after it.
func TestFatal(t *testing.T) {
	if dir := os.Getenv(child); dir != "" {
		failingChild(t, dir)
		return
	}
	for _, what := range []string{"/" + logDir + "/", "MANIFEST", ".sst"} {
		out, exit := startChild(t, "TestFatal", what)
		if exit != ExitCode || !strings.Contains(out, "the store failed") || strings.Contains(out, "confirmed after") {
			t.Errorf("a failing sync of %s: exit %d\n%s", what, exit, out)
		}
	}
}

func failingChild(t *testing.T, what string) {
	broken := false
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken && strings.Contains(op.Path, what) && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
			return errorfs.ErrInjected
		}
		return nil
	}))
	o := small(t, fs)
	o.Fatal = nil
	o.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	s := mustOpen(t, "/store", o)
	put(t, s, core.Durable, "a", "1")
	broken = true
	for range 1000 {
		if err := tryPut(s, core.Durable, "b", strings.Repeat("x", 1000)); err != nil {
			select {} // the process is ending on another goroutine
		}
		if s.failed() != nil {
			fmt.Println("confirmed after the failure")
		}
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	o := small(t, nil)
	if _, err := Check(dir, o); err == nil {
		t.Error("an empty directory was checked")
	}
	s := mustOpen(t, dir, o)
	for i := range 300 {
		put(t, s, core.Durable, fmt.Sprintf("m%04d", i), strings.Repeat("x", 300))
	}
	b := s.NewBatch()
	b.Set([]byte("b1"), []byte{0, 0, 0, 1})
	b.Release([]byte("b1"))
	b.Set([]byte("c1"), nil)
	if err := s.Apply(b, core.Durable); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := listing(t, dir)
	r, err := Check(dir, o)
	if err != nil || r.Format != formatVersion || r.Group < 301 || r.Synced != r.Group || r.Tables == 0 || r.Logs == 0 ||
		len(r.Keys) != 2 || r.Keys['m'] != (KeyCount{300, 300 * 305}) || r.Keys['c'].Keys != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	var out bytes.Buffer
	if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "'m': 300 keys, 91500 bytes") {
		t.Errorf("%s%v", out.String(), err)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("Check changed\n%s\nto\n%s", before, after)
	}
	tables, _ := filepath.Glob(filepath.Join(dir, dbDir, "*.sst"))
	for _, path := range tables {
		damage(t, path, 100)
		if _, err := Check(dir, o); err == nil {
			t.Errorf("damage in %s went unnoticed", path)
		}
		damage(t, path, 100)
	}
	if _, err := Check(dir, o); err != nil {
		t.Error(err)
	}
}

// damage inverts one byte; a second time it mends it.
func damage(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xFF
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}

// TestReaped: what was released to zero leaves the disk, not only the view.
func TestReaped(t *testing.T) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	defer s.Close()
	for i := range 50 {
		b := s.NewBatch()
		b.Set(fmt.Appendf(nil, "b%d", i), []byte{0, 0, 0, 2, 'x'})
		b.Release(fmt.Appendf(nil, "b%d", i))
		if err := s.Apply(b, core.Lazy); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Compact(); err != nil {
		t.Fatal(err)
	}
	b := s.NewBatch()
	for i := range 50 {
		b.Release(fmt.Appendf(nil, "b%d", i))
	}
	if err := s.Apply(b, core.Lazy); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first finds them dead, the second drops them
		if err := s.Compact(); err != nil {
			t.Fatal(err)
		}
		put(t, s, core.Lazy, "m", "1")
	}
	it, err := s.db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		if it.Key()[0] == 'b' {
			t.Errorf("%s is still there", it.Key())
		}
	}
	if !s.reaper.empty() {
		t.Error("the reaper waits for something")
	}
}

// TestDirectoryNotDurable: the directory is there, but not for good, since who made it
// was killed. What is confirmed in it outlasts a power cut.
func TestDirectoryNotDurable(t *testing.T) {
	mem := vfs.NewCrashableMem()
	if err := mem.MkdirAll("/var/store", 0o755); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, "/var/store", small(t, mem))
	put(t, s, core.Durable, "a", "1")
	left := mem.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, "/var/store", small(t, left))
	defer s.Close()
	if got := dump(t, s); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
