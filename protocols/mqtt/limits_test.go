package mqtt

import (
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A namespace has as many connections, and sessions with subscriptions, as it may.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	ns := w.b.Default()
	limit := func(name string, n int64) {
		t.Helper()
		if err := ns.ChangeQuotas(func(core.Quotas) core.Quotas { return core.Quotas{name: n} }); err != nil {
			t.Fatal(err)
		}
	}
	limit(core.MaxConnections, 1)
	first := w.connected(4, "id=a clean")
	for v, want := range map[byte]string{4: "connack code=05", 5: "connack code=97"} {
		c := w.client(v)
		c.send("connect id=b clean")
		if got := c.get(); !strings.HasPrefix(got, want) {
			t.Errorf("version %d: %s, want %s", v, got, want)
		}
	}
	again := w.connected(4, "id=a clean") // takes over, and so needs no other place
	w.cut(first)
	limit(core.MaxConnections, 0)
	w.cut(again)
	c := w.client(4)
	c.send("connect id=a clean")
	c.want("connack code=05")

	limit(core.MaxQueues, 1)
	one, two, five := w.connected(4, "id=one clean"), w.connected(4, "id=two clean"), w.connected(5, "id=five clean")
	for _, c := range []struct {
		*client
		send, want string
	}{
		{one, "subscribe id=1 a:1", "suback id=1 codes=01"},
		{one, "subscribe id=2 b:1", "suback id=2 codes=01"},
		{two, "subscribe id=1 a:1", "suback id=1 codes=80"},
		{five, "subscribe id=1 a:1", "suback id=1 codes=97"},
		{one, "unsubscribe id=3 a b", "unsuback id=3"},
		{two, "subscribe id=2 a:1", "suback id=2 codes=01"},
		{one, "subscribe id=4 a:1", "suback id=4 codes=80"},
	} {
		c.client.send("%s", c.send)
		if got := c.get(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.send, got, c.want)
		}
	}
}
