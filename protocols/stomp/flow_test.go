package stomp

import (
	"fmt"
	"strings"
	"testing"
)

// A client that does not read holds back only itself: what it was not sent stays
// in the queue, in order, and comes when it reads.
func TestSlowReader(t *testing.T) {
	for _, ack := range []string{"auto", "client"} {
		t.Run(ack, func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.net.OutputLimit = 64 << 10 })
			slow, pub := w.connected("1.2"), w.connected("1.2")
			slow.send("SUBSCRIBE id:s; destination:/queue/a; ack:%s", ack)
			slow.sync()
			const n = 3000
			body := strings.Repeat("x", 4000)
			for i := range n {
				pub.send("SEND destination:/queue/a; n:%d; persistent:true | %s", i, body)
			}
			pub.sync()
			if ack == "auto" {
				c := w.counts("a")
				if c.Ready+c.InFlight < n/4 {
					t.Errorf("only %d of %d wait", c.Ready+c.InFlight, n)
				}
			}
			for i := range n {
				f := slow.want("MESSAGE n:%d; redelivered:false", i)
				if ack == "client" && i%100 == 99 {
					slow.send("ACK id:%s", f.get("ack"))
				}
			}
			w.eventually("the settlement", func() bool { c := w.counts("a"); return c.Ready+c.InFlight == 0 })
		})
	}
}

// What a client with ack:auto was not sent before it went is not lost.
func TestSlowReaderGone(t *testing.T) {
	w := newWorld(t, func(w *world) { w.net.OutputLimit = 64 << 10 })
	slow, pub := w.connected("1.2"), w.connected("1.2")
	slow.send("SUBSCRIBE id:s; destination:/queue/a")
	slow.sync()
	const n = 3000
	for i := range n {
		pub.send("SEND destination:/queue/a; n:%d; persistent:true | %s", i, strings.Repeat("x", 4000))
	}
	pub.sync()
	first := 0
	for ; first < 100; first++ {
		slow.want("MESSAGE n:%d", first)
	}
	w.cut(slow)
	next := w.connected("1.2")
	next.send("SUBSCRIBE id:s; destination:/queue/a")
	f := next.want("MESSAGE n:*")
	var at int
	if _, err := fmt.Sscan(f.get("n"), &at); err != nil {
		t.Fatal(err)
	}
	// Between the two is what the sockets had taken, far less than the rest.
	if at < first || at > n*9/10 {
		t.Errorf("the next client begins with %d", at)
	}
	for at++; at < n; at++ {
		next.want("MESSAGE n:%d", at)
	}
}

// A large body is sent by reference, with its NUL behind it.
func TestLargeBodies(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:s; destination:/queue/a")
	for _, size := range []int{8191, 8192, 100_000, 5 << 20} {
		body := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		c.send("SEND destination:/queue/a; persistent:true | %s", body)
		if f := c.want("MESSAGE content-length:%d", size); f.body != body {
			t.Errorf("%d bytes arrive otherwise", size)
		}
	}
	// Not much more than what is read before it is refused: behind far more the ERROR can be lost in a reset.
	c.refused("SEND destination:/queue/a | "+strings.Repeat("x", 16<<20+1000), "body of over")
}

// A subscription that ends while much is on its way gives back what it has.
func TestUnsubscribeInTheMiddle(t *testing.T) {
	w := newWorld(t, func(w *world) { w.net.OutputLimit = 16 << 10 })
	c := w.connected("1.2")
	const n = 500
	for i := range n {
		c.send("SEND destination:/queue/a; n:%d | %s", i, strings.Repeat("x", 1000))
	}
	c.send("SUBSCRIBE id:s; destination:/queue/a; ack:client")
	c.want("MESSAGE n:0")
	c.send("UNSUBSCRIBE id:s; receipt:u")
	for {
		f, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		if f.command == "RECEIPT" {
			break
		}
	}
	if q := w.counts("a"); q.Ready != n || q.InFlight != 0 {
		t.Errorf("%+v", q)
	}
	c.send("SUBSCRIBE id:s2; destination:/queue/a")
	for i := range n {
		c.want("MESSAGE subscription:s2; n:%d", i)
	}
}

func TestTransactionLimits(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.MaxBody = 10_000 })
	c := w.connected("1.2")
	c.send("BEGIN transaction:t")
	c.send("SEND destination:/queue/a; transaction:t | %s", strings.Repeat("x", 6000))
	c.refused("SEND destination:/queue/a; transaction:t; receipt:r | "+strings.Repeat("x", 6000), "Transaction too large")
	c = w.connected("1.2")
	for i := range maxTransactions {
		c.send("BEGIN transaction:%d", i)
	}
	c.refused("BEGIN transaction:more", "at most")
	if n := w.counts("a"); n.Ready != 0 {
		t.Errorf("%+v", n)
	}
}

func TestSubscriptionLimit(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.MaxSubscriptions = 2 })
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:1; destination:/topic/a")
	c.send("SUBSCRIBE id:2; destination:/topic/a")
	c.refused("SUBSCRIBE id:3; destination:/topic/a", "at most 2")
}
