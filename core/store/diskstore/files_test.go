package diskstore

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core"
)

// What comes and goes leaves few files: each flush here leaves one small table
// that overlaps only the one before, as those of sessions' packet ids do, and
// they are too small and too seldom on top of each other for pebble's other
// reasons to compact.
func TestFilesOfComingsAndGoings(t *testing.T) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	defer s.Close()
	key := func(i int) []byte { return fmt.Appendf(nil, "s%06d", i) }
	var most int64
	for i := range 300 {
		b := s.NewBatch()
		b.Set(key(i), []byte("1"))
		if i > 0 {
			b.DeleteRange(key(i-1), append(key(i-1), 0))
		}
		if err := s.Apply(b, core.Lazy); err != nil {
			t.Fatal(err)
		}
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
		idle(t, s, 1) // flushes that come faster than what they cause is done are no news
		most = max(most, s.db.Metrics().Total().TablesCount)
	}
	if most > 2*level0Files {
		t.Errorf("there were %d table files for one key", most)
	}
}

// The entries of queues that only grow are written to a table once. They move down
// the levels as they are, whatever the head record and the group number, which are
// in every flush, are compacted with.
func TestEntriesAreWrittenOnce(t *testing.T) {
	o := small(t, vfs.NewMem())
	o.MemTable = 16 << 20
	s := mustOpen(t, "/store", o)
	defer s.Close()
	val := []byte(noise(64 << 10))
	const entries = 3200 // 200 MB
	for i := range entries {
		b := s.NewBatch()
		b.Set(fmt.Appendf(nil, "m%06d", i), val)
		b.Set([]byte("h"), fmt.Append(nil, i))
		if err := s.Apply(b, core.Lazy); err != nil {
			t.Fatal(err)
		}
	}
	idle(t, s, 1)
	m := s.db.Metrics()
	if m.Compact.DefaultCount == 0 {
		t.Error("nothing was compacted: this shows nothing")
	}
	var rewritten uint64
	for _, l := range m.Levels {
		rewritten += l.TableBytesCompacted
	}
	if rewritten > entries*uint64(len(val))/20 {
		t.Errorf("%d bytes of %d were written again", rewritten, entries*len(val))
	}
}
