package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// A drain does not take as long as the longest poll.
func TestEndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, memstore.New(memstore.Options{}))
		defer b.Close()
		q := declare(t, b, "q", core.QueueOptions{})
		start := time.Now()
		answers := make(chan int)
		for range 3 {
			go func() {
				ds, err := q.Receive(context.Background(), core.ReceiveOptions{Wait: 20 * time.Second, Lease: -1})
				if err != nil {
					t.Error(err)
				}
				answers <- len(ds)
			}()
		}
		synctest.Wait()
		b.EndWaits()
		for range 3 {
			if n := <-answers; n != 0 {
				t.Errorf("%d deliveries", n)
			}
		}
		if ds := receive(t, q, core.ReceiveOptions{Wait: time.Second}); len(ds) != 0 {
			t.Error("deliveries from nowhere")
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited for %v", d)
		}
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("m")})
		if ds := receive(t, q, core.ReceiveOptions{Wait: time.Second}); len(ds) != 1 {
			t.Error("what is there is not received any more")
		}
	})
}
