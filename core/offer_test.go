package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// What is offered reaches sinks alone, and no counter.
func TestOfferIsForSinks(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "all", core.QueueOptions{})
	bindTopic(t, b, q, "$SYS/#")
	mine := declare(t, b, "mine", core.QueueOptions{})
	sink := newTape(1)
	bindSink(t, b, mine, "$SYS/#", sink)
	before := b.Stats()
	p := b.Default().NewPublisher(0)
	p.Offer("$SYS/broker/uptime", &core.Message{Body: []byte("1")})
	p.Close()
	if d := <-sink.got; string(d.Message.Body) != "1" || d.Message.Source.Name != "$SYS/broker/uptime" {
		t.Errorf("the sink got %+v", d.Message)
	}
	after := b.Stats()
	if q.Counts().Ready != 0 || after.Published != before.Published || after.Unroutable != before.Unroutable {
		t.Error("it was kept or counted")
	}
}

// Who watches is told once of each session that ended, however it did.
func TestSessionsAreWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		ended := make(chan string, 10)
		watch := func(s *core.Session) {
			if bs := s.Namespace().BindingsOf(s.Queue()); len(bs) != 0 {
				t.Errorf("%s ended with %d bindings", s.ID(), len(bs))
			}
			ended <- s.ID()
		}
		b.WatchSessions("x", watch)
		session := func(id string, clean bool, expiry time.Duration) *core.Session {
			s, _, err := b.Default().OpenSession(id, clean, core.SessionOptions{Dialect: "x", Expiry: expiry})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		session("goes", true, 0).Detach(0, false)
		session("replaced", true, time.Hour)
		session("replaced", true, time.Hour)
		session("expires", true, time.Minute).Detach(time.Minute, false)
		session("restarted", true, time.Hour).Detach(time.Hour, false)
		for _, want := range []string{"goes", "replaced"} {
			if got := <-ended; got != want {
				t.Errorf("%s ended, not %s", got, want)
			}
		}
		time.Sleep(2 * time.Minute)
		if got := <-ended; got != "expires" {
			t.Errorf("%s ended", got)
		}
		b.Close()
		b = open(t, store)
		defer b.Close()
		b.WatchSessions("x", watch)
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if len(ended) != 1 || <-ended != "restarted" {
			t.Error("a session that expired after a restart was not told of")
		}
	})
}
