package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// TestSettleOver: a door can tell a receipt whose message waits again, or is
// somebody else's, from one whose message is gone.
func TestSettleOver(t *testing.T) {
	for _, grouped := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := fresh(t)
			defer b.Close()
			o := core.QueueOptions{Durable: true, Grouped: grouped}
			if grouped {
				o.Dedup, o.DedupContent = core.DedupQueue, true
			}
			q := declare(t, b, "q", o)
			publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("m"), GroupID: "g", Durable: true})
			settle := func(r core.Receipt) core.Kind {
				errs, err := q.Settle(context.Background(), core.Ack, r)
				if err != nil {
					t.Fatal(err)
				}
				return core.KindOf(errs[0])
			}
			first := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Second})[0].Receipt
			time.Sleep(2 * time.Second)
			if k := core.KindOf(q.ExtendLease(first, time.Second)); k != core.Stale {
				t.Errorf("grouped %v: extending a lease that is over: %v", grouped, k)
			}
			second := receive(t, q, core.ReceiveOptions{Max: 1})[0].Receipt
			if k := settle(first); k != core.Stale {
				t.Errorf("grouped %v: another's: %v", grouped, k)
			}
			errs, err := q.Settle(context.Background(), core.Ack, second)
			if err != nil || errs[0] != nil {
				t.Fatal(err, errs)
			}
			if k := settle(second); k != core.NotFound {
				t.Errorf("grouped %v: settled twice: %v", grouped, k)
			}
			if k := core.KindOf(q.ExtendLease(second, time.Second)); k != core.NotFound {
				t.Errorf("grouped %v: extending what is gone: %v", grouped, k)
			}
		})
	}
}

// TestDeadLetterKeepsNote: what a binding left on a message goes with it.
func TestDeadLetterKeepsNote(t *testing.T) {
	b := fresh(t)
	dlq := declare(t, b, "dlq", core.QueueOptions{Durable: true})
	q := declare(t, b, "q", core.QueueOptions{Durable: true, DeadLetter: core.QueueAddress("dlq")})
	if _, err := b.Default().Bind(&core.Binding{Key: "k", Filter: match.Below("t"), Queue: q, KeepDurable: true, Note: []byte("note")}); err != nil {
		t.Fatal(err)
	}
	publish(t, b, core.TopicAddress("t/x"), core.Message{Body: []byte("m"), Durable: true})
	d := receive(t, q, core.ReceiveOptions{Max: 1})[0]
	if _, err := q.Settle(context.Background(), core.Reject, d.Receipt); err != nil {
		t.Fatal(err)
	}
	if d := receive(t, dlq, core.ReceiveOptions{Max: 1, Wait: time.Minute})[0]; string(d.Note) != "note" {
		t.Errorf("note %q", d.Note)
	}
}
