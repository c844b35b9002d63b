package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// Forward moves what is held, once, with a note of its own and without a trail.
func TestForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q, dead := declare(t, b, "q", durable(core.QueueOptions{})), declare(t, b, "dead", durable(core.QueueOptions{}))
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("m"), Durable: true})
		d := receive(t, q, core.ReceiveOptions{Lease: time.Minute})[0]
		if err := q.Forward(d.Receipt, "nowhere", nil); core.KindOf(err) != core.NotFound {
			t.Error(err)
		}
		if err := q.Forward(d.Receipt, "dead", []byte("why")); err != nil {
			t.Fatal(err)
		}
		if err := q.Forward(d.Receipt, "dead", []byte("why")); core.KindOf(err) != core.NotFound {
			t.Error(err)
		}
		synctest.Wait()
		got := receive(t, dead, core.ReceiveOptions{Max: 10})
		if len(got) != 1 || string(got[0].Note) != "why" || len(got[0].Message.Deaths) != 0 || got[0].Deliveries != 1 {
			t.Errorf("%+v", got)
		}
		if c := q.Counts(); c.Ready+c.InFlight != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// A consumer's Forward and Enqueue put into a session's queue and change its
// state, and both survive together.
func TestIntoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		s, _, err := b.Default().OpenSession("me", false, core.SessionOptions{Dialect: "x", Expiry: core.Forever})
		if err != nil {
			t.Fatal(err)
		}
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("m"), Durable: true, ExpiresAt: b.Now() + 1000})
		r := newTape(10)
		k, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 1})
		if err != nil {
			t.Fatal(err)
		}
		d := <-r.got
		receipt := d.Receipt
		if !k.Forward(receipt, s, []byte("moved"), core.StateChange{Key: 1, Value: []byte("a")}) {
			t.Fatal("it is held")
		}
		if k.Forward(receipt, s, []byte("moved"), core.StateChange{Key: 2, Value: []byte("b")}) {
			t.Fatal("it was held")
		}
		s.Enqueue(d.Message, []byte("queued"), core.StateChange{Key: 3, Value: []byte("c")})
		synctest.Wait()
		k.Cancel()
		b.Close()
		b = open(t, store)
		defer b.Close()
		if q, _ := b.Default().Queue("q"); q.Counts().Ready != 0 {
			t.Errorf("%+v", q.Counts())
		}
		s, ok := b.Default().Session("x", "me")
		if !ok {
			t.Fatal("no session")
		}
		state := ""
		s.State(func(_ uint32, val []byte) { state += string(val) })
		if state != "ac" {
			t.Errorf("state %q", state)
		}
		got := newTape(10)
		k, err = s.Queue().Consume(core.ConsumerOptions{Receiver: got, Credit: 10, Owner: s.Queue().Options().Owner})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if first, second := <-got.got, <-got.got; string(first.Note) != "moved" || string(second.Note) != "queued" || first.Message.ExpiresAt != 0 {
			t.Errorf("%+v, %+v", first, second)
		}
		k.Cancel()
	})
}

// What was delivered once does not expire in a queue that says so (Begun), and
// no further in others.
func TestBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		for _, begun := range []bool{false, true} {
			q := declare(t, b, fmt.Sprint(begun), durable(core.QueueOptions{Begun: begun}))
			for range 2 {
				publish(t, b, core.QueueAddress(q.Name()), core.Message{Body: []byte("m"), Durable: true, ExpiresAt: b.Now() + 1000})
			}
			k, err := q.Consume(core.ConsumerOptions{Receiver: newTape(10), Credit: 1})
			if err != nil {
				t.Fatal(err)
			}
			k.Cancel()
			<-time.After(2 * time.Second)
			synctest.Wait()
			want := int64(0)
			if begun {
				want = 1
			}
			if n := q.Counts().Ready; n != want {
				t.Errorf("begun %v: %d are left", begun, n)
			}
		}
	})
}
