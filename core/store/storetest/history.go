package storetest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// testHistory applies random batches to the store and to a map, and compares
// them after each, through compactions and reopenings.
func testHistory(t *testing.T, m Maker) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := history{rng: rand.New(rand.NewPCG(seed, 1)), model: map[string]string{}}
			s := m.Open(t)
			for range 80 {
				h.batch(t, s)
				switch h.rng.IntN(20) {
				case 0, 1:
					compact(t, s)
				case 2:
					if m.Reopen != nil {
						s = m.Reopen(t, s)
					}
				}
				h.compare(t, s)
			}
			closeStore(t, s)
		})
	}
}

type history struct {
	rng   *rand.Rand
	model map[string]string
	next  int // number of the next counted key: each is Set once
}

func (h *history) batch(t *testing.T, s core.Store) {
	apply(t, s, core.Durability(h.rng.IntN(3)), func(b core.Batch) {
		for range h.rng.IntN(30) {
			h.op(b)
		}
	})
}

func (h *history) op(b core.Batch) {
	plain := func() string { return fmt.Sprintf("m%02d", h.rng.IntN(60)) }
	switch h.rng.IntN(10) {
	case 0, 1, 2:
		k, v := plain(), fmt.Sprint(h.rng.Uint32())
		b.Set([]byte(k), []byte(v))
		h.model[k] = v
	case 3, 4:
		k := plain()
		b.Delete([]byte(k))
		delete(h.model, k)
	case 5:
		lo, hi := plain(), plain()
		b.DeleteRange([]byte(lo), []byte(hi))
		maps.DeleteFunc(h.model, func(k, _ string) bool { return k >= lo && k < hi })
	case 6, 7:
		k, v := fmt.Sprintf("b%04d", h.next), counted(h.rng.Uint32N(6), fmt.Sprint(h.next))
		h.next++
		b.Set([]byte(k), v)
		h.model[k] = string(v)
	default:
		h.release(b, fmt.Sprintf("b%04d", h.rng.IntN(h.next+1)))
	}
}

func (h *history) release(b core.Batch, k string) {
	v, ok := h.model[k]
	if !ok {
		return
	}
	b.Release([]byte(k))
	count := binary.BigEndian.Uint32([]byte(v))
	if count <= 1 {
		delete(h.model, k)
		return
	}
	h.model[k] = string(counted(count-1, v[4:]))
}

func (h *history) compare(t *testing.T, s core.Store) {
	t.Helper()
	var exp []pair
	for _, k := range slices.Sorted(maps.Keys(h.model)) {
		exp = append(exp, pair{k, h.model[k]})
	}
	if got := contents(t, s); !slices.Equal(got, exp) {
		t.Fatalf("store\n%q\nmodel\n%q", got, exp)
	}
}
