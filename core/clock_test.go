package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// shifted is a clock that is wrong by an amount.
type shifted struct {
	clock
	by time.Duration
}

func (s shifted) Now() time.Time { return time.Now().Add(s.by) }

// A machine whose clock was set back, or forward, between two runs loses
// nothing and keeps nothing for ever: leases, delays and order still hold.
func TestClockJumpsAcrossRestart(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, -30 * 24 * time.Hour, time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memstore.New(memstore.Options{})
				b := open(t, store)
				q := declare(t, b, "q", durable(core.QueueOptions{}))
				for _, body := range []string{"leased", "ready"} {
					publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte(body), Durable: true})
				}
				publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("late"), Durable: true, DeliverAt: b.Now() + 60_000})
				receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Minute})
				b.Close()
				b = open(t, store, func(o *core.Options) { o.Clock = shifted{by: by} })
				defer b.Close()
				q, _ = b.Default().Queue("q")
				if c := q.Counts(); c.Ready+c.InFlight != 2 && c.Ready+c.InFlight+c.Delayed != 3 {
					t.Fatalf("%+v", c)
				}
				got := map[string]bool{}
				for waited := time.Duration(0); waited < 31*24*time.Hour && len(got) < 3; waited += time.Hour {
					for _, d := range receive(t, q, core.ReceiveOptions{Max: 10}) {
						got[string(d.Message.Body)] = true
						if _, err := q.Settle(t.Context(), core.Ack, d.Receipt); err != nil {
							t.Fatal(err)
						}
					}
					if by < 0 && waited == 13*time.Hour && !got["leased"] {
						t.Fatal("a lease outlived twelve hours")
					}
					elapse(time.Hour)
				}
				if len(got) != 3 {
					t.Fatalf("in the end there are %v", got)
				}
			})
		})
	}
}

// A deduplication id that is used again after five minutes is a new message's,
// also where an earlier run's clock was ahead and its record still lies there.
func TestDedupAfterClockWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		declare(t, b, "q.fifo", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
		send := func(body string) core.Outcome {
			return publish(t, b, core.QueueAddress("q.fifo"), core.Message{Body: []byte(body), Durable: true, GroupID: "g", DedupID: "d"})
		}
		first := send("first")
		b.Close()
		b = open(t, store, func(o *core.Options) { o.Clock = shifted{by: -time.Hour} })
		defer func() { b.Close() }()
		elapse(61 * time.Minute)
		if second := send("second"); second.ID == first.ID {
			t.Error("61 minutes later it is a duplicate")
		}
		q, _ := b.Default().Queue("q.fifo")
		if c := q.Counts(); c.Ready != 2 {
			t.Errorf("%+v", c)
		}
	})
}

// A clock that was a little ahead lets no duplicate in.
func TestDedupAfterClockIsSetBackALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		declare(t, b, "q.fifo", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
		m := core.Message{Body: []byte("x"), Durable: true, GroupID: "g", DedupID: "d"}
		first := publish(t, b, core.QueueAddress("q.fifo"), m)
		b.Close()
		b = open(t, store, func(o *core.Options) { o.Clock = shifted{by: -time.Second} })
		defer func() { b.Close() }()
		elapse(2 * time.Second)
		if second := publish(t, b, core.QueueAddress("q.fifo"), m); second.ID != first.ID {
			t.Error("two seconds later it is no duplicate")
		}
	})
}

// A new subscriber gets retained values of a run whose clock was ahead, and none
// of them counts as published since.
func TestRetainedAfterClockWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		m := core.Message{Body: []byte("v"), Durable: true}
		if _, err := b.Default().Publish(t.Context(), &core.Publication{Message: &m, To: core.TopicAddress("a/b"), Retain: true}); err != nil {
			t.Fatal(err)
		}
		b.Close()
		b = open(t, store, func(o *core.Options) { o.Clock = shifted{by: -time.Hour} })
		defer func() { b.Close() }()
		if ms, err := b.Default().Retained(match.Below("a")).Next(10); err != nil || len(ms) != 1 {
			t.Errorf("%d values, %v", len(ms), err)
		}
	})
}
