package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
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
