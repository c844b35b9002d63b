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

// gatedStore lets each Apply through when told to.
type gatedStore struct {
	*memstore.Store
	gate chan struct{} // nil: open
}

func (s *gatedStore) Apply(b core.Batch, d core.Durability) error {
	if s.gate != nil {
		<-s.gate
	}
	return s.Store.Apply(b, d)
}

// A group that is written while a dead letter waits for the next one does not
// let a restart pass over it.
func TestHeadDoesNotPassOverADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &gatedStore{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		declare(t, b, "dead", durable(core.QueueOptions{}))
		declare(t, b, "other", durable(core.QueueOptions{}))
		q := declare(t, b, "q", durable(core.QueueOptions{DeadLetter: core.QueueAddress("dead")}))
		for _, body := range []string{"1", "2"} {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte(body), Durable: true})
		}
		r := newTape(2)
		c, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 2})
		if err != nil {
			t.Fatal(err)
		}
		d1, d2 := <-r.got, <-r.got
		time.Sleep(time.Second) // what was lazy is done
		store.gate = make(chan struct{})
		p := b.Default().NewPublisher(0)
		send := func(size int) {
			if err := p.Publish(&core.Publication{Message: &core.Message{Body: make([]byte, size), Durable: true}, To: core.QueueAddress("other")}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		send(1)       // the committer is busy
		send(5 << 20) // two groups
		c.Settle(core.Ack, false, []core.Receipt{d2.Receipt}, nil, nil, nil, 0)
		store.gate <- struct{}{}
		synctest.Wait() // the first of the two is being applied
		c.Settle(core.Reject, false, []core.Receipt{d1.Receipt}, nil, nil, nil, 0)
		store.gate <- struct{}{}
		synctest.Wait()
		store.gate <- struct{}{} // the second, with the acknowledgement and the head of q
		synctest.Wait()
		left := store.Store.Clone()
		close(store.gate)
		b.Close()
		b = open(t, left)
		defer b.Close()
		q, _ = b.Default().Queue("q")
		if n, got := q.Counts().Ready, bodies(receive(t, q, core.ReceiveOptions{Max: 10})); n != 1 || got != "1" {
			t.Fatalf("after the crash: %d, %q", n, got)
		}
	})
}
