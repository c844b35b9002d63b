package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	store, err := diskstore.Open(dir, diskstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := store.NewBatch()
	b.Set([]byte("hello"), []byte("there"))
	if err := store.Apply(b, core.Durable); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := slipway(t, "", nil, "check", dir); code != exitDataDir || !strings.Contains(errs, "another process") {
		t.Errorf("in use: code %d, %s", code, errs)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := slipway(t, "", nil, "check", dir); code != 0 || !strings.Contains(out, "is sound") || !strings.Contains(out, `'h'            1 keys`) {
		t.Errorf("sound: code %d, %s%s", code, out, errs)
	}
	if code, _, errs := slipway(t, "", nil, "check", t.TempDir()); code != exitDataDir || !strings.Contains(errs, "not a store") {
		t.Errorf("empty: code %d, %s", code, errs)
	}
	damage(t, dir)
	if code, out, errs := slipway(t, "", nil, "check", dir); code != exitDataDir || strings.Contains(out, "sound") {
		t.Errorf("damaged: code %d, %s%s", code, out, errs)
	}
}

// damage removes the tables and logs.
func damage(t *testing.T, dir string) {
	t.Helper()
	tables, _ := filepath.Glob(filepath.Join(dir, "db", "*.sst"))
	files, _ := filepath.Glob(filepath.Join(dir, "log", "*"))
	files = append(files, tables...)
	n := 0
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n == 0 {
		t.Fatalf("nothing to damage in %q", files)
	}
}
