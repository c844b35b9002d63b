//go:build !race

package diskstore

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

// A batch that is used again keeps nothing of the one before, and its memory.
func TestBatchesAreReused(t *testing.T) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	defer s.Close()
	val := bytes.Repeat([]byte("v"), 100)
	one := func() {
		b := s.NewBatch()
		for i := range 20 {
			b.Set(fmt.Appendf(nil, "k%d", i), val)
		}
		if err := s.Apply(b, core.Lazy); err != nil {
			t.Fatal(err)
		}
	}
	one()
	if n := testing.AllocsPerRun(100, one); n > 60 {
		t.Errorf("%v allocations a batch of 20", n)
	}
}

func BenchmarkGroups(b *testing.B) {
	storetest.Bench(b, b.TempDir(), func(b *testing.B) core.Store {
		s, err := Open(b.TempDir(), Options{Logger: slog.New(slog.DiscardHandler), MinFree: 1, Ballast: -1})
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}
