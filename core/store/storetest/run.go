package storetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A Maker makes the stores under test.
type Maker struct {
	// Open makes an empty store. The contract tests close it themselves; a
	// store that a test left open is closed by whoever made it.
	Open func(t *testing.T) core.Store

	// Reopen closes s and opens again what it kept. Nil for a store in memory,
	// which keeps nothing.
	Reopen func(t *testing.T, s core.Store) core.Store
}

// Run runs the contract test.
func Run(t *testing.T, m Maker) {
	type promise struct {
		name string
		f    func(*testing.T, Maker)
	}
	promises := []promise{
		{"batch", testBatch},
		{"batch reuse", testCallerReuses},
		{"batch dropped", testBatchDropped},
		{"batch length", testBatchLen},
		{"joined values", testJoined},
		{"delete range", testDeleteRange},
		{"release", testRelease},
		{"release in one batch", testReleaseOneBatch},
		{"release through tables", testReleaseThroughTables},
		{"get", testGet},
		{"scan", testScan},
		{"scan stops", testScanStops},
		{"scan is a snapshot", testScanSnapshot},
		{"nested reads", testNestedReads},
		{"readers see whole batches", testReaders},
		{"empty batches", testEmptyBatches},
		{"work beside the disk", testBeside},
		{"refused after close", testClosed},
		{"large values", testLarge},
		{"owner", testOwner},
		{"random history", testHistory},
	}
	if m.Reopen != nil {
		promises = append(promises, promise{"durable", testDurable}, promise{"close is durable", testCloseDurable})
	}
	for _, c := range promises {
		t.Run(c.name, func(t *testing.T) { c.f(t, m) })
	}
}

// A compacter is a store that can be told to move what it has into tables.
type compacter interface{ Compact() error }

func compact(t *testing.T, s core.Store) {
	t.Helper()
	if c, ok := s.(compacter); ok {
		if err := c.Compact(); err != nil {
			t.Fatal(err)
		}
	}
}

// apply applies what f puts into a batch.
func apply(t *testing.T, s core.Store, d core.Durability, f func(b core.Batch)) {
	t.Helper()
	b := s.NewBatch()
	f(b)
	if err := s.Apply(b, d); err != nil {
		t.Fatal(err)
	}
}

func closeStore(t *testing.T, s core.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// pair is a key and its value, as text.
type pair struct{ key, val string }

// contents reads everything, and makes sure that Get and both directions of
// Scan agree on it.
func contents(t *testing.T, s core.Store) []pair {
	t.Helper()
	all := scan(t, s, "", "", false)
	back := scan(t, s, "", "", true)
	slices.Reverse(back)
	if !slices.Equal(all, back) {
		t.Fatalf("forward %q, in reverse %q", all, back)
	}
	for _, p := range all {
		if got, ok := get(t, s, p.key); !ok || got != p.val {
			t.Fatalf("Scan found %q, Get %q, %v", p, got, ok)
		}
	}
	return all
}

func scan(t *testing.T, s core.Store, lo, hi string, reverse bool) []pair {
	t.Helper()
	var all []pair
	err := s.Scan([]byte(lo), []byte(hi), reverse, func(k, v []byte) bool {
		all = append(all, pair{string(k), string(v)})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func get(t *testing.T, s core.Store, key string) (val string, ok bool) {
	t.Helper()
	ok, err := s.Get([]byte(key), func(v []byte) error { val = string(v); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return val, ok
}

func want(t *testing.T, s core.Store, pairs ...pair) {
	t.Helper()
	if got := contents(t, s); !slices.Equal(got, pairs) {
		t.Fatalf("store has %q, want %q", got, pairs)
	}
}

// counted is a value with a reference count.
func counted(count uint32, body string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, count), body...)
}

func key(i int) []byte { return fmt.Appendf(nil, "k%06d", i) }

func fill(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }
