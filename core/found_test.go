package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// Bugs that the random operations found, each as small as it can be.

// What expires beyond the index of a grouped queue leaves it.
func TestExpiryBeyondTheIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		declare(t, b, "q", durable(core.QueueOptions{Grouped: true, DedupContent: true, Dedup: core.DedupQueue}))
		at := time.Now().Add(15 * time.Second).UnixMilli()
		for i := range 3 {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte{byte(i)}, Durable: true, GroupID: "g", ExpiresAt: at * int64(i%2)})
		}
		b.Close()
		b = open(t, store) // which reads none of them
		defer b.Close()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		q, _ := b.Default().Queue("q")
		seen := 0
		if err := q.Browse(func(core.Delivery) bool { seen++; return true }); err != nil {
			t.Fatal(err)
		}
		if n := q.Counts(); n.Ready != 2 || seen != 2 {
			t.Fatalf("%+v, browsing shows %d", n, seen)
		}
	})
}

// A restart within the minute of its creation loses nothing of what a queue
// has seen.
func TestDeduplicationSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		declare(t, b, "q", durable(core.QueueOptions{Dedup: core.DedupQueue}))
		m := core.Message{Body: []byte("x"), Durable: true, DedupID: "d"}
		first := publish(t, b, core.QueueAddress("q"), m)
		b.Close()
		b = open(t, store)
		defer b.Close()
		if o := publish(t, b, core.QueueAddress("q"), m); !o.Duplicate || o.ID != first.ID {
			t.Fatalf("%+v, the original was %v", o, first.ID)
		}
	})
}
