package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

// However many durable queues nobody reads, what they hold in memory is bounded by
// the budget and one message each; the rest is only on disk, and all there in order.
func TestWindowsKeepToTheBudget(t *testing.T) {
	for _, grouped := range []bool{false, true} {
		t.Run(fmt.Sprint(grouped), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const body, budget, queues, each = 16 << 10, 1 << 20, 20, 30
				b := fresh(t, func(o *core.Options) { o.Limits = core.Limits{MemoryBytes: budget} })
				o := durable(core.QueueOptions{Grouped: grouped})
				if grouped {
					o.Dedup = core.DedupQueue
				}
				for i := range queues {
					name := fmt.Sprint("q", i)
					declare(t, b, name, o)
					for k := range each {
						m := core.Message{Body: make([]byte, body), Durable: true, GroupID: "g", DedupID: fmt.Sprint(k)}
						m.Body[0] = byte(k)
						publish(t, b, core.QueueAddress(name), m)
					}
				}
				synctest.Wait()
				if held := b.Stats().Memory; held > budget+(queues+1)*(body+1024) {
					t.Errorf("%d bytes in memory", held)
				}
				for i := range queues {
					q, _ := b.Default().Queue(fmt.Sprint("q", i))
					for k := range each {
						ds := receive(t, q, core.ReceiveOptions{Max: 1, Wait: time.Second})
						if len(ds) != 1 || ds[0].Message.Body[0] != byte(k) {
							t.Fatalf("queue %d, place %d: %d deliveries", i, k, len(ds))
						}
						if _, err := q.Settle(t.Context(), core.Ack, ds[0].Receipt); err != nil {
							t.Fatal(err)
						}
					}
				}
			})
		})
	}
}

// Delayed messages of a queue that is only in memory are refused where memory has
// no place for them: nothing else could hold them.
func TestDelayedInMemoryKeepsToTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const body, budget = 16 << 10, 1 << 20
		b := fresh(t, func(o *core.Options) { o.Limits = core.Limits{MemoryBytes: budget} })
		q := declare(t, b, "q", core.QueueOptions{})
		p, r := b.Default().NewPublisher(0), newTape(200)
		for range 200 {
			m := core.Message{Body: make([]byte, body), DeliverAt: b.Now() + 60_000}
			if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress("q"), Confirm: r}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		taken := 0
		for range 200 {
			switch o := <-r.out; {
			case o.Err == nil:
				taken++
			case core.KindOf(o.Err) != core.Full:
				t.Error(o.Err)
			}
		}
		if held := b.Stats().Memory; held > budget+2*body {
			t.Errorf("%d bytes in memory", held)
		}
		elapse(2 * time.Minute)
		if c := q.Counts(); taken < 50 || c.Ready != int64(taken) || c.Delayed != 0 {
			t.Errorf("%d confirmed, then %+v", taken, c)
		}
	})
}

// Publishers that come, park what the full disk has no room for, and go again do
// not fill the memory: over a quarter of it what they leave parked is dropped, and
// told so. Who is still there waits.
func TestParkedKeepsToTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const body, budget = 16 << 10, 1 << 20
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store, func(o *core.Options) { o.Limits = core.Limits{MemoryBytes: budget} })
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		store.Low.Store(true)
		for range 2 { // what is no longer parked does not count
			r := newTape(300)
			publishOne := func(p *core.Publisher) {
				m := core.Message{Body: make([]byte, body), Durable: true}
				if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress("q"), Confirm: r}); err != nil {
					t.Fatal(err)
				}
			}
			stays := b.Default().NewPublisher(0).Patient()
			for range 200 {
				p := b.Default().NewPublisher(0).Patient()
				publishOne(p)
				p.Close()
			}
			publishOne(stays)
			dropped := len(r.out)
			for range dropped {
				if o := <-r.out; core.KindOf(o.Err) != core.NoSpace {
					t.Errorf("%+v", o)
				}
			}
			if parked := 200 - dropped; parked < 10 || parked*body > budget/4 {
				t.Errorf("%d parked", parked)
			}
			store.Low.Store(false)
			elapse(5 * time.Second)
			if c := q.Counts(); c.Ready != int64(201-dropped) || len(r.out) != 201-dropped {
				t.Errorf("%d dropped, then %+v, %d confirmed", dropped, c, len(r.out))
			}
			stays.Close()
			if _, err := q.PurgeReady(); err != nil {
				t.Fatal(err)
			}
			store.Low.Store(true)
		}
		store.Low.Store(false)
	})
}
