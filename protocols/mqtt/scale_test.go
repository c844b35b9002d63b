package mqtt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A subscription to very many retained values costs what the client takes: at
// no time more of them are under way than it allows, and all come in the end, on
// a session that is durable and on one that is not.
func TestManyRetained(t *testing.T) {
	values, window := 100_000, 100
	if testing.Short() {
		values = 10_000
	}
	w := newWorld(t)
	pub := w.b.Default().NewPublisher(0)
	for i := range values {
		m := &core.Message{Body: []byte("x"), Durable: true}
		err := pub.Publish(&core.Publication{Message: m, To: core.TopicAddress(fmt.Sprintf("plant/%d/temperature", i)), Retain: true, RetainOnly: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	pub.Close()
	for _, connect := range []string{"id=a clean", "id=b p.session=1000"} {
		sub := w.connected(5, fmt.Sprintf("%s p.receive=%d", connect, window))
		sub.send("subscribe id=1 plant/+/temperature:1")
		sub.want("suback id=1 codes=01")
		seen := make(map[string]bool, values)
		var unacknowledged []string
		for len(seen) < values {
			for len(unacknowledged) < window && len(seen) < values {
				topic, _, pid, _, _ := took(sub)
				if seen[topic] {
					t.Fatalf("%s came twice", topic)
				}
				seen[topic] = true
				unacknowledged = append(unacknowledged, pid)
			}
			if len(seen) == window {
				sub.quiet()
				cs, _ := w.b.Default().Session(DialectName, connect[3:4])
				if n := cs.Queue().Counts(); n.Ready+n.InFlight > int64(window+2*retainedBatch) {
					t.Fatalf("%+v copies of what the client has not asked for", n)
				}
			}
			acks := []byte(nil)
			for _, pid := range unacknowledged {
				acks = append(acks, encodeText(t, 5, "puback id="+pid)...)
			}
			if _, err := sub.nc.Write(acks); err != nil {
				t.Fatal(err)
			}
			unacknowledged = nil
		}
		sub.quiet()
	}
}

// Ten thousand shared subscriptions, in one packet or in many, wait for the disk
// together and not one after the other; unsubscribing too.
func TestSharedByTheThousand(t *testing.T) {
	const n = 10_000
	g := &gated{}
	w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
	c := w.connected(5, "id=a p.session=1000")
	filters := make([]string, n)
	for i := range filters {
		filters[i] = fmt.Sprintf("$share/g/x/%d", i)
	}
	// While the disk is busy with one sync the rest of it joins the next ones.
	syncs := func(do func(), want ...string) {
		t.Helper()
		before := w.b.Stats().Synced
		g.held(c, do, want...)
		if k := w.b.Stats().Synced - before; k > 40 {
			t.Errorf("%d syncs", k)
		}
	}
	syncs(func() { c.send("subscribe id=1 %s:1", strings.Join(filters, ":1 ")) }, "suback id=1 codes="+strings.Repeat("01", n))
	pub := w.connected(5, "id=b clean")
	pub.send("publish topic=x/%d qos=1 id=1 payload=x", n-1)
	pub.want("puback id=1")
	c.want("publish topic=x/%d qos=1 id=1 payload=x", n-1)
	c.send("puback id=1")
	syncs(func() { c.send("unsubscribe id=2 %s", strings.Join(filters, " ")) }, "unsuback id=2 codes="+strings.Repeat("00", n))
	c.quiet()
	if left := w.b.Default().Queues(sharePrefix, true); len(left) != 0 {
		t.Errorf("%d groups are left", len(left))
	}
	var answers []string
	for i := range 1000 {
		answers = append(answers, fmt.Sprintf("suback id=%d codes=01", i+1))
	}
	syncs(func() { // each a packet of its own
		for i, f := range filters[:1000] {
			c.send("subscribe id=%d %s:1", i+1, f)
		}
	}, answers...)
}
