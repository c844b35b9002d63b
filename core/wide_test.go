package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// Large messages that are received as they come are not read back from the store.
func TestWideWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &scans{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		for range 100 {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: make([]byte, 64<<10), Durable: true})
		}
		before := store.n.Load()
		if ds := receive(t, q, core.ReceiveOptions{Max: 100, Lease: time.Hour}); len(ds) != 100 || store.n.Load() != before {
			t.Errorf("%d received, the store read %d times", len(ds), store.n.Load()-before)
		}
	})
}

// However many queues there are, what their windows are wider than WindowBytes
// is a quarter of the memory together.
func TestWideWindowsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const body, quarter, queues = 16 << 10, 2 << 20, 8
		b := open(t, memstore.New(memstore.Options{}), func(o *core.Options) {
			o.Limits = core.Limits{MemoryBytes: 4 * quarter, WindowBytes: 4 * body, WideBytes: 64 << 20}
		})
		defer b.Close()
		for i := range queues {
			name := fmt.Sprint("q", i)
			declare(t, b, name, durable(core.QueueOptions{}))
			for range 100 {
				publish(t, b, core.QueueAddress(name), core.Message{Body: make([]byte, body), Durable: true})
			}
		}
		synctest.Wait()
		if held := b.Stats().Memory; held < quarter || held > quarter+queues*5*body {
			t.Errorf("%d bytes in memory", held)
		}
	})
}
