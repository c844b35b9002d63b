package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

func again(every, times int64, durable bool, body string) core.Message {
	return core.Message{Body: []byte(body), Durable: durable, DeliverAt: time.Now().UnixMilli() + 500, Every: every, Again: times}
}

// A message that is to come again does so at its times, as often as it says, each
// time as a message of its own; in a queue of memory too, and not after it expires.
func TestAgain(t *testing.T) {
	for _, isDurable := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := fresh(t)
			o := core.QueueOptions{}
			if isDurable {
				o = durable(o)
			}
			q := declare(t, b, "q", o)
			publish(t, b, core.QueueAddress("q"), again(1000, 3, isDurable, "x"))
			short := again(1000, 100, isDurable, "short")
			short.ExpiresAt = time.Now().UnixMilli() + 2000
			publish(t, b, core.QueueAddress("q"), short)
			seen, begun := map[core.MessageID]bool{}, time.Now()
			for i, want := range []string{"x short", "x short", "x", "x", ""} {
				elapse(time.Until(begun.Add(time.Duration(i)*time.Second + 600*time.Millisecond)))
				ds := receive(t, q, core.ReceiveOptions{Max: 10, Lease: time.Hour})
				if got := bodies(ds); got != want {
					t.Errorf("durable %v, after %d s: %q, want %q", isDurable, i, got, want)
				}
				for _, d := range ds {
					if seen[d.Message.ID] {
						t.Error("a message came twice, not another one")
					}
					seen[d.Message.ID] = true
				}
			}
			if n := q.Counts(); n.Ready != 0 || n.Delayed != 0 {
				t.Errorf("durable %v: %+v are left", isDurable, n)
			}
		})
	}
}

// Wherever a crash strikes, as many come as were asked for; what was missed while
// the broker was away comes one after the other, not at once. Short bodies and long
// ones, which are stored apart.
func TestAgainThroughCrashes(t *testing.T) {
	for _, body := range []string{"short", strings.Repeat("x", 300<<10)} {
		synctest.Test(t, func(t *testing.T) {
			h := &history{Store: memstore.New(memstore.Options{})}
			b := open(t, h)
			declare(t, b, "q", durable(core.QueueOptions{}))
			r := newTape(1)
			m := again(1000, 4, true, body)
			if err := b.Default().NewPublisher(0).Publish(&core.Publication{Message: &m, To: core.QueueAddress("q"), Confirm: r}); err != nil {
				t.Fatal(err)
			}
			<-r.out
			from := len(h.all()) - 1 // confirmed
			elapse(3 * time.Second)
			b.Close()
			for i, s := range h.all()[from:] {
				b := open(t, s)
				q, _ := b.Default().Queue("q")
				before := q.Counts().Ready
				elapse(100 * time.Millisecond)
				if n := q.Counts().Ready; n > before+1 {
					t.Errorf("%d were missed, and come at once", n-before)
				}
				elapse(10 * time.Second)
				if n := q.Counts(); n.Ready != 5 || n.Delayed != 0 {
					t.Errorf("from the store after group %d of %d: %+v", i, len(h.all())-from, n)
				}
				for _, d := range receive(t, q, core.ReceiveOptions{Max: 10, Lease: time.Hour}) {
					if string(d.Message.Body) != body {
						t.Errorf("a body of %d bytes", len(d.Message.Body))
					}
				}
				b.Close()
			}
		})
	}
}

// A dead letter does not come again.
func TestDeadLetterNotAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{DeadLetter: core.QueueAddress("dead")}))
		dead := declare(t, b, "dead", durable(core.QueueOptions{Delay: time.Second}))
		publish(t, b, core.QueueAddress("q"), again(60_000, 1, true, "x"))
		elapse(time.Second)
		d := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Hour})
		if _, err := q.Settle(t.Context(), core.Reject, d[0].Receipt); err != nil {
			t.Fatal(err)
		}
		elapse(3 * time.Hour)
		if n := dead.Counts(); n.Ready != 1 || n.Delayed != 0 {
			t.Errorf("%+v dead", n)
		}
		if n := q.Counts(); n.Ready != 1 || n.Delayed != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// What comes by the calendar does so at its minutes, each time as a message of its
// own, with what follows each of them, until it expires.
func TestCron(t *testing.T) {
	for _, isDurable := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) { // begins at midnight, UTC
			b := fresh(t)
			o := core.QueueOptions{}
			if isDurable {
				o = durable(o)
			}
			q := declare(t, b, "q", o)
			begun := time.Now()
			for _, m := range []core.Message{
				{Body: []byte("plain"), Cron: "*/5 * * * *", ExpiresAt: begun.Add(11 * time.Minute).UnixMilli()},
				{Body: []byte("series"), Cron: "7 * * * *", CronDelay: 2000, Every: 1000, Again: 2},
			} {
				m.Durable = isDurable
				publish(t, b, core.QueueAddress("q"), m)
			}
			var came []string
			seen := map[core.MessageID]bool{}
			for time.Since(begun) < 2*time.Hour {
				elapse(time.Second)
				synctest.Wait()
				for _, d := range receive(t, q, core.ReceiveOptions{Max: 10, Lease: 24 * time.Hour}) {
					came = append(came, fmt.Sprint(string(d.Message.Body), " ", time.Since(begun)))
					if seen[d.Message.ID] {
						t.Error("a message came twice, not another one")
					}
					seen[d.Message.ID] = true
				}
			}
			want := []string{"plain 5m0s", "series 7m2s", "series 7m3s", "series 7m4s", "plain 10m0s", "series 1h7m2s", "series 1h7m3s", "series 1h7m4s"}
			if !slices.Equal(came, want) {
				t.Errorf("durable %v: %q", isDurable, came)
			}
			if n := q.Counts(); n.Delayed != 1 {
				t.Errorf("durable %v: %+v", isDurable, n)
			}
		})
	}
}

// Wherever a crash strikes, what is due by the calendar goes on; what was missed
// comes once.
func TestCronThroughCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{Store: memstore.New(memstore.Options{})}
		b := open(t, h)
		declare(t, b, "q", durable(core.QueueOptions{}))
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("x"), Durable: true, Cron: "0 * * * *"})
		from := len(h.all()) - 1
		elapse(150 * time.Minute)
		b.Close()
		for _, s := range h.all()[from:] {
			b := open(t, s)
			q, _ := b.Default().Queue("q")
			before := q.Counts().Ready
			elapse(100 * time.Millisecond)
			if n := q.Counts(); n.Ready > before+1 || n.Delayed != 1 {
				t.Errorf("%d before, %+v", before, n)
			}
			before = q.Counts().Ready
			elapse(2 * time.Hour)
			if n := q.Counts(); n.Ready != before+2 || n.Delayed != 1 {
				t.Errorf("%d before, %+v two hours later", before, n)
			}
			b.Close()
		}
	})
}

func TestCronRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		declare(t, b, "q", core.QueueOptions{})
		m := core.Message{Cron: "61 * * * *"}
		_, err := b.Default().Publish(t.Context(), &core.Publication{Message: &m, To: core.QueueAddress("q")})
		if core.KindOf(err) != core.Invalid {
			t.Error(err)
		}
	})
}
