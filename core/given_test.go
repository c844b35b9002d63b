package core_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// A body that was given is stored as any other, inline and shared, short, long and
// in chunks.
func TestGivenBodiesAreStored(t *testing.T) {
	for _, size := range []int{10, 5 << 10, 100 << 10, 1 << 20} {
		for _, queues := range [][]string{{"a"}, {"a", "b"}} {
			synctest.Test(t, func(t *testing.T) {
				store := memstore.New(memstore.Options{})
				b := open(t, store)
				for _, name := range queues {
					bindTopic(t, b, declare(t, b, name, durable(core.QueueOptions{})), "t")
				}
				body := bytes.Repeat([]byte("x"), size)
				m := core.Message{Durable: true, ContentType: "text/plain"}
				m.GiveBody(body)
				publish(t, b, core.TopicAddress("t"), m)
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				b = open(t, store)
				defer b.Close()
				for _, name := range queues {
					q, _ := b.Default().Queue(name)
					ds := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Hour})
					if len(ds) != 1 || !bytes.Equal(ds[0].Message.Body, body) || ds[0].Message.ContentType != "text/plain" {
						t.Errorf("%d bytes in %d queues: %s got %d messages", size, len(queues), name, len(ds))
					}
				}
			})
		}
	}
}

// What several queues hold counts as memory once, until the last of them lets go.
func TestSharedMemoryCountsOnce(t *testing.T) {
	const size, copies = 100 << 10, 10
	for _, kept := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := fresh(t)
			defer b.Close()
			var qs []*core.Queue
			for i := range copies {
				q := declare(t, b, string(rune('a'+i)), durable(core.QueueOptions{}))
				bindTopic(t, b, q, "t")
				qs = append(qs, q)
			}
			publish(t, b, core.TopicAddress("t"), core.Message{Body: make([]byte, size), Durable: kept})
			synctest.Wait()
			for i, q := range qs {
				if got := b.Stats().Memory; got < size || got > 2*size {
					t.Errorf("%d bytes while %d of %d hold %d", got, copies-i, copies, size)
				}
				ds := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Hour})
				if _, err := q.Settle(t.Context(), core.Ack, ds[0].Receipt); err != nil {
					t.Fatal(err)
				}
			}
			if got := b.Stats().Memory; got != 0 {
				t.Errorf("%d bytes at the end", got)
			}
		})
	}
}
