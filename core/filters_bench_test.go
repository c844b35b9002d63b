package core_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// BenchmarkPublishFilters is a transient publish that one of many filters
// matches, to one of 100 queues, with a consumer that takes at once: always the
// same path, and a random one of all that are subscribed.
func BenchmarkPublishFilters(b *testing.B) {
	for _, n := range []int{100, 1_000_000} {
		br := fresh(b)
		path := func(i int) string { return fmt.Sprintf("site/%d/device/%d/state", i/1000, i) }
		for i := range 100 {
			q := declare(b, br, fmt.Sprintf("q%d", i), core.QueueOptions{})
			if _, err := q.Consume(core.ConsumerOptions{Receiver: nobody{}, Credit: 1 << 40, NoAck: true}); err != nil {
				b.Fatal(err)
			}
			for j := i; j < n; j += 100 {
				bindTopic(b, br, q, path(j))
			}
		}
		for _, spread := range []int{1, 1 << 16} {
			addresses := make([]core.Address, spread)
			rnd := rand.New(rand.NewPCG(3, 4))
			for i := range addresses {
				addresses[i] = core.TopicAddress(path(rnd.IntN(n)))
			}
			b.Run(fmt.Sprintf("filters=%d/paths=%d", n, spread), func(b *testing.B) {
				p := br.Default().NewPublisher(0)
				defer p.Close()
				body := make([]byte, 256)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					err := p.Publish(&core.Publication{Message: &core.Message{Body: body}, To: addresses[i%len(addresses)]})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
