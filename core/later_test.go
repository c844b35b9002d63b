package core_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// heldStore holds every Apply while the gate is shut.
type heldStore struct {
	core.Store
	gate sync.RWMutex
}

func (g *heldStore) Apply(b core.Batch, d core.Durability) error {
	g.gate.RLock()
	defer g.gate.RUnlock()
	return g.Store.Apply(b, d)
}

// A thousand bindings that wait for none of each other take few groups, route
// at once, and are told in order when they are durable; unbinding likewise.
func TestBindLater(t *testing.T) {
	store := &heldStore{Store: memstore.New(memstore.Options{})}
	b := open(t, store)
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	told := newTape(1000)
	before := b.Stats().Groups
	store.gate.Lock()
	for i := range 1000 {
		existed, err := b.Default().BindLater(told, uint64(i), &core.Binding{
			Key: string(rune('a'+i%26)) + time.Duration(i).String(), Filter: match.Literal("x"), Queue: q, KeepDurable: true, Durable: true,
		})
		if err != nil || existed[0] {
			t.Fatal(existed, err)
		}
	}
	if q.Bindings() != 1000 || len(told.out) != 0 {
		t.Errorf("%d bindings, %d told", q.Bindings(), len(told.out))
	}
	store.gate.Unlock()
	for range 1000 {
		if o := <-told.out; o.Err != nil {
			t.Fatal(o.Err)
		}
	}
	if n := b.Stats().Groups - before; n > 10 {
		t.Errorf("%d groups", n)
	}
	found, err := b.Default().UnbindLater(told, 0, "a0s", "no such")
	if err != nil || !found[0] || found[1] {
		t.Error(found, err)
	}
	<-told.out
	b.Close()
	if _, err := b.Default().BindLater(told, 0, &core.Binding{Key: "late", Queue: q, Durable: true}); core.KindOf(err) != core.Closed {
		t.Errorf("after Close: %v", err)
	}
	b = open(t, store)
	defer b.Close()
	if q, _ := b.Default().Queue("q"); q.Bindings() != 999 {
		t.Errorf("%d after a restart", q.Bindings())
	}
}

// What nothing stores is told of before BindLater returns.
func TestBindLaterInMemory(t *testing.T) {
	b := fresh(t)
	q, told := declare(t, b, "q", core.QueueOptions{}), newTape(1)
	if _, err := b.Default().BindLater(told, 0, &core.Binding{Key: "k", Filter: match.Literal("x"), Queue: q}); err != nil || len(told.out) != 1 {
		t.Error(err)
	}
}

// An ordered queue takes no notice of priorities, in memory, from the store,
// and when a delayed message is due.
func TestOrderedQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		declare(t, b, "q", durable(core.QueueOptions{Ordered: true}))
		now := time.Now().UnixMilli()
		for i, m := range []core.Message{{}, {Priority: 9}, {Priority: 200}, {Priority: 4, DeliverAt: now + 1000}, {Priority: 1}} {
			m.Body, m.Durable = []byte{byte('0' + i)}, i != 2
			publish(t, b, core.QueueAddress("q"), m)
		}
		q, _ := b.Default().Queue("q")
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Second})); got != "0" {
			t.Errorf("first %s", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.Close()
		b = open(t, store)
		defer b.Close()
		q, _ = b.Default().Queue("q")
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 10})); got != "0 1 4 3" {
			t.Errorf("got %s", got)
		}
		if err := q.Update(func(o *core.QueueOptions) error { o.Ordered = false; return nil }); core.KindOf(err) != core.Invalid {
			t.Errorf("its order changed: %v", err)
		}
	})
}

// A will's expiry counts from its publication, through a restart too.
func TestWillExpiryIsRelative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		bindTopic(t, b, q, "w")
		s, _, err := b.Default().OpenSession("s", true, core.SessionOptions{Dialect: "x", Expiry: time.Hour, Will: &core.Will{
			Message: &core.Message{Body: []byte("gone"), Durable: true}, To: core.TopicAddress("w"), Delay: time.Minute, Expiry: 10 * time.Second,
		}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Minute)
		s.Detach(time.Hour, true)
		time.Sleep(time.Second)
		b.Close()
		b = open(t, store)
		defer b.Close()
		q, _ = b.Default().Queue("q")
		ds := receive(t, q, core.ReceiveOptions{Max: 1, Wait: 2 * time.Minute})
		if len(ds) != 1 || ds[0].Message.ExpiresAt != ds[0].Message.PublishedAt+10_000 {
			t.Fatalf("%+v", ds)
		}
	})
}
