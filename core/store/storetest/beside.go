package storetest

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// testBeside: an Overlapping store calls its caller's work once a batch, whatever
// the batch has, and lets it read; what came before is there for it.
func testBeside(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	o, ok := s.(core.Overlapping)
	if !ok {
		return
	}
	last := ""
	for i, n := range []int{-1, 0, 10, 4 << 10, 5000, 300 << 10, -1, 17 << 20, 10} { // -1: no operation
		for _, d := range []core.Durability{core.Durable, core.Lazy, core.Local} {
			b, calls := s.NewBatch(), 0
			if n >= 0 {
				b.Set([]byte("k"), fill(n, byte('a'+i)))
			}
			err := o.ApplyBeside(b, d, func() {
				calls++
				got, _ := get(t, s, "k")
				if n < 0 && got != last || n >= 0 && got != last && got != string(fill(n, byte('a'+i))) {
					t.Errorf("beside batch %d, of %d bytes, %d bytes are there", i, n, len(got))
				}
			})
			if err != nil || calls != 1 {
				t.Errorf("a batch with %d bytes, durability %d: called %d times, %v", n, d, calls, err)
			}
			if n >= 0 {
				last = string(fill(n, byte('a'+i)))
			}
			if got, _ := get(t, s, "k"); got != last {
				t.Errorf("after batch %d, of %d bytes, %d bytes are there", i, n, len(got))
			}
		}
	}
}
