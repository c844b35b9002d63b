package core_test

import (
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
)

// A group of which a queue refused a message is not confirmed as if all of it were
// kept; the rest of it is, as where one of several queues refuses a publish.
func TestGroupTellsOfRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		declare(t, b, "full", durable(core.QueueOptions{MaxLength: 1, Overflow: core.RejectPublish}))
		declare(t, b, "q.fifo", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		publish(t, b, core.QueueAddress("full"), core.Message{Body: []byte("first"), Durable: true})
		for to, kind := range map[string]core.Kind{"full": core.Full, "q.fifo": core.Invalid} {
			g, r := &core.Group{}, newTape(1)
			for _, name := range []string{"q", to} {
				m := core.Message{Body: []byte("x"), Durable: true}
				g.Publications = append(g.Publications, &core.Publication{Message: &m, To: core.QueueAddress(name)})
			}
			g.Confirm = r
			if err := b.Default().NewPublisher(0).Commit(g); err != nil {
				t.Fatal(err)
			}
			if o := <-r.out; core.KindOf(o.Err) != kind || o.Err == nil {
				t.Errorf("%s: %+v", to, o)
			}
		}
		synctest.Wait()
		if c := q.Counts(); c.Ready != 2 {
			t.Errorf("%+v", c)
		}
	})
}
