package core_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// scans counts what is read of the store, and may hold it up.
type scans struct {
	core.Store
	n    atomic.Int64
	hold atomic.Pointer[chan struct{}] // nil: scans go on
}

func (s *scans) Scan(lo, hi []byte, reverse bool, f func(k, v []byte) bool) error {
	s.n.Add(1)
	if c := s.hold.Load(); c != nil {
		<-*c
	}
	return s.Store.Scan(lo, hi, reverse, f)
}

// A reader of a deep queue finds the next messages loaded before it needs them.
func TestLoadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &scans{Store: memstore.New(memstore.Options{})}
		b := open(t, store, func(o *core.Options) { o.Limits.WindowMessages = 100 })
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		for range 1000 {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("x"), Durable: true})
		}
		before := store.n.Load()
		for range 50 {
			receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Hour})
		}
		synctest.Wait()
		if n := store.n.Load() - before; n != 1 {
			t.Errorf("half of the window is gone and %d scans loaded more, want 1", n)
		}
		for n := 50; n < 1000; n += 10 {
			if ds := receive(t, q, core.ReceiveOptions{Max: 10, Lease: time.Hour}); len(ds) != 10 {
				t.Fatalf("%d after %d", len(ds), n)
			}
			synctest.Wait()
		}
	})
}

// The cursor of a sticky consumer goes back to the head while the store is being
// read for it: what that read finds is of a time that is over.
func TestScanOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &scans{Store: memstore.New(memstore.Options{})}
		b := open(t, store, func(o *core.Options) { o.Limits.WindowMessages = 100 })
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{Sticky: true}))
		first, second := newTape(1), newTape(300)
		one, err := q.Consume(core.ConsumerOptions{Receiver: first, Credit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: fmt.Append(nil, i), GroupID: "g", Durable: true})
		}
		<-first.got
		gate := make(chan struct{})
		store.hold.Store(&gate)
		other, err := q.Consume(core.ConsumerOptions{Receiver: second, Credit: 300})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		one.Cancel()
		store.hold.Store(nil)
		close(gate)
		synctest.Wait()
		for i := range 300 {
			select {
			case d := <-second.got:
				if string(d.Message.Body) != fmt.Sprint(i) {
					t.Fatalf("%s instead of %d", d.Message.Body, i)
				}
			default:
				t.Fatalf("%d of 300 came", i)
			}
		}
		other.Cancel()
	})
}
