package core_test

import (
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// applies counts what is written.
type applies struct {
	core.Store
	n int
}

func (s *applies) Apply(b core.Batch, d core.Durability) error { s.n++; return s.Store.Apply(b, d) }

// Transient messages that a consumer is behind with need no store while memory is
// plenty; beyond that they do, and none is lost.
func TestTransientMessagesStayInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &applies{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		defer b.Close()
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		p := b.Default().NewPublisher(0)
		send := func(n int) {
			for range n {
				if err := p.Publish(&core.Publication{Message: &core.Message{Body: make([]byte, 100)}, To: core.QueueAddress("q")}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		before := store.n
		send(16_000)
		if store.n != before {
			t.Errorf("%d writes", store.n-before)
		}
		send(2_000)
		if store.n == before {
			t.Error("all of 18,000 are in memory alone")
		}
		got := newTape(18_001)
		if _, err := q.Consume(core.ConsumerOptions{Receiver: got, Credit: 20_000, NoAck: true}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(got.got) != 18_000 {
			t.Errorf("got %d", len(got.got))
		}
	})
}
