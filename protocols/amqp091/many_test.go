package amqp091

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// A thousand connections of ten channels, each with a consumer, are cheap, and
// all of them are served: every consumer gets its messages and settles them.
func TestManyChannels(t *testing.T) {
	conns, rounds := 1000, 3
	if testing.Short() {
		conns, rounds = 50, 1
	}
	w := newWorld(t)
	before := inUse()
	all := make([]*raw, conns)
	for i := range all {
		all[i] = w.client()
		all[i].consumers(fmt.Sprint("q", i))
	}
	per := (inUse() - before) / uint64(conns)
	t.Logf("%d bytes for a connection of ten channels with a consumer each, both ends", per)
	if per > 40_000 && conns == 1000 {
		t.Errorf("%d bytes for a connection of ten channels with a consumer each", per)
	}
	publisher := w.client()
	for round := range rounds {
		for i := range all {
			for k := range 10 {
				publisher.publish(1, "", fmt.Sprint("q", i), fmt.Sprint(round, k), false)
			}
		}
		for _, r := range all {
			r.settleTen(round)
		}
	}
	for i := range all {
		publisher.send(1, &wire.QueueDeclare{Queue: fmt.Sprint("q", i), Passive: true})
		publisher.want("1 queue.declare-ok {Queue:q%d MessageCount:0 ConsumerCount:10}", i)
	}
}

// consumers opens channels 2 to 10 and starts a consumer on each channel.
func (r *raw) consumers(queue string) {
	r.t.Helper()
	b := (&wire.QueueDeclare{Queue: queue}).Append(nil, 1)
	for n := uint16(1); n <= 10; n++ {
		if n > 1 {
			b = (&wire.ChannelOpen{}).Append(b, n)
		}
		b = (&wire.BasicQos{PrefetchCount: 1}).Append(b, n)
		b = (&wire.BasicConsume{Queue: queue, ConsumerTag: "t"}).Append(b, n)
	}
	r.bytes(b)
	r.want("1 queue.declare-ok")
	for n := 1; n <= 10; n++ {
		if n > 1 {
			r.want("%d channel.open-ok", n)
		}
		r.want("%d basic.qos-ok", n)
		r.want("%d basic.consume-ok", n)
	}
	r.in = nil
}

// settleTen wants one delivery on each of ten channels, whatever their order, and
// acknowledges it.
func (r *raw) settleTen(round int) {
	r.t.Helper()
	var acks []byte
	seen := map[int]bool{}
	for range 10 {
		got, n, tag := r.get(), 0, 0
		if _, err := fmt.Sscanf(got, "%d basic.deliver t %d", &n, &tag); err != nil || tag != round+1 {
			r.t.Fatalf("round %d: %s", round, got)
		}
		r.want("%d header 3", n)
		r.want("%d body %d", n, round)
		seen[n] = true
		acks = (&wire.BasicAck{DeliveryTag: uint64(tag)}).Append(acks, uint16(n))
	}
	if len(seen) != 10 {
		r.t.Fatalf("round %d: deliveries on %d channels", round, len(seen))
	}
	r.in = nil
	r.bytes(acks)
}

// A hundred thousand queues that a client declared, durable, and filled, cost what
// they should and are there after a restart. SLIPWAY_TEST_QUEUES is how many
// [3,000].
func TestManyQueues(t *testing.T) {
	n := 3000
	if s := os.Getenv("SLIPWAY_TEST_QUEUES"); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		n = 300
	}
	w := newWorld(t)
	c := w.client()
	before, start := inUse(), time.Now()
	const window = 100
	for i := 0; i < n; i += window {
		var b []byte
		for k := i; k < min(n, i+window); k++ {
			b = (&wire.QueueDeclare{Queue: fmt.Sprint("q", k), Durable: true}).Append(b, 1)
			b = append(b, message(1, "", fmt.Sprint("q", k), "m", false, persistent)...)
		}
		c.bytes(b)
		for k := i; k < min(n, i+window); k++ {
			c.want("1 queue.declare-ok {Queue:q%d ", k)
		}
	}
	c.quiet(1)
	took := time.Since(start)
	t.Logf("%d queues in %v, %d bytes each, the store's in memory", n, took.Round(time.Millisecond), (inUse()-before)/uint64(n))
	start = time.Now()
	c.nc.Close()
	w.restart()
	t.Logf("restarted in %v", time.Since(start).Round(time.Millisecond))
	c = w.client()
	for _, k := range []int{0, n / 2, n - 1} {
		c.send(1, &wire.BasicGet{Queue: fmt.Sprint("q", k), NoAck: true})
		c.want("1 basic.get-ok")
		c.get()
		c.want("1 body m")
	}
}

// A consumer that does not read takes no more of a queue than its output holds:
// the other gets the rest, as soon as it can take it.
func TestSlowBesideFast(t *testing.T) {
	w := newWorld(t, func(w *world) { w.net.OutputLimit = 64 << 10 })
	slow, fast, publisher := w.client(), w.client(), w.client()
	if err := slow.nc.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	slow.declare("q", false)
	slow.send(1, &wire.BasicConsume{Queue: "q", ConsumerTag: "s", NoAck: true})
	slow.want("1 basic.consume-ok")
	fast.consume(1, "q", "f", true)
	body := strings.Repeat("x", 4000)
	for range slowMessages {
		publisher.publish(1, "", "q", body, false)
	}
	for i := range slowMessages * 6 / 10 { // turn by turn would be half
		fast.want("1 basic.deliver f %d", i+1)
		fast.get()
		fast.get()
	}
}
