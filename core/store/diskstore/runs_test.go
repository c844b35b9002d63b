package diskstore

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core"
)

// sequenceKey is one of a table, of a queue, in order.
func sequenceKey(table byte, queue, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(binary.BigEndian.AppendUint64([]byte{table}, queue), 255), n)
}

// TestDeepQueueIsNotRewritten: what goes in at the end of a deep queue and out at
// its head has the middle left alone, of messages and of when they expire.
func TestDeepQueueIsNotRewritten(t *testing.T) {
	pool := noise(1 << 20)
	for name, body := range map[string]func(n uint64) string{
		"noise": func(n uint64) string { return pool[n*151%(1<<20-200):][:150] },
		"alike": func(n uint64) string { return pool[:146] + string(binary.BigEndian.AppendUint32(nil, uint32(n))) },
	} {
		t.Run(name, func(t *testing.T) { passThrough(t, body) })
	}
}

func passThrough(t *testing.T, body func(n uint64) string) {
	s := mustOpen(t, "/store", small(t, vfs.NewMem()))
	defer s.Close()
	head, tail := uint64(0), uint64(0)
	step := func(in, out int) {
		b := s.NewBatch()
		for range in {
			b.Set(sequenceKey('m', 7, tail), []byte(body(tail)))
			b.Set(expiryOf(tail), nil)
			tail++
		}
		for range out {
			b.Delete(sequenceKey('m', 7, head))
			b.Delete(expiryOf(head))
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
	if t.Logf("%d bytes flushed, %d compacted", flushed, compacted); compacted > flushed*3/5 {
		t.Errorf("%d bytes flushed and %d compacted", flushed, compacted)
	}
	n := 0
	if err := s.Scan(nil, nil, false, func(k, _ []byte) bool { n++; return true }); err != nil || n != 40_001 {
		t.Errorf("%d keys, %v", n, err)
	}
}

// expiryOf is the key of when a message of the queue expires, three of them in each millisecond.
func expiryOf(n uint64) []byte {
	k := binary.BigEndian.AppendUint64([]byte{'e'}, 7)
	return append(binary.BigEndian.AppendUint64(k, n/3), sequenceKey('e', 7, n)[9:]...)
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

func TestJoinTables(t *testing.T) {
	k := func(queue, n uint64) []byte { return sequenceKey('m', queue, n) }
	tables := []table{
		{run{k(7, 1), k(7, 9)}, 60},
		{run{k(7, 2), k(7, 30)}, 30}, // overlaps all to the gap
		{run{k(7, 20), k(7, 25)}, 60},
		{run{k(7, 28), k(7, 29)}, 1},
		{run{k(7, 40), k(7, 50)}, 200},
		{run{k(7, 60), k(7, 70)}, 99}, // too little
		{run{k(8, 1), k(8, 2)}, 99},   // and of another queue
	}
	want := []run{{k(7, 1), k(7, 30)}, {k(7, 40), k(7, 50)}}
	same := func(a, b run) bool { return string(a.first) == string(b.first) && string(a.last) == string(b.last) }
	if got := join(tables, 100); !slices.EqualFunc(got, want, same) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestRunsAreFew: however many queues are deep, a flush is not cut into a file for
// each, and the deepest one is still cut.
func TestRunsAreFew(t *testing.T) {
	var tables []table
	for q := range uint64(1000) {
		tables = append(tables, table{run{sequenceKey('m', q, 1), sequenceKey('m', q, 9)}, 100})
	}
	for n := range uint64(1000) {
		tables = append(tables, table{run{sequenceKey('m', 2000, 10*n), sequenceKey('m', 2000, 10*n+9)}, 100})
	}
	if n := len(few(tables, 100)); n > mostRuns || n < 2 {
		t.Errorf("%d runs", n)
	}
}
