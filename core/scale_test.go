package core_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// flood publishes n messages without waiting for each, and waits for all.
func flood(t testing.TB, b *core.Broker, to core.Address, n int, f func(i int) core.Message) {
	t.Helper()
	p := b.Default().NewPublisher(1 << 30)
	defer p.Close()
	r := newTape(n)
	for i := range n {
		m := f(i)
		if err := p.Publish(&core.Publication{Message: &m, To: to, Confirm: r}); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		if o := <-r.out; o.Err != nil {
			t.Fatal(o.Err)
		}
	}
}

func TestFreeGroupBehindLockedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q.fifo", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
		flood(t, b, core.QueueAddress("q.fifo"), 5001, func(i int) core.Message {
			group := "locked"
			if i == 5000 {
				group = "free"
			}
			return core.Message{Body: []byte(group), Durable: true, GroupID: group, DedupID: fmt.Sprint(i)}
		})
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 1})); got != "locked" {
			t.Fatalf("first %q", got)
		}
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 10})); got != "free" {
			t.Fatalf("then %q", got)
		}
	})
}

type only string

func (o only) Matches(m *core.Message) bool { return string(m.Body) == string(o) }

func TestMatchBehindManyOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		r := newTape(10)
		if _, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 5, Predicate: only("match")}); err != nil {
			t.Fatal(err)
		}
		flood(t, b, core.QueueAddress("q"), 100_001, func(i int) core.Message {
			if i == 100_000 {
				return core.Message{Body: []byte("match"), Durable: true}
			}
			return core.Message{Body: []byte("other"), Durable: true}
		})
		if d := <-r.got; string(d.Message.Body) != "match" {
			t.Fatalf("got %q", d.Message.Body)
		}
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 2})); got != "other other" {
			t.Fatalf("the plain reader got %q", got)
		}
	})
}

func TestPriorityIntoDeepQueue(t *testing.T) {
	n := 1_000_000
	if testing.Short() || raceEnabled {
		n = 50_000
	}
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		flood(t, b, core.QueueAddress("q"), n, func(i int) core.Message { return core.Message{Body: []byte("low"), Durable: true} })
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("high"), Durable: true, Priority: 9})
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 2})); got != "high low" {
			t.Fatalf("got %q", got)
		}
		if c := q.Counts(); c.Ready != int64(n-1) || c.InFlight != 2 {
			t.Fatalf("counts %+v", c)
		}
	})
}

func TestDelayedReturnedExpiredAcrossRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		now := b.Now()
		send := func(body string, f func(*core.Message)) {
			m := core.Message{Body: []byte(body), Durable: true}
			f(&m)
			publish(t, b, core.QueueAddress("q"), m)
		}
		send("a", func(*core.Message) {})
		send("b", func(*core.Message) {})
		send("late", func(m *core.Message) { m.DeliverAt = now + 60_000 })
		send("later", func(m *core.Message) { m.DeliverAt = now + 120_000 })
		send("gone", func(m *core.Message) { m.ExpiresAt = now + 10_000 })
		send("c", func(*core.Message) {})
		ds := receive(t, q, core.ReceiveOptions{Max: 2, Lease: time.Hour})
		if _, err := q.Settle(t.Context(), core.Requeue, ds[0].Receipt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		b.Close()
		b = open(t, store)
		defer b.Close()
		q, _ = b.Default().Queue("q")
		if c := q.Counts(); c.Ready != 3 || c.InFlight != 1 || c.Delayed != 2 {
			t.Fatalf("counts %+v", c)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if c := q.Counts(); c.Ready != 2 {
			t.Fatalf("after the expiry: %+v", c)
		}
		time.Sleep(50 * time.Second)
		synctest.Wait()
		ds = receive(t, q, core.ReceiveOptions{Max: 10})
		if got := bodies(ds); got != "a c late" || ds[0].Deliveries != 2 {
			t.Fatalf("got %q, first delivered %d times", got, ds[0].Deliveries)
		}
		if ds[2].Message.PublishedAt != now {
			t.Fatal("a delayed message forgot when it was sent")
		}
	})
}

func TestDuplicateBeforeOriginalIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := &gated{Store: memstore.New(memstore.Options{})}
		b := open(t, gate)
		q := declare(t, b, "q.fifo", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
		gate.shut()
		r := newTape(2)
		p := b.Default().NewPublisher(0)
		for range 2 {
			m := core.Message{Body: []byte("x"), Durable: true, GroupID: "g", DedupID: "same"}
			if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress("q.fifo"), Confirm: r}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if len(r.out) != 0 {
			t.Fatal("confirmed before it was durable")
		}
		gate.open()
		first, second := <-r.out, <-r.out
		if first.Duplicate || !second.Duplicate || first.ID != second.ID || first.Sequence != second.Sequence {
			t.Fatalf("%+v %+v", first, second)
		}
		if c := q.Counts(); c.Ready != 1 {
			t.Fatalf("%+v", c)
		}
		b.Close()
	})
}

// gated is a store whose Apply can be held up.
type gated struct {
	core.Store
	gate chan struct{}
}

func (g *gated) shut() { g.gate = make(chan struct{}) }
func (g *gated) open() { close(g.gate) }
func (g *gated) Apply(b core.Batch, d core.Durability) error {
	if g.gate != nil {
		<-g.gate
	}
	return g.Store.Apply(b, d)
}

