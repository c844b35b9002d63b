package storetest

import (
	"slices"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// testBatch: in the order of the calls, after every batch before.
func testBatch(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	apply(t, s, core.Durable, func(b core.Batch) {
		b.Set([]byte("a"), []byte("1"))
		b.Set([]byte("a"), []byte("2"))
		b.Set([]byte("b"), []byte("1"))
		b.Delete([]byte("b"))
		b.Delete([]byte("c"))
		b.Set([]byte("c"), []byte("3"))
		b.Set([]byte("empty"), nil)
		b.Delete([]byte("never there"))
	})
	want(t, s, pair{"a", "2"}, pair{"c", "3"}, pair{"empty", ""})
	apply(t, s, core.Lazy, func(b core.Batch) { b.Set([]byte("a"), []byte("4")) })
	apply(t, s, core.Local, func(b core.Batch) { b.Delete([]byte("c")) })
	want(t, s, pair{"a", "4"}, pair{"empty", ""})
	compact(t, s)
	want(t, s, pair{"a", "4"}, pair{"empty", ""})
}

// testCallerReuses: keys and values are copied.
func testCallerReuses(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	b, buf := s.NewBatch(), make([]byte, 1)
	for _, c := range []byte("abcdef") {
		buf[0] = c
		b.Set(buf, buf)
	}
	buf[0] = 'b'
	b.Delete(buf)
	buf2 := []byte("d")
	buf[0] = 'c'
	b.DeleteRange(buf, buf2)
	buf[0], buf2[0] = 'x', 'x'
	if err := s.Apply(b, core.Durable); err != nil {
		t.Fatal(err)
	}
	b.Close() // closing an applied batch does nothing
	want(t, s, pair{"a", "a"}, pair{"d", "d"}, pair{"e", "e"}, pair{"f", "f"})
}

func testBatchDropped(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	b := s.NewBatch()
	b.Set([]byte("a"), []byte("dropped"))
	b.Close()
	b.Close()
	want(t, s)
	apply(t, s, core.Durable, func(b core.Batch) { b.Set([]byte("b"), []byte("1")) })
	want(t, s, pair{"b", "1"})
	// Two batches at once do not share anything.
	b1, b2 := s.NewBatch(), s.NewBatch()
	b1.Set([]byte("1"), nil)
	b2.Set([]byte("2"), nil)
	b1.Close()
	if err := s.Apply(b2, core.Durable); err != nil {
		t.Fatal(err)
	}
	want(t, s, pair{"2", ""}, pair{"b", "1"})
}

// testJoined: a value given in two parts is what it is in one.
func testJoined(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	large := string(fill(20<<10, 'x'))
	var all []pair
	var tail []byte
	for i, c := range [][2]string{{"", ""}, {"a", ""}, {"", "b"}, {"head", "tail"}, {"head", large}, {large, "tail"}} {
		key := []byte{'k', byte('0' + i)}
		apply(t, s, core.Durable, func(b core.Batch) {
			before, head := b.Len(), []byte(c[0])
			tail = []byte(c[1])
			b.SetJoined(key, head, tail)
			if least := len(head) + len(tail); b.Len()-before < least {
				t.Errorf("%d bytes made the batch %d longer", least, b.Len()-before)
			}
			clear(head) // the caller may reuse it
		})
		clear(tail) // and now this
		all = append(all, pair{string(key), c[0] + c[1]})
	}
	want(t, s, all...)
	compact(t, s)
	want(t, s, all...)
}

// testBatchLen: Len grows by at least what was put in, by not much more.
func testBatchLen(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	b := s.NewBatch()
	before := b.Len()
	b.Set(key(1), fill(1000, 'x'))
	if grown := b.Len() - before; grown < 1000 || grown > 1100 {
		t.Errorf("1,000 bytes made the batch %d longer", grown)
	}
	b.Close()
	b = s.NewBatch()
	if b.Len() != before {
		t.Errorf("a new batch has length %d, the one before had %d", b.Len(), before)
	}
	b.Close()
}

// testDeleteRange: every key in [lo, hi), of this batch and of earlier ones.
func testDeleteRange(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	abc := func(b core.Batch) {
		for _, k := range []string{"a", "b", "ba", "c", "d"} {
			b.Set([]byte(k), nil)
		}
	}
	for _, c := range []struct {
		lo, hi string
		left   []string
	}{
		{"b", "c", []string{"a", "c", "d"}},
		{"b", "b", []string{"a", "b", "ba", "c", "d"}},
		{"c", "b", []string{"a", "b", "ba", "c", "d"}},
		{"a\x00", "d", []string{"a", "d"}},
		{"", "c", []string{"c", "d"}},
		{"b", "", []string{"a"}},
		{"", "", nil},
		{"x", "z", []string{"a", "b", "ba", "c", "d"}},
	} {
		left := make([]pair, 0, len(c.left))
		for _, k := range c.left {
			left = append(left, pair{k, ""})
		}
		apply(t, s, core.Durable, func(b core.Batch) { b.DeleteRange(nil, nil); abc(b); b.DeleteRange([]byte(c.lo), []byte(c.hi)) })
		if got := contents(t, s); !slices.Equal(got, left) {
			t.Errorf("in one batch, [%q, %q) left %q", c.lo, c.hi, got)
		}
		apply(t, s, core.Durable, func(b core.Batch) { b.DeleteRange(nil, nil); abc(b) })
		compact(t, s)
		apply(t, s, core.Durable, func(b core.Batch) {
			b.DeleteRange([]byte(c.lo), []byte(c.hi))
			b.Set([]byte("e"), nil) // after it: stays
		})
		if got := contents(t, s); !slices.Equal(got, append(left, pair{"e", ""})) {
			t.Errorf("in a batch of its own, [%q, %q) left %q", c.lo, c.hi, got)
		}
	}
}

// testEmptyBatches: of any durability they change nothing, and a Durable one
// makes what came before durable.
func testEmptyBatches(t *testing.T, m Maker) {
	s := m.Open(t)
	apply(t, s, core.Lazy, func(b core.Batch) { b.Set([]byte("a"), []byte("1")) })
	for _, d := range []core.Durability{core.Local, core.Lazy, core.Durable} {
		apply(t, s, d, func(core.Batch) {})
	}
	want(t, s, pair{"a", "1"})
	if m.Reopen != nil {
		s = m.Reopen(t, s)
		want(t, s, pair{"a", "1"})
	}
	closeStore(t, s)
}

// testClosed: a closed store applies nothing.
func testClosed(t *testing.T, m Maker) {
	s := m.Open(t)
	b := s.NewBatch()
	b.Set([]byte("a"), nil)
	closeStore(t, s)
	if err := s.Apply(b, core.Durable); err == nil {
		t.Error("a closed store took a batch")
	}
	if err := s.Close(); err == nil {
		t.Error("a closed store closed again")
	}
}

// testLarge: one message of any size the broker takes goes in a batch.
func testLarge(t *testing.T, m Maker) {
	s := m.Open(t)
	for i, n := range []int{0, 1, 1 << 10, 1 << 20, 17 << 20} {
		apply(t, s, core.Durable, func(b core.Batch) { b.Set(key(i), fill(n, byte('a'+i))) })
	}
	check := func() {
		t.Helper()
		for i, n := range []int{0, 1, 1 << 10, 1 << 20, 17 << 20} {
			if got, ok := get(t, s, string(key(i))); !ok || got != string(fill(n, byte('a'+i))) {
				t.Errorf("a value of %d bytes came back with %d, %v", n, len(got), ok)
			}
		}
	}
	check()
	if m.Reopen != nil {
		s = m.Reopen(t, s)
		check()
	}
	closeStore(t, s)
}

func testOwner(t *testing.T, m Maker) {
	s := m.Open(t)
	e := s.Epoch()
	select {
	case <-s.Lost():
		t.Error("the shard was lost")
	default:
	}
	if !s.Room() {
		t.Error("no room in an empty store")
	}
	if s.Epoch() != e {
		t.Error("the epoch changed")
	}
	closeStore(t, s)
}
