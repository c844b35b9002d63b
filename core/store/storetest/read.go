package storetest

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// testGet: found or not, and the error of f is passed on.
func testGet(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	apply(t, s, core.Durable, func(b core.Batch) { b.Set([]byte("a"), []byte("1")) })
	for _, k := range []string{"", "A", "a\x00", "b", "\xff", "\xffg"} {
		ok, err := s.Get([]byte(k), func([]byte) error { t.Errorf("f called for %q", k); return nil })
		if ok || err != nil {
			t.Errorf("Get(%q) = %v, %v", k, ok, err)
		}
	}
	mine := errors.New("mine")
	if ok, err := s.Get([]byte("a"), func([]byte) error { return mine }); !ok || !errors.Is(err, mine) {
		t.Errorf("Get = %v, %v", ok, err)
	}
}

// testScan: [lo, hi), in order and in reverse, from memory and from tables.
func testScan(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	keys := []string{"a", "b", "b\x00", "ba", "c", "m\x00\x01", "m\x00\xff", "m\x01\x00", "z", "\xfe\xff"}
	for i, k := range keys {
		apply(t, s, core.Durable, func(b core.Batch) { b.Set([]byte(k), []byte(strconv.Itoa(i))) })
		if i == len(keys)/2 {
			compact(t, s)
		}
	}
	for _, lo := range append(keys, "", "bb", "zz", "\xff") {
		for _, hi := range append(keys, "", "bb", "zz", "\xff", "\xff\xff") {
			var exp []pair
			for i, k := range keys {
				if k >= lo && (k < hi || hi == "") {
					exp = append(exp, pair{k, strconv.Itoa(i)})
				}
			}
			if got := scan(t, s, lo, hi, false); !slices.Equal(got, exp) {
				t.Errorf("Scan(%q, %q) = %q, want %q", lo, hi, got, exp)
			}
			slices.Reverse(exp)
			if got := scan(t, s, lo, hi, true); !slices.Equal(got, exp) {
				t.Errorf("Scan(%q, %q, reverse) = %q, want %q", lo, hi, got, exp)
			}
		}
	}
}

// testScanStops: no call of f after one that returned false.
func testScanStops(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	apply(t, s, core.Durable, func(b core.Batch) {
		for i := range 100 {
			b.Set(key(i), nil)
		}
	})
	for _, reverse := range []bool{false, true} {
		for stop := 1; stop < 100; stop += 7 {
			calls := 0
			err := s.Scan(nil, nil, reverse, func(_, _ []byte) bool { calls++; return calls < stop })
			if err != nil || calls != stop {
				t.Errorf("stopped after %d, called %d times, %v", stop, calls, err)
			}
		}
	}
}

// testScanSnapshot: a scan sees the store as it was when it began, however
// much is applied, and moved into tables, meanwhile.
func testScanSnapshot(t *testing.T, m Maker) {
	for _, reverse := range []bool{false, true} {
		s := m.Open(t)
		const n = 200
		apply(t, s, core.Durable, func(b core.Batch) {
			for i := range n {
				b.Set(key(i), counted(2, "old"))
			}
		})
		seen := 0
		err := s.Scan(nil, nil, reverse, func(k, v []byte) bool {
			i := seen
			if reverse {
				i = n - 1 - seen
			}
			if string(k) != string(key(i)) || string(v) != string(counted(2, "old")) {
				t.Fatalf("entry %d is %q = %q", i, k, v)
			}
			seen++
			if seen%50 == 1 {
				apply(t, s, core.Durable, func(b core.Batch) {
					b.Set(key(n+seen), nil)
					b.Set([]byte("a"), nil)
					b.Release(key(n / 2))
					b.DeleteRange(key(seen), key(n))
				})
				compact(t, s)
			}
			return true
		})
		if err != nil || seen != n {
			t.Fatalf("%d of %d, %v", seen, n, err)
		}
		closeStore(t, s)
	}
}

// testNestedReads: f may read, and apply, itself.
func testNestedReads(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	apply(t, s, core.Durable, func(b core.Batch) { b.Set([]byte("a"), []byte("1")); b.Set([]byte("b"), []byte("2")) })
	err := s.Scan(nil, nil, false, func(k, v []byte) bool {
		if got, ok := get(t, s, string(k)); !ok || got != string(v) {
			t.Errorf("%q: %q, %v", k, got, ok)
		}
		_, err := s.Get(k, func(v []byte) error {
			apply(t, s, core.Local, func(b core.Batch) { b.Set(append([]byte("c"), k...), v) })
			return nil
		})
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, s, pair{"a", "1"}, pair{"b", "2"}, pair{"ca", "1"}, pair{"cb", "2"})
}

// testReaders: while batches are applied, readers on other goroutines see each
// of them whole or not at all, and never go back.
func testReaders(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	const width, rounds = 50, 300
	write := func(round int) {
		b := s.NewBatch()
		for i := range width {
			b.Set(key(i), []byte(strconv.Itoa(round)))
		}
		if err := s.Apply(b, core.Lazy); err != nil {
			t.Error(err)
		}
	}
	write(0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for reader := range 4 {
		wg.Go(func() {
			for last := 0; ; {
				select {
				case <-done:
					return
				default:
				}
				round, ok := oneRound(t, s, reader%2 == 0)
				if !ok || round < last {
					t.Errorf("round %d after %d, whole %v", round, last, ok)
					return
				}
				last = round
				s.Room()
			}
		})
	}
	for round := range rounds {
		write(round + 1)
		if round%100 == 50 {
			compact(t, s)
		}
	}
	close(done)
	wg.Wait()
}

// oneRound returns the round that all values are of.
func oneRound(t *testing.T, s core.Store, reverse bool) (round int, whole bool) {
	n := 0
	whole = true
	err := s.Scan([]byte("k"), []byte("l"), reverse, func(_, v []byte) bool {
		r, err := strconv.Atoi(string(v))
		if n > 0 && r != round || err != nil {
			whole = false
		}
		round = r
		n++
		return true
	})
	if err != nil {
		t.Error(err)
	}
	return round, whole && n == 50
}
