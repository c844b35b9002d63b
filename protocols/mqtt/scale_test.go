package mqtt

import (
	"fmt"
	"strings"
	"sync/atomic"
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

// syncs counts the durable batches.
type syncs struct {
	core.Store
	n atomic.Int64
}

func (s *syncs) Apply(b core.Batch, d core.Durability) error {
	if d == core.Durable {
		s.n.Add(1)
	}
	return s.Store.Apply(b, d)
}

// Ten thousand shared subscriptions and memberships of queues, in one packet or
// in many, cost a few syncs and not one each; unsubscribing too.
func TestSharedByTheThousand(t *testing.T) {
	const n = 10_000
	s := &syncs{}
	w := newWorld(t, func(w *world) { s.Store, w.store = w.store, s })
	c := w.connected(5, "id=a p.session=1000")
	s.n.Store(0)
	filters := make([]string, n)
	for i := range filters {
		filters[i] = fmt.Sprintf("$share/g/x/%d", i)
	}
	c.send("subscribe id=1 %s:1", strings.Join(filters, ":1 "))
	if got := c.get(); got != "suback id=1 codes="+strings.Repeat("01", n) {
		t.Fatal(got)
	}
	if k := s.n.Load(); k > n/10 {
		t.Errorf("%d syncs", k)
	}
	pub := w.connected(5, "id=b clean")
	pub.send("publish topic=x/%d qos=1 id=1 payload=x", n-1)
	pub.want("puback id=1")
	c.want("publish topic=x/%d qos=1 id=1 payload=x", n-1)
	c.send("puback id=1")
	s.n.Store(0)
	c.send("unsubscribe id=2 %s", strings.Join(filters, " "))
	if got := c.get(); got != "unsuback id=2 codes="+strings.Repeat("00", n) {
		t.Fatal(got)
	}
	c.quiet()
	if k := s.n.Load(); k > n/10 {
		t.Errorf("%d syncs to unsubscribe", k)
	}
	if left := w.b.Default().Queues(sharePrefix, true); len(left) != 0 {
		t.Errorf("%d groups are left", len(left))
	}
	go func() { // each a packet of its own
		var all []byte
		for i, f := range filters {
			all = append(all, encodeText(t, 5, fmt.Sprintf("subscribe id=%d %s:1", i+1, f))...)
		}
		_, _ = c.nc.Write(all)
	}()
	s.n.Store(0)
	for i := range filters {
		c.want("suback id=%d codes=01", i+1)
	}
	if k := s.n.Load(); k > n/10 {
		t.Errorf("%d syncs for %d packets", k, n)
	}
}
