package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

// A patient publisher's messages wait, in order, for the disk to have room, also
// when nobody watches; settlements go on meanwhile, and others are refused.
func TestPatientPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		p := b.Default().NewPublisher(3).Patient()
		publish := func(p *core.Publisher, body string, durable bool, r core.Confirm) error {
			m := core.Message{Body: []byte(body), Durable: durable}
			return p.Publish(&core.Publication{Message: &m, To: core.QueueAddress("q"), Confirm: r})
		}
		r := newTape(10)
		if err := publish(p, "before", true, r); err != nil {
			t.Fatal(err)
		}
		<-r.out
		held := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Hour})
		store.Low.Store(true)
		for _, body := range []string{"a", "b", "c"} {
			if err := publish(p, body, body != "b", r); err != nil {
				t.Fatal(err)
			}
		}
		if err := publish(p, "nobody asks", false, nil); err != nil {
			t.Fatal(err)
		}
		if err := publish(b.Default().NewPublisher(0), "x", true, r); core.KindOf(err) != core.NoSpace {
			t.Errorf("an impatient one got %v", err)
		}
		if errs, err := q.Settle(t.Context(), core.Ack, held[0].Receipt); err != nil || errs[0] != nil {
			t.Error(errs, err)
		}
		elapse(5 * time.Second)
		if n := q.Counts(); n.Ready != 0 || n.InFlight != 0 || len(r.out) != 0 || !p.Full() {
			t.Errorf("%+v, %d confirmed, full %v", n, len(r.out), p.Full())
		}
		store.Low.Store(false)
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if o := <-r.out; o.Err != nil {
				t.Error(o.Err)
			}
		}
		synctest.Wait()
		got := ""
		for _, d := range receive(t, q, core.ReceiveOptions{Max: 10}) {
			got += string(d.Message.Body)
		}
		if got != "abcnobody asks" || b.Stats().Dropped != 0 {
			t.Errorf("%q, %d dropped", got, b.Stats().Dropped)
		}
	})
}

// Who watches is told when the disk is low and when it is not, once each, also
// while connections come and go.
func TestBlockedByDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		defer b.Close()
		declare(t, b, "q", durable(core.QueueOptions{}))
		var told []string
		stop := b.WatchBlocked(func(reason string) { told = append(told, reason) })
		defer stop()
		store.Low.Store(true)
		m := core.Message{Durable: true}
		r := newTape(1)
		if err := b.Default().NewPublisher(0).Patient().Publish(&core.Publication{Message: &m, To: core.QueueAddress("q"), Confirm: r}); err != nil {
			t.Fatal(err)
		}
		for range 20 { // connections come faster than the watch looks
			elapse(300 * time.Millisecond)
			b.WatchBlocked(func(string) {})()
		}
		store.Low.Store(false)
		elapse(5 * time.Second)
		synctest.Wait()
		if len(told) != 2 || told[0] != "low on disk" || told[1] != "" || len(r.out) != 1 {
			t.Errorf("told %q, %d confirmed", told, len(r.out))
		}
	})
}

// Who watches is told that memory is low when publishes have been parked for a
// while, not when they were for a moment; and that it is over. What was parked is
// confirmed then.
func TestBlockedByMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store, func(o *core.Options) { o.Limits.MemoryBytes = 1 << 20 })
		defer b.Close()
		declare(t, b, "q", durable(core.QueueOptions{}))
		var told []string
		stop := b.WatchBlocked(func(reason string) { told = append(told, reason) })
		defer stop()
		r, p := newTape(20), b.Default().NewPublisher(0).Patient()
		publish := func(n int) {
			for range n { // a quarter of the budget may wait for the committer
				m := core.Message{Durable: true, Body: make([]byte, 100<<10)}
				if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress("q"), Confirm: r}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, outage := range []struct {
			d    time.Duration
			want int
		}{{100 * time.Millisecond, 0}, {5 * time.Second, 2}} {
			goOn := store.Hold()
			publish(8)
			elapse(outage.d)
			if confirmed := len(r.out); confirmed != 0 {
				t.Errorf("%v: %d confirmed by a disk that does not answer", outage.d, confirmed)
			}
			goOn()
			elapse(3 * time.Second)
			synctest.Wait()
			if len(told) != outage.want || b.Blocked() != "" {
				t.Errorf("%v: told %q", outage.d, told)
			}
			for range 8 {
				if o := <-r.out; o.Err != nil {
					t.Error(o.Err)
				}
			}
		}
		if len(told) == 2 && (told[0] != "low on memory" || told[1] != "") {
			t.Errorf("told %q", told)
		}
	})
}

// What is transient does not overtake what its publisher has parked, also where
// somebody waits for it.
func TestParkedIsNotOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		p := b.Default().NewPublisher(0).Patient()
		store.Low.Store(true)
		for i, body := range []string{"a", "b", "c"} {
			m := core.Message{Body: []byte(body), Durable: i == 0}
			if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress("q")}); err != nil {
				t.Fatal(err)
			}
		}
		if n := q.Counts(); n.Ready != 0 {
			t.Errorf("%+v while its publisher waits", n)
		}
		store.Low.Store(false)
		elapse(5 * time.Second)
		got := ""
		for _, d := range receive(t, q, core.ReceiveOptions{Max: 10}) {
			got += string(d.Message.Body)
		}
		if got != "abc" {
			t.Errorf("%q", got)
		}
	})
}
