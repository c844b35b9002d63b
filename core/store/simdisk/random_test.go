package simdisk_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore"
	"github.com/slipwaymq/slipway/core/store/simdisk"
)

// TestRandomCuts applies batches of all sizes, the largest of which go past
// memtables and have files of the log of their own, cuts the power at any
// operation, of recovery too, and goes on with what is left, several times. What is
// there must be what the first n batches make of it, byte for byte.
func TestRandomCuts(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		if wrong := randomCuts(t, seed, func(s core.Store) core.Store { return s }); wrong != "" {
			t.Errorf("seed %d: %s", seed, wrong)
		}
	}
}

// One seed in three finds it, and when tables are written is not the seed's to say.
func TestRandomCutsFindAckBeforeSync(t *testing.T) {
	for seed := range uint64(100) {
		if randomCuts(t, seed, simdisk.AckBeforeSync) != "" {
			return
		}
	}
	t.Error("a store that confirms before it syncs was not found")
}

// A state is what the batches so far make of an empty store.
type state map[string]string

// A history is one store's, over all its lives.
type history struct {
	rng    *rand.Rand
	states []state // by how many batches were applied

	mu        sync.Mutex // guards all below: power is cut on any goroutine
	confirmed int
	disk      *simdisk.Disk
	ops       int // until the power is cut
	kept      int // percent of what was not synced
	seed      uint64
	cut       *simdisk.Disk
	promised  int
}

func randomCuts(t *testing.T, seed uint64, wrap func(core.Store) core.Store) string {
	t.Helper()
	h := &history{rng: rand.New(rand.NewPCG(seed, 77)), states: []state{{}}}
	o := options(t)
	o.MemTable = 16 << 10 << h.rng.IntN(3)
	o.Kept = 1 + h.rng.IntN(4)
	d := simdisk.New()
	h.watch(d)
	for round := range 6 {
		// Every second time the power goes while the store is opened, if that takes
		// as many operations; the other times the log has gone round by then, mostly.
		h.arm(h.rng.IntN(40 + 1000*(round%2)))
		o.Large = []int{4, 200, 0}[(seed+uint64(round)/2)%3] // some values, or most, stay in the log
		s, err := d.Open(o)
		if err != nil {
			return fmt.Sprintf("round %d: %v", round, err)
		}
		wrong := h.resume(s)
		for i := 0; wrong == "" && i < 150 && h.powered(); i++ {
			wrong = h.apply(t, wrap(s), round)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if wrong != "" {
			return fmt.Sprintf("round %d: %s", round, wrong)
		}
		if !h.powered() {
			d = h.restore()
		}
	}
	return ""
}

// arm has the power cut when the disk has been changed that often.
func (h *history) arm(ops int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops, h.cut, h.promised = ops, nil, h.confirmed
	h.kept, h.seed = max(0, h.rng.IntN(151)-50), h.rng.Uint64()
}

func (h *history) watch(d *simdisk.Disk) {
	h.disk = d
	d.OnWrite(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if d != h.disk {
			return // what a store does late, on a disk that is history
		}
		if h.ops--; h.ops < 0 && h.cut == nil {
			h.cut, h.promised = d.PowerCut(h.kept, h.seed), h.confirmed
		}
	})
}

// restore returns what the cut left.
func (h *history) restore() *simdisk.Disk {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.confirmed = h.promised
	h.watch(h.cut)
	return h.cut
}

func (h *history) powered() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cut == nil
}

// resume compares the store with what it may be and goes on from there.
func (h *history) resume(s *diskstore.Store) string {
	got := state{}
	if err := s.Scan(nil, nil, false, func(k, v []byte) bool { got[string(k)] = string(v); return true }); err != nil {
		return err.Error()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	if head := got["h"]; head != "" {
		n = int(binary.BigEndian.Uint64([]byte(head)))
	}
	switch {
	case n < h.promised:
		return fmt.Sprintf("%d batches confirmed, %d there", h.promised, n)
	case n >= len(h.states):
		return fmt.Sprintf("%d batches applied, %d there", len(h.states)-1, n)
	case !maps.Equal(got, h.states[n]):
		return fmt.Sprintf("not what %d batches make: %s", n, odd(got, h.states[n]))
	}
	h.states = h.states[:n+1]
	h.confirmed = n // recovery has put it into tables
	return ""
}

func odd(got, want state) string {
	keys := slices.Sorted(maps.Keys(got))
	for _, k := range append(keys, slices.Sorted(maps.Keys(want))...) {
		if got[k] != want[k] {
			return fmt.Sprintf("%s is %d bytes, %.20q, and not %d, %.20q", k, len(got[k]), got[k], len(want[k]), want[k])
		}
	}
	return "nothing"
}

// apply applies one batch of any size and durability.
func (h *history) apply(t *testing.T, s core.Store, round int) string {
	t.Helper()
	n := len(h.states) // its number
	next := maps.Clone(h.states[n-1])
	b := s.NewBatch()
	h.fill(b, next, fmt.Sprintf("%d of round %d ", n, round))
	head := string(binary.BigEndian.AppendUint64(nil, uint64(n)))
	b.Set([]byte("h"), []byte(head))
	next["h"] = head
	h.states = append(h.states, next)
	how := []core.Durability{core.Durable, core.Durable, core.Lazy, core.Local}[h.rng.IntN(4)]
	if err := s.Apply(b, how); err != nil {
		return err.Error()
	}
	if how == core.Durable {
		h.mu.Lock()
		h.confirmed = n
		h.mu.Unlock()
	}
	return ""
}

var sizes = []int{0, 10, 100, 100, 500, 500, 3000, 9000, 20_000, 100_000}

func (h *history) fill(b core.Batch, next state, id string) {
	set := func(k, v string) {
		head := h.rng.IntN(min(len(v), 30) + 1)
		b.SetJoined([]byte(k), []byte(v[:head]), []byte(v[head:]))
		next[k] = v
	}
	for i := range 1 + h.rng.IntN(3) {
		size := sizes[h.rng.IntN(len(sizes))]
		set(fmt.Sprintf("m%03d", h.rng.IntN(200)), fmt.Sprintf("%s%0*d", id, size, i))
		shared := fmt.Sprintf("b%s-%d", id, i) // set once in its life
		set(shared, string([]byte{0, 0, 0, byte(1 + h.rng.IntN(3)), 'x'}))
	}
	var shared []string
	for _, k := range slices.Sorted(maps.Keys(next)) {
		if k[0] == 'b' {
			shared = append(shared, k)
		}
	}
	for range h.rng.IntN(5) {
		if k := shared[h.rng.IntN(len(shared))]; next[k] != "" {
			b.Release([]byte(k))
			if v := []byte(next[k]); v[3] == 1 {
				delete(next, k)
			} else {
				v[3]--
				next[k] = string(v)
			}
		}
	}
	gone := fmt.Sprintf("m%03d", h.rng.IntN(200))
	b.Delete([]byte(gone))
	delete(next, gone)
	if lo := h.rng.IntN(400); lo < 200 {
		from, to := fmt.Sprintf("m%03d", lo), fmt.Sprintf("m%03d", lo+5)
		b.DeleteRange([]byte(from), []byte(to))
		maps.DeleteFunc(next, func(k, _ string) bool { return k >= from && k < to })
	}
}
