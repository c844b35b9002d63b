package mqtt

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A subscriber that does not read holds up nobody: the publisher is
// acknowledged, memory stays small, and in the end it gets everything of QoS 1
// in order. QoS 0 is dropped and counted.
func TestStuckSubscriber(t *testing.T) {
	const n, size = 2000, 8000
	for _, filter := range []string{"x:1", "x:2", "$share/g/x:1", "$share/g/x:0"} {
		t.Run(filter, func(t *testing.T) {
			w := newWorld(t, func(w *world) {
				w.net.OutputLimit = 256 << 10
				w.opt.Limits = core.Limits{MemoryBytes: 2 << 20}
			})
			stuck := w.connected(5, "id=stuck p.session=1000")
			stuck.send("subscribe id=1 %s", filter)
			stuck.get()
			holder := w.connected(5, "id=holder p.session=1000") // so that a group at QoS 0 is kept
			if strings.HasSuffix(filter, "g/x:0") {
				holder.send("subscribe id=1 $share/g/x:1")
				holder.get()
				w.cut(holder)
			}
			pub := w.connected(5, "id=pub clean")
			body := strings.Repeat("z", size)
			for i := range n {
				publishOne(pub, 1+strings.Count(filter, ":2"), i, body)
			}
			w.checkHeld("stuck", 4<<20)
			qos := 1
			if strings.HasSuffix(filter, ":2") {
				qos = 2
			} else if strings.HasSuffix(filter, ":0") {
				qos = 0
			}
			drain(t, stuck, qos, n, size+6)
			stuck.quiet()
		})
	}
}

func publishOne(c *client, qos, i int, body string) {
	c.t.Helper()
	c.send("publish topic=x qos=%d id=%d payload=%06d%s", qos, i+1, i, body)
	if qos == 1 {
		c.want("puback id=%d", i+1)
		return
	}
	c.want("pubrec id=%d", i+1)
	c.send("pubrel id=%d", i+1)
	c.want("pubcomp id=%d", i+1)
}

// drain receives and acknowledges n messages, in order and each once.
func drain(t *testing.T, c *client, qos, n, size int) {
	t.Helper()
	for got, completed := 0, 0; got < n || qos == 2 && completed < n; {
		text := c.get()
		if id, ok := strings.CutPrefix(text, "pubrel "); ok {
			c.send("pubcomp %s", id)
			completed++
			continue
		}
		got++
		want := fmt.Sprintf("publish topic=x qos=%d id=%d payload=(%d)", qos, got, size)
		if qos == 0 {
			want = fmt.Sprintf("publish topic=x payload=(%d)", size)
		}
		if text != want {
			t.Fatalf("got %s, want %s", text, want)
		}
		if qos > 0 {
			c.send("%s id=%d", []string{"", "puback", "pubrec"}[qos], got)
		}
	}
}

// checkHeld looks at what a connection holds in memory.
func (w *world) checkHeld(client string, most int) {
	w.t.Helper()
	held := 0
	for _, i := range w.srv.Conns() {
		if i.Client == client {
			held += i.Queued
		}
	}
	cs := w.sessionOf(client)
	cs.mu.Lock()
	for _, o := range cs.conn.Load().backlog {
		held += len(o.d.Message.Body)
	}
	inFlight := len(cs.out)
	cs.mu.Unlock()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	if held > most {
		w.t.Fatalf("%d bytes held for %s", held, client)
	}
	w.t.Logf("%d bytes held, %d in flight, broker memory %d", held, inFlight, w.b.Stats().Memory)
}

func (w *world) sessionOf(client string) *session {
	w.t.Helper()
	w.h.claims.mu.Lock()
	cl := w.h.claims.m["\x00"+client]
	w.h.claims.mu.Unlock()
	if cl == nil {
		w.t.Fatalf("%s is not connected", client)
	}
	cl.turn <- struct{}{}
	defer cl.settled()
	return cl.holder.s
}

