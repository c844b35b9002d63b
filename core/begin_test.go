package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// A start from any moment finds a message with a bond in one queue only: where it
// was, as long as the bond was not confirmed, then its session's, with the bond's
// note and state; nowhere once the session is gone; and it does not expire.
func TestBondThroughCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{Store: memstore.New(memstore.Options{})}
		b := open(t, h)
		q := declare(t, b, "shared", durable(core.QueueOptions{}))
		s, _, err := b.Default().OpenSession("me", false, core.SessionOptions{Dialect: "x", Expiry: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		publish(t, b, core.QueueAddress("shared"), core.Message{
			Body: []byte("1"), Durable: true, ExpiresAt: time.Now().Add(time.Minute).UnixMilli(),
		})
		r := newTape(10)
		c, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 1})
		if err != nil {
			t.Fatal(err)
		}
		d := <-r.got
		unbound := len(h.all())
		c.Begin(d.Receipt, s, core.StateChange{Key: 7, Value: []byte("begun")},
			&core.Bond{Note: []byte("mine"), Change: core.StateChange{Key: 7, Value: []byte("moved")}}, r, 0)
		<-r.out
		bound := h.all()[len(h.all())-1].Clone()
		s.Detach(0, false) // which ends the session
		synctest.Wait()
		b.Close()
		elapse(10 * time.Minute)
		for i, store := range append(h.all()[unbound:], bound) {
			b := open(t, store)
			synctest.Wait()
			elapse(time.Second)
			q, _ := b.Default().Queue("shared")
			in := q.Counts()
			s, ok := b.Default().Session("x", "me")
			switch {
			case in.Ready+in.InFlight > 0:
				t.Errorf("start %d: %+v in the shared queue", i, in)
			case !ok:
			case s.Queue().Counts().Ready != 1:
				t.Errorf("start %d: %+v in the session's", i, s.Queue().Counts())
			default:
				checkBond(t, s)
			}
			b.Close()
		}
		b = open(t, bound)
		defer b.Close()
		s, _ = b.Default().Session("x", "me")
		checkBond(t, s)
		s.Detach(0, false)
	})
}

// checkBond shows what became of it. A look at the queue is no delivery.
func checkBond(t *testing.T, s *core.Session) {
	t.Helper()
	n := 0
	_ = s.Queue().Browse(func(d core.Delivery) bool {
		if n++; string(d.Message.Body) != "1" || string(d.Note) != "mine" {
			t.Errorf("%s, note %s", d.Message.Body, d.Note)
		}
		return true
	})
	state := ""
	s.State(func(key uint32, val []byte) { state += string(val) })
	if n != 1 || state != "moved" {
		t.Errorf("%d in the session's queue, state %q", n, state)
	}
}

// A message that was begun does not expire in a queue that says so, though the
// broker was killed; one that was not does.
func TestBegunThroughACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		s, _, err := b.Default().OpenSession("me", false, core.SessionOptions{
			Dialect: "x", Expiry: time.Hour, Queue: core.QueueOptions{Begun: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{"1", "2"} {
			publish(t, b, core.QueueAddress(s.Queue().Name()), core.Message{
				Body: []byte(body), Durable: true, ExpiresAt: time.Now().Add(time.Minute).UnixMilli(),
			})
		}
		r := newTape(10)
		c, err := s.Queue().Consume(core.ConsumerOptions{Receiver: r, Credit: 2, Owner: s.Queue().Options().Owner})
		if err != nil {
			t.Fatal(err)
		}
		d := <-r.got
		c.Begin(d.Receipt, s, core.StateChange{Key: 1, Value: []byte("begun")}, nil, r, 0)
		<-r.out
		killed := store.Clone()
		b.Close()
		elapse(10 * time.Minute)
		b = open(t, killed)
		defer b.Close()
		elapse(time.Second)
		s, _ = b.Default().Session("x", "me")
		if s.Cut() == 0 {
			t.Error("nothing says that it was attached")
		}
		var left string
		_ = s.Queue().Browse(func(d core.Delivery) bool { left += string(d.Message.Body); return true })
		if left != "1" {
			t.Errorf("left: %q", left)
		}
	})
}
