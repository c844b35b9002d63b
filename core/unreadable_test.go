package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

// A replay that cannot read the archive goes on when it can be read again, and
// with it what is published meanwhile; it tries now and then, not all the time.
func TestReplayGoesOnAfterReadError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store, numbered)
		defer b.Close()
		gate := gatedTopic(t, b, core.QueueOptions{})
		toTopic(t, b, "a", "g", "1")
		take(t, b, "a")
		store.Unreadable([]byte("m")) // the entries
		if err := b.Default().Replay("sub/a", gate, 0, 0); err != nil {
			t.Fatal(err)
		}
		toTopic(t, b, "b", "g", "2")
		elapse(10 * time.Second)
		if n := store.Tries.Load(); n < 2 || n > 20 {
			t.Errorf("read %d times in ten seconds", n)
		}
		store.Unreadable(nil)
		elapse(10 * time.Second)
		if b.Default().Replaying("sub/a") {
			t.Error("the replay holds its binding for ever")
		}
		q, _ := b.Default().Queue("a")
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 10})); got != "a b" && got != "a" {
			t.Errorf("%q", got)
		}
	})
}

// A queue that cannot be read is read again now and then, not all the time.
func TestQueueGoesOnAfterReadError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store, func(o *core.Options) { o.Limits.WindowMessages = 1 })
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		for _, body := range []string{"a", "b", "c"} {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte(body), Durable: true})
		}
		store.Unreadable([]byte("m")) // the entries
		r := newTape(10)
		if _, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 10}); err != nil {
			t.Fatal(err)
		}
		elapse(10 * time.Second)
		if n := store.Tries.Load(); n < 2 || n > 50 {
			t.Errorf("read %d times in ten seconds", n)
		}
		store.Unreadable(nil)
		elapse(10 * time.Second)
		if len(r.got) != 3 {
			t.Errorf("%d delivered", len(r.got))
		}
	})
}