func TestQoS0IsDroppedWhenFull(t *testing.T) {
	w := newWorld(t, func(w *world) { w.net.OutputLimit = 64 << 10 })
	stuck := w.connected(4, "id=stuck clean")
	stuck.send("subscribe id=1 x:0")
	stuck.get()
	pub := w.connected(4, "id=pub clean")
	body := strings.Repeat("z", 8000)
	for w.srv.Stats().DroppedFrames.Load() < 100 {
		pub.send("publish topic=x payload=%s", body)
		pub.quiet()
	}
	pub.send("publish topic=y qos=1 id=1 payload=y")
	pub.want("puback id=1")
}

// A version 5 client that publishes more than CONNACK allows is told.
func TestReceiveMaximumExceeded(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.ReceiveMaximum = 10 })
	c := w.client(5)
	c.send("connect id=a clean")
	if got := c.get(); !strings.Contains(got, " p.receive=10 ") {
		t.Fatal(got)
	}
	for i := range 10 {
		c.send("publish topic=x qos=2 id=%d payload=x", i+1)
		c.want("pubrec id=%d code=10", i+1)
	}
	// What was answered to the end does not count.
	c.send("pubrel id=1")
	c.want("pubcomp id=1")
	for i := range 20 {
		c.send("publish topic=x qos=1 id=%d payload=x", 100+i)
		c.want("puback id=%d code=10", 100+i)
	}
	c.send("publish topic=x qos=2 id=1 payload=x")
	c.want("pubrec id=1 code=10")
	c.send("publish topic=x qos=1 id=11 payload=x")
	c.want("disconnect code=93 p.reason=more than 10 publishes without acknowledgement")
	c.want("end")
}

// Acknowledgements leave in order of receipt, though what needs no disk is
// confirmed at once.
func TestAcksInOrder(t *testing.T) {
	w := newWorld(t)
	sub := w.connected(4, "id=sub")
	sub.send("subscribe id=1 durable:1")
	sub.get()
	pub := w.connected(4, "id=pub clean")
	var all []byte
	for i := range 500 {
		topic := "nobody"
		if i%3 == 0 {
			topic = "durable"
		}
		all = append(all, encodeText(t, 4, fmt.Sprintf("publish topic=%s qos=%d id=%d payload=x", topic, 1+i%2, i+1))...)
	}
	go func() { _, _ = pub.nc.Write(all) }()
	for i := range 500 {
		pub.want("%s id=%d", []string{"puback", "pubrec"}[i%2], i+1)
	}
}

// 65,535 deliveries are in flight, and the one after waits for an id.
func TestAllPacketIDs(t *testing.T) {
	w := newWorld(t)
	sub := w.connected(5, "id=sub clean")
	sub.send("subscribe id=1 x:1")
	sub.get()
	pub := w.connected(5, "id=pub clean")
	const n = 65_535 + 10
	frame := encodeText(t, 5, "publish topic=x qos=1 id=1 payload=x")
	for i := 0; i < n; i += 500 {
		batch := min(500, n-i)
		var all []byte
		for range batch {
			all = append(all, frame...)
		}
		if _, err := pub.nc.Write(all); err != nil {
			t.Fatal(err)
		}
		for range batch {
			pub.want("puback id=1")
		}
		for k := range batch {
			if i+k < 65_535 {
				sub.want("publish topic=x qos=1 id=%d payload=x", i+k+1)
			}
		}
	}
	sub.quiet()
	for i := range 10 {
		sub.send("puback id=%d", 1000+i)
		sub.want("publish topic=x qos=1 id=%d payload=x", 1000+i)
	}
}

// A retained value for each of many topics reaches a client that takes two at
// a time.
func TestRetainedByCredit(t *testing.T) {
	const n = 1000
	w := newWorld(t)
	pub := w.connected(4, "id=pub clean")
	for i := range n {
		pub.send("publish topic=r/%04d retain qos=1 id=1 payload=%d", i, i)
		pub.want("puback id=1")
	}
	sub := w.connected(5, "id=sub clean p.receive=2")
	sub.send("subscribe id=1 r/+:1")
	sub.want("suback id=1 codes=01")
	sub.want("publish topic=r/0000 qos=1 id=1 retain payload=0")
	for i := 1; i < n; i++ {
		sub.want("publish topic=r/%04d qos=1 id=%d retain payload=%d", i, i+1, i)
		sub.send("puback id=%d", i)
	}
	sub.quiet()
}
