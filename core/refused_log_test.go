package core_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// A publisher that asks for no confirmation learns nothing of a queue that does not
// take its messages: the operator does, once a minute, with the reason.
func TestRefusalsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &bytes.Buffer{}
		b := open(t, memstore.New(memstore.Options{}), func(o *core.Options) { o.Log = slog.New(slog.NewTextHandler(log, nil)) })
		declare(t, b, "full", durable(core.QueueOptions{MaxLength: 1, Overflow: core.RejectPublish}))
		declare(t, b, "q.fifo", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
		p := b.Default().NewPublisher(1 << 20)
		for range 3 {
			for _, to := range []string{"full", "q.fifo"} {
				m := core.Message{Body: []byte("x"), Durable: true}
				if err := p.Publish(&core.Publication{Message: &m, To: core.QueueAddress(to)}); err != nil {
					t.Fatal(err)
				}
			}
			p.Flush()
			synctest.Wait()
		}
		if n := b.Stats().Refused; n != 2+3 {
			t.Errorf("%d are counted as refused", n)
		}
		_ = b.Close()
		for _, want := range []string{
			`msg="a queue refuses messages" queue=full why="full: queue \"full\" is at its limit" refused=1`,
			`msg="a queue refuses messages" queue=q.fifo why="invalid: queue \"q.fifo\" needs a deduplication id or content-based deduplication" refused=1`,
		} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("not once %s in\n%s", want, log)
			}
		}
	})
}
