package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// Over the memory budget what somebody waits for is parked, also where only a
// queue of memory takes it; what is transient and unasked for is dropped.
func TestOverBudgetNothingConfirmedIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := &gated{Store: memstore.New(memstore.Options{})}
		b := open(t, gate, func(o *core.Options) { o.Limits.MemoryBytes, o.Limits.WindowMessages = 1<<20, 1 })
		defer b.Close()
		declare(t, b, "disk", durable(core.QueueOptions{}))
		q := declare(t, b, "memory", core.QueueOptions{})
		gate.shut()
		const n = 60
		r := newTape(2 * n)
		p := b.Default().NewPublisher(1 << 30)
		for i := range n {
			for _, to := range []string{"disk", "memory"} {
				m := core.Message{Body: []byte(fmt.Sprintf("%010000d", i)), Durable: true}
				if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress(to), Confirm: r}); err != nil {
					t.Fatal(err)
				}
			}
		}
		m := core.Message{Body: make([]byte, 10_000)}
		if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress("memory")}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(r.out) == 2*n {
			t.Fatal("all was confirmed: nothing was parked")
		}
		gate.open()
		for range 2 * n {
			if o := <-r.out; o.Err != nil || o.Routed != 1 {
				t.Fatalf("%+v", o)
			}
		}
		synctest.Wait()
		got := 0
		for {
			ds := receive(t, q, core.ReceiveOptions{Max: 10})
			if len(ds) == 0 {
				break
			}
			got += len(ds)
		}
		if got != n || b.Stats().Dropped != 1 {
			t.Fatalf("%d of %d confirmed messages are there, %d dropped", got, n, b.Stats().Dropped)
		}
	})
}

// A refused publish leaves no mark: the next message of that packet id is not
// taken for a duplicate after a crash.
func TestRefusedPublishLeavesNoMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		declare(t, b, "q.fifo", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
		s, _, err := b.Default().OpenSession("c", false, core.SessionOptions{Dialect: "mqtt", Expiry: core.Forever})
		if err != nil {
			t.Fatal(err)
		}
		r := newTape(1)
		m := core.Message{Body: []byte("no id"), Durable: true}
		err = b.Default().NewPublisher(0).Publish(&core.Publication{
			Message: &m, To: core.QueueAddress("q.fifo"), Confirm: r, Session: s, Mark: &core.StateChange{Key: 7, Value: []byte{1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if o := <-r.out; core.KindOf(o.Err) != core.Invalid {
			t.Fatalf("%+v", o)
		}
		crashed := store.Clone()
		b.Close()
		b = open(t, crashed)
		defer b.Close()
		s, _ = b.Default().Session("mqtt", "c")
		s.State(func(key uint32, val []byte) { t.Errorf("state %d is %x", key, val) })
	})
}

// A message over its delivery limit whose dead-letter queue is gone stays and
// is delivered on, and moves once the queue is there again.
func TestDeadLetterQueueIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{MaxDeliveries: 1, DeadLetter: core.QueueAddress("dlq")}))
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("x"), Durable: true})
		for i := range 3 {
			ds := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Second, Wait: time.Second})
			if len(ds) != 1 || ds[0].Deliveries != i+1 {
				t.Fatalf("receive %d: %v", i, ds)
			}
			elapse(2 * time.Second)
		}
		dlq := declare(t, b, "dlq", durable(core.QueueOptions{}))
		if ds := receive(t, q, core.ReceiveOptions{Max: 1}); len(ds) != 0 {
			t.Fatalf("delivered again: %v", ds)
		}
		synctest.Wait()
		if q.Counts().Ready != 0 || dlq.Counts().Ready != 1 {
			t.Fatalf("%+v %+v", q.Counts(), dlq.Counts())
		}
	})
}
