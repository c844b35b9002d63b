package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

func TestPublishReceiveDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "orders", durable(core.QueueOptions{}))
		for i := range 5 {
			publish(t, b, core.QueueAddress("orders"), core.Message{Body: []byte(fmt.Sprint(i)), Durable: true})
		}
		ds := receive(t, q, core.ReceiveOptions{Max: 3})
		if bodies(ds) != "0 1 2" {
			t.Fatalf("got %q", bodies(ds))
		}
		if c := q.Counts(); c.Ready != 2 || c.InFlight != 3 {
			t.Fatalf("counts %+v", c)
		}
		errs, err := q.Settle(t.Context(), core.Ack, ds[0].Receipt, ds[1].Receipt)
		if err != nil || errs[0] != nil || errs[1] != nil {
			t.Fatal(errs, err)
		}
		time.Sleep(core.DefaultLease + time.Second)
		synctest.Wait()
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 10})); got != "2 3 4" {
			t.Fatalf("after the lease: %q", got)
		}
	})
}

func TestRestartKeepsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		q := declare(t, b, "orders", durable(core.QueueOptions{}))
		bindTopic(t, b, q, "sensors/#")
		for i := range 2500 {
			publish(t, b, core.TopicAddress("sensors/kitchen"), core.Message{Body: []byte(fmt.Sprint(i)), Durable: true})
		}
		ds := receive(t, q, core.ReceiveOptions{Max: 10})
		if _, err := q.Settle(t.Context(), core.Ack, ds[3].Receipt); err != nil {
			t.Fatal(err)
		}
		b.Close()
		b = open(t, store)
		defer b.Close()
		q, _ = b.Default().Queue("orders")
		if c := q.Counts(); c.Ready != 2490 || c.InFlight != 9 {
			t.Fatalf("counts %+v", c)
		}
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 3})); got != "10 11 12" {
			t.Fatalf("got %q", got)
		}
		time.Sleep(core.DefaultLease + time.Second)
		synctest.Wait()
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 5})); got != "0 1 2 4 5" {
			t.Fatalf("got %q", got)
		}
		if publish(t, b, core.TopicAddress("sensors/x"), core.Message{Body: []byte("x"), Durable: true}).Routed != 1 {
			t.Fatal("the binding is gone")
		}
		n := 5
		for {
			ds := receive(t, q, core.ReceiveOptions{Max: 1000})
			if len(ds) == 0 {
				break
			}
			n += len(ds)
		}
		if n != 2500 {
			t.Fatalf("received %d", n)
		}
	})
}

func TestLongPollWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "orders", durable(core.QueueOptions{}))
		done := make(chan string)
		go func() { done <- bodies(receive(t, q, core.ReceiveOptions{Max: 1, Wait: 20 * time.Second})) }()
		synctest.Wait()
		start := time.Now()
		publish(t, b, core.QueueAddress("orders"), core.Message{Body: []byte("x"), Durable: true})
		if got := <-done; got != "x" || time.Since(start) > time.Second {
			t.Fatalf("%q after %v", got, time.Since(start))
		}
		start = time.Now()
		if ds := receive(t, q, core.ReceiveOptions{Max: 1, Wait: 20 * time.Second}); len(ds) != 0 || time.Since(start) != 20*time.Second {
			t.Fatalf("%v after %v", ds, time.Since(start))
		}
	})
}

func TestPushConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "orders", durable(core.QueueOptions{}))
		r := newTape(100)
		c, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			publish(t, b, core.QueueAddress("orders"), core.Message{Body: []byte(fmt.Sprint(i)), Durable: true})
		}
		synctest.Wait()
		if len(r.got) != 2 {
			t.Fatalf("%d deliveries with a credit of 2", len(r.got))
		}
		d0, d1 := <-r.got, <-r.got
		c.Settle(core.Requeue, true, []core.Receipt{d0.Receipt}, nil, nil, nil, 0)
		d := <-r.got
		if string(d.Message.Body) != "0" || d.Deliveries != 2 {
			t.Fatalf("requeued: %s, delivery %d", d.Message.Body, d.Deliveries)
		}
		c.Settle(core.Ack, true, []core.Receipt{d1.Receipt, d.Receipt}, nil, nil, r, 0)
		<-r.out
		if got := string((<-r.got).Message.Body) + string((<-r.got).Message.Body); got != "23" {
			t.Fatalf("then %q", got)
		}
		c.Cancel()
		if c := q.Counts(); c.Ready != 3 || c.InFlight != 0 {
			t.Fatalf("counts %+v", c)
		}
	})
}
