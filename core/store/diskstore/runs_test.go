package diskstore

import (
	"encoding/binary"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core"
)

// sequenceKey is one of a table, of a queue, in order.
func sequenceKey(table byte, queue, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(binary.BigEndian.AppendUint64([]byte{table}, queue), 255), n)
}

// TestDeepQueueIsNotRewritten: what goes in at the end of a deep queue and out at
// its head has the middle left alone.
func TestDeepQueueIsNotRewritten(t *testing.T) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	defer s.Close()
	pool := noise(1 << 20)
	head, tail := uint64(0), uint64(0)
	step := func(in, out int) {
		b := s.NewBatch()
		for range in {
			b.Set(sequenceKey('m', 7, tail), []byte(pool[tail*151%(1<<20-200):][:150]))
			tail++
		}
		for range out {
			b.Delete(sequenceKey('m', 7, head))
			head++
		}
		b.Set([]byte("h7"), binary.BigEndian.AppendUint64(nil, head))
		if err := s.Apply(b, core.Lazy); err != nil {
			t.Fatal(err)
		}
		if s.runs.stale.Load() {
			if err := s.findRuns(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 200 {
		step(100, 0)
	}
	before := s.db.Metrics().Total()
	for range 600 {
		step(100, 100)
	}
	after := s.db.Metrics().Total()
	flushed, compacted := after.TableBytesFlushed-before.TableBytesFlushed, after.TableBytesCompacted-before.TableBytesCompacted
	if t.Logf("%d bytes flushed, %d compacted", flushed, compacted); compacted > flushed*3/4 {
		t.Errorf("%d bytes flushed and %d compacted", flushed, compacted)
	}
	n := 0
	if err := s.Scan(nil, nil, false, func(k, _ []byte) bool { n++; return true }); err != nil || n != 20_001 {
		t.Errorf("%d keys, %v", n, err)
	}
}

// TestManyQueuesHaveFewTables: queues that are short are not cut apart.
func TestManyQueuesHaveFewTables(t *testing.T) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	defer s.Close()
	for n := range uint64(20) {
		for q := range uint64(300) {
			put(t, s, core.Lazy, string(sequenceKey('m', q, n)), noise(20))
		}
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := s.findRuns(); err != nil {
			t.Fatal(err)
		}
	}
	if m := s.db.Metrics().Total(); m.TablesCount > 40 {
		t.Errorf("%d tables", m.TablesCount)
	}
}

func TestRunEdges(t *testing.T) {
	var r runs
	k := func(n uint64) []byte { return sequenceKey('m', 7, n) }
	r.all.Store(&[]run{{k(10), k(20)}, {k(21), k(30)}})
	for _, c := range []struct{ start, end []byte }{
		{[]byte("a"), []byte("b")},
		{sequenceKey('m', 6, 99), k(10)},
		{k(9), k(10)},
		{k(10), append(k(20), 0)},
		{k(20), append(k(20), 0)},
		{k(21), append(k(30), 0)},
		{k(31), []byte("n")},
		{[]byte("z"), []byte("{")},
		{groupKey, nil},
	} {
		if _, end, err := r.cut(c.start); string(end) != string(c.end) || err != nil {
			t.Errorf("from %q: to %q, want %q, %v", c.start, end, c.end, err)
		}
	}
}
