package stomp

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A namespace has as many connections and queues as it may.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	limit := func(name string, n int64) {
		t.Helper()
		if err := w.b.Default().ChangeQuotas(func(core.Quotas) core.Quotas { return core.Quotas{name: n} }); err != nil {
			t.Fatal(err)
		}
	}
	limit(core.MaxConnections, 1)
	first := w.connected("1.2")
	w.client().refused("CONNECT accept-version:1.2", "the namespace's limit max-connections (1) is reached")
	first.send("DISCONNECT receipt:bye")
	first.want("RECEIPT receipt-id:bye")
	first = w.connected("1.2") // with the receipt in hand
	w.cut(first)
	limit(core.MaxConnections, 0)
	w.client().refused("CONNECT accept-version:1.2", "the namespace's limit max-connections (0) is reached")

	limit(core.MaxQueues, 1)
	c := w.connected("1.2")
	c.send("SEND destination:/queue/a; receipt:1")
	c.want("RECEIPT")
	c.send("SEND destination:/queue/a; receipt:2")
	c.want("RECEIPT")
	for _, line := range []string{
		"SEND destination:/queue/b", "SUBSCRIBE id:1; destination:/queue/b", "SUBSCRIBE id:1; destination:/topic/b", "SUBSCRIBE id:1; destination:/temp-queue/b",
	} {
		w.connected("1.2").refused(line, "the namespace's limit max-queues (1) is reached")
	}
}
