package storetest

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// testDurable: what was applied is there after the store was closed and
// opened, in any mixture of durabilities, many times over.
func testDurable(t *testing.T, m Maker) {
	s := m.Open(t)
	var all []pair
	for round := range 8 {
		for _, d := range []core.Durability{core.Durable, core.Local, core.Lazy, core.Durable}[:round%4+1] {
			k := key(len(all))
			apply(t, s, d, func(b core.Batch) { b.Set(k, []byte{byte(round)}) })
			all = append(all, pair{string(k), string([]byte{byte(round)})})
		}
		if round%3 == 1 {
			compact(t, s)
		}
		s = m.Reopen(t, s)
		want(t, s, all...)
	}
	closeStore(t, s)
}

// testCloseDurable: everything applied, Lazy and Local too.
func testCloseDurable(t *testing.T, m Maker) {
	for _, d := range []core.Durability{core.Local, core.Lazy} {
		s := m.Open(t)
		apply(t, s, d, func(b core.Batch) { b.Set([]byte("a"), []byte("1")) })
		apply(t, s, d, func(b core.Batch) { b.Set([]byte("b"), counted(1, "")) })
		apply(t, s, d, func(b core.Batch) { b.Release([]byte("b")) })
		s = m.Reopen(t, s)
		want(t, s, pair{"a", "1"})
		closeStore(t, s)
	}
}
