package core_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// keysOf counts what is in the tables that hold messages, by table.
func keysOf(store core.Store) string {
	n := map[byte]int{}
	_ = store.Scan([]byte{0}, []byte{0xff}, false, func(key, _ []byte) bool { // in memory: it does not fail
		if strings.IndexByte("mnbdeol", key[0]) >= 0 {
			n[key[0]]++
		}
		return true
	})
	if len(n) == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// Retention is exact: a message is there until the last millisecond of it, and
// then gone from counts, receivers and disk, wherever it waited, over a restart
// too; and it is no dead letter. SQS: 60 seconds to 14 days.
func TestRetentionIsExact(t *testing.T) {
	for _, keep := range []time.Duration{time.Minute, 14 * 24 * time.Hour} {
		for name, shape := range map[string]struct {
			n       int
			options core.QueueOptions
			message core.Message
		}{
			"in the window": {n: 5},
			"deep":          {n: 3000},
			"large":         {n: 3, message: core.Message{Body: make([]byte, 300<<10)}},
			"grouped":       {n: 200, options: core.QueueOptions{Grouped: true, Dedup: core.DedupQueue, DedupContent: true}, message: core.Message{GroupID: "g"}},
			"priorities":    {n: 100, message: core.Message{Priority: 7}},
			"expires later": {n: 100, message: core.Message{ExpiresAt: 1 << 60}},
		} {
			t.Run(keep.String()+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					shallow := func(o *core.Options) { o.Limits.WindowMessages = 50 }
					store := memstore.New(memstore.Options{})
					b := open(t, store, shallow)
					declare(t, b, "dead", durable(core.QueueOptions{}))
					o := durable(shape.options)
					o.Retention, o.DeadLetter = keep, core.QueueAddress("dead")
					declare(t, b, "q", o)
					for i := range shape.n {
						m := shape.message
						m.Body, m.Durable = fmt.Appendf(m.Body[:len(m.Body):len(m.Body)], "%d", i), true
						publish(t, b, core.QueueAddress("q"), m)
					}
					elapse(keep / 2)
					b.Close()
					b = open(t, store, shallow)
					defer func() { b.Close() }()
					q, _ := b.Default().Queue("q")
					dead, _ := b.Default().Queue("dead")
					elapse(keep - keep/2 - time.Millisecond)
					synctest.Wait()
					if c := q.Counts(); c.Ready != int64(shape.n) {
						t.Errorf("a millisecond before: %+v", c)
					}
					ds := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Nanosecond})
					if len(ds) != 1 {
						t.Errorf("a millisecond before %d come", len(ds))
					}
					elapse(time.Millisecond)
					if ds := receive(t, q, core.ReceiveOptions{Max: 10}); len(ds) > 0 {
						t.Errorf("at its end %q comes", bodies(ds))
					}
					elapse(time.Second)
					if c := q.Counts(); c.Ready != 0 || c.Bytes != 0 || c.InFlight != 0 {
						t.Errorf("after its end: %+v", c)
					}
					if c := dead.Counts(); c.Ready != 0 {
						t.Errorf("dead letters: %+v", c)
					}
					if left := keysOf(store); left != "" {
						t.Errorf("in the store there is still %s", left)
					}
				})
			})
		}
	}
}

// What is in flight when its retention ends is its receiver's to delete; given
// back it is gone. What was delayed is kept as long as all else.
func TestRetentionInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{Retention: time.Minute}))
		for _, body := range []string{"deleted", "given back"} {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte(body), Durable: true})
		}
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("late"), Durable: true, DeliverAt: b.Now() + 59_000})
		elapse(50 * time.Second)
		ds := receive(t, q, core.ReceiveOptions{Max: 2, Lease: 20 * time.Second})
		elapse(9999 * time.Millisecond)
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 2, Lease: time.Nanosecond})); got != "late" {
			t.Errorf("a millisecond before: %q", got)
		}
		elapse(time.Second)
		if _, err := q.Settle(t.Context(), core.Ack, ds[0].Receipt); err != nil {
			t.Errorf("deleting what is in flight: %v", err)
		}
		if c := q.Counts(); c.InFlight != 1 || c.Ready != 0 || c.Delayed != 0 {
			t.Errorf("in flight: %+v", c)
		}
		elapse(10 * time.Second)
		if got := receive(t, q, core.ReceiveOptions{Max: 2}); len(got) > 0 {
			t.Errorf("given back: %q", bodies(got))
		}
		elapse(time.Second)
		if c, left := q.Counts(), keysOf(store); c.InFlight != 0 || left != "" {
			t.Errorf("in the end: %+v, in the store %s", c, left)
		}
	})
}
