package core_test

import (
	"fmt"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// window is a Confirm that lets n publishes be outstanding.
type window chan struct{}

func (w window) Confirmed(uint64, core.Outcome) bool { <-w; return false }
func (w window) Flush()                              {}

func benchPublish(b *testing.B, store core.Store, outstanding int) {
	br := open(b, store)
	defer br.Close()
	declare(b, br, "q", durable(core.QueueOptions{}))
	body := make([]byte, 256)
	w := make(window, outstanding)
	p := br.Default().NewPublisher(1 << 30)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		w <- struct{}{}
		m := &core.Message{Body: body, Durable: true}
		if err := p.Publish(&core.Publication{Message: m, To: core.QueueAddress("q"), Confirm: w}); err != nil {
			b.Fatal(err)
		}
	}
	for range outstanding {
		w <- struct{}{}
	}
}

func BenchmarkPublishMemory(b *testing.B) { benchPublish(b, memstore.New(memstore.Options{}), 1000) }

func BenchmarkPublishDisk(b *testing.B) {
	for _, n := range []struct {
		name string
		n    int
	}{{"1", 1}, {"128", 128}, {"1000", 1000}} {
		b.Run(n.name, func(b *testing.B) {
			s, err := diskstore.Open(b.TempDir(), diskstore.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			benchPublish(b, s, n.n)
		})
	}
}

// sink counts.
type sink struct{ n int }

func (s *sink) Send(*core.Message, []byte) (bool, core.Laggard) { s.n++; return false, nil }
func (s *sink) Flush()                                          {}

func BenchmarkPublishToSink(b *testing.B) {
	br := fresh(b)
	q := declare(b, br, "q", core.QueueOptions{})
	bindSink(b, br, q, "a/b/c", &sink{})
	p := br.Default().NewPublisher(0)
	body := make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		m := &core.Message{Body: body}
		if err := p.Publish(&core.Publication{Message: m, To: core.TopicAddress("a/b/c")}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPublishToSinks is one transient publish to a thousand subscribers.
func BenchmarkPublishToSinks(b *testing.B) {
	br := fresh(b)
	for i := range 1000 {
		bindSink(b, br, declare(b, br, fmt.Sprintf("q%d", i), core.QueueOptions{}), "a/b/c", &sink{})
	}
	p := br.Default().NewPublisher(0)
	body := make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		m := &core.Message{Body: body}
		if err := p.Publish(&core.Publication{Message: m, To: core.TopicAddress("a/b/c")}); err != nil {
			b.Fatal(err)
		}
	}
}

// taker keeps what it is given.
type taker struct{ got core.Receipt }

func (k *taker) Deliver(_ *core.Consumer, d core.Delivery) bool { k.got = d.Receipt; return false }
func (k *taker) Cancelled(*core.Consumer, error) bool           { return false }
func (k *taker) Flush()                                         {}

// BenchmarkDelivery is a transient publish, its delivery and its settlement.
func BenchmarkDelivery(b *testing.B) {
	br := fresh(b)
	q := declare(b, br, "q", core.QueueOptions{})
	k := &taker{}
	c, err := q.Consume(core.ConsumerOptions{Receiver: k, Credit: 1})
	if err != nil {
		b.Fatal(err)
	}
	p := br.Default().NewPublisher(0)
	body := make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		m := &core.Message{Body: body}
		if err := p.Publish(&core.Publication{Message: m, To: core.QueueAddress("q")}); err != nil {
			b.Fatal(err)
		}
		c.Settle(core.Ack, true, []core.Receipt{k.got}, nil, nil, nil, 0)
	}
}

// One HTTP client that waits for each message: what the way to the store and
// back costs where the store costs nothing.
func BenchmarkPublishAndWait(b *testing.B) {
	br := fresh(b)
	declare(b, br, "q", durable(core.QueueOptions{MaxLength: 1}))
	b.ReportAllocs()
	for b.Loop() {
		publish(b, br, core.QueueAddress("q"), core.Message{Body: make([]byte, 256), Durable: true})
	}
}
