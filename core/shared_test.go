package core_test

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// reading counts how often a body is read.
type reading struct {
	core.Store
	bodies atomic.Int64
}

func (r *reading) Get(key []byte, f func(val []byte) error) (bool, error) {
	if key[0] == 'b' {
		r.bodies.Add(1)
	}
	return r.Store.Get(key, f)
}

// What queues that are behind have in common is read, kept and counted once, as far
// as they are at the same place; and forgotten with the last of them.
func TestQueuesThatAreBehindShareWhatIsRead(t *testing.T) {
	const queues, messages, size = 10, 200, 1 << 10
	synctest.Test(t, func(t *testing.T) {
		store := &reading{Store: memstore.New(memstore.Options{})}
		b := open(t, store, func(o *core.Options) { o.Limits.WindowMessages = 20 })
		defer b.Close()
		var consumers []*core.Consumer
		var tapes []*tape
		for i := range queues {
			o := durable(core.QueueOptions{})
			o.Durable = i > 1 // the others have theirs in memory, then in the spill
			bindTopic(t, b, declare(t, b, fmt.Sprint("q", i), o), "t")
		}
		for i := range messages {
			publish(t, b, core.TopicAddress("t"), core.Message{Body: fmt.Appendf(bytes.Repeat([]byte{'x'}, size), "%d", i), Durable: true})
		}
		synctest.Wait()
		for i := range queues {
			q, _ := b.Default().Queue(fmt.Sprint("q", i))
			r := newTape(messages)
			c, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: messages})
			if err != nil {
				t.Fatal(err)
			}
			consumers, tapes = append(consumers, c), append(tapes, r)
		}
		synctest.Wait()
		if n := store.bodies.Load(); n > 2*messages { // two may read at the same time
			t.Errorf("%d bodies read for %d messages", n, messages)
		}
		if held := b.Stats().Memory; held > queues*messages*512+3*messages*size {
			t.Errorf("%d bytes in memory", held)
		}
		for i, r := range tapes {
			var receipts []core.Receipt
			for n := range messages {
				d := <-r.got
				if want := fmt.Sprint(n); !bytes.HasSuffix(d.Message.Body, append([]byte{'x'}, want...)) || len(d.Message.Body) != size+len(want) {
					t.Fatalf("queue %d, message %d: %q", i, n, d.Message.Body)
				}
				receipts = append(receipts, d.Receipt)
			}
			consumers[i].Settle(core.Ack, false, receipts, nil, nil, nil, 0)
		}
		synctest.Wait()
		if s := b.Stats(); s.Memory != 0 || b.Shared() != 0 {
			t.Errorf("%d bytes and %d messages left", s.Memory, b.Shared())
		}
	})
}