func TestDeadLetterCycles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		a := declare(t, b, "a", durable(core.QueueOptions{MessageTTL: time.Second, DeadLetter: core.QueueAddress("b")}))
		bq := declare(t, b, "b", durable(core.QueueOptions{MessageTTL: time.Second, DeadLetter: core.QueueAddress("a")}))
		publish(t, b, core.QueueAddress("a"), core.Message{Body: []byte("x"), Durable: true})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := a.Counts().Ready + bq.Counts().Ready; n != 0 || b.Stats().Cycles != 1 {
			t.Fatalf("%d left, %d cycles", n, b.Stats().Cycles)
		}
	})
}

func TestDeadLetterAfterDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		dlq := declare(t, b, "dlq", durable(core.QueueOptions{}))
		q := declare(t, b, "q", durable(core.QueueOptions{MaxDeliveries: 2, DeadLetter: core.QueueAddress("dlq")}))
		id := publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("x"), Durable: true}).ID
		for range 2 {
			if len(receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Second})) != 1 {
				t.Fatal("not delivered")
			}
			time.Sleep(2 * time.Second)
		}
		if len(receive(t, q, core.ReceiveOptions{Max: 1})) != 0 {
			t.Fatal("delivered a third time")
		}
		synctest.Wait()
		ds := receive(t, dlq, core.ReceiveOptions{Max: 1})
		if len(ds) != 1 || ds[0].Message.ID != id || len(ds[0].Message.Deaths) != 1 || ds[0].Message.Deaths[0].Reason != core.DeliveryLimit {
			t.Fatalf("%+v", ds)
		}
		if _, err := dlq.Settle(t.Context(), core.Requeue, ds[0].Receipt); err != nil {
			t.Fatal(err)
		}
		if n, err := dlq.Redrive(10, ""); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		synctest.Wait()
		if c := q.Counts(); c.Ready != 1 {
			t.Fatalf("after the redrive: %+v", c)
		}
	})
}

// counting counts the bytes of batches.
type counting struct {
	core.Store
	bytes int
}

func (c *counting) Apply(b core.Batch, d core.Durability) error {
	c.bytes += b.Len()
	return c.Store.Apply(b, d)
}

func TestFanOutWritesBodyOnce(t *testing.T) {
	store := &counting{Store: memstore.New(memstore.Options{})}
	b := open(t, store)
	defer b.Close()
	for i := range 1000 {
		bindTopic(t, b, declare(t, b, fmt.Sprint("q", i), durable(core.QueueOptions{})), "t")
	}
	store.bytes = 0
	o := publish(t, b, core.TopicAddress("t"), core.Message{Body: []byte(strings.Repeat("x", 64<<10)), Durable: true})
	if o.Routed != 1000 || store.bytes > 1<<20 {
		t.Fatalf("%d subscribers, %d bytes written", o.Routed, store.bytes)
	}
	for i := range 1000 {
		q, _ := b.Default().Queue(fmt.Sprint("q", i))
		ds := receive(t, q, core.ReceiveOptions{Max: 1})
		if len(ds) != 1 || len(ds[0].Message.Body) != 64<<10 {
			t.Fatal("a copy is missing")
		}
		if _, err := q.Settle(context.Background(), core.Ack, ds[0].Receipt); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	if err := store.Scan([]byte{'b'}, []byte{'c'}, false, func(k, v []byte) bool { left++; return true }); err != nil || left != 0 {
		t.Fatalf("%d bodies left, %v", left, err)
	}
}

func TestGroupIsAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := &gated{Store: memstore.New(memstore.Options{})}
		b := open(t, gate)
		src := declare(t, b, "src", durable(core.QueueOptions{}))
		declare(t, b, "x", durable(core.QueueOptions{}))
		declare(t, b, "y", durable(core.QueueOptions{}))
		publish(t, b, core.QueueAddress("src"), core.Message{Body: []byte("in"), Durable: true})
		r := newTape(10)
		c, err := src.Consume(core.ConsumerOptions{Receiver: r, Credit: 1})
		if err != nil {
			t.Fatal(err)
		}
		d := <-r.got
		p := b.Default().NewPublisher(0)
		err = p.Commit(&core.Group{
			Publications: []*core.Publication{
				{Message: &core.Message{Body: []byte("1"), Durable: true}, To: core.QueueAddress("x")},
				{Message: &core.Message{Body: []byte("2"), Durable: true}, To: core.QueueAddress("y")},
			},
			Settlements: []core.GroupSettlement{{Consumer: c, How: core.Ack, Receipts: []core.Receipt{d.Receipt}}},
			Confirm:     r,
		})
		if err != nil {
			t.Fatal(err)
		}
		<-r.out
		b.Close()
		b = open(t, gate)
		defer b.Close()
		for name, want := range map[string]int64{"src": 0, "x": 1, "y": 1} {
			q, _ := b.Default().Queue(name)
			if c := q.Counts(); c.Ready != want {
				t.Errorf("%s: %+v", name, c)
			}
		}
	})
}

func TestBrowse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t, func(o *core.Options) { o.Limits.WindowMessages = 5 })
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		flood(t, b, core.QueueAddress("q"), 300, func(i int) core.Message {
			return core.Message{Body: []byte(fmt.Sprint(i)), Durable: true, Priority: uint8(i % 2)}
		})
		ds := receive(t, q, core.ReceiveOptions{Max: 3})
		if len(ds) != 3 {
			t.Fatalf("received %d", len(ds))
		}
		if _, err := q.Settle(t.Context(), core.Requeue, ds[1].Receipt); err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := q.Browse(func(d core.Delivery) bool { got = append(got, string(d.Message.Body)); return true }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 298 || got[0] != "3" || got[1] != "7" || got[147] != "299" || got[148] != "0" {
			t.Fatalf("%d: %v", len(got), got)
		}
	})
}
