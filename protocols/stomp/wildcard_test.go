package stomp

import (
	"strconv"
	"strings"
	"testing"
)

// As seen in ActiveMQ 5.17.2, but that there a queue is not looked at for
// permissions of its own.
func TestWildcardQueues(t *testing.T) {
	for _, tt := range []struct{ pattern, want string }{
		{"orders.>", "orders orders.eu orders.eu.x orders.new"},
		{"orders.*", "orders.eu orders.new"},
		{"*.eu", "orders.eu"},
		{"*.*.>", "orders.eu orders.eu.x orders.new"},
		{">", "orders orders.eu orders.eu.x orders.new other"},
	} {
		w := newWorld(t)
		p, c := w.connected("1.2"), w.connected("1.2")
		for _, q := range []string{"orders", "orders.eu", "orders.eu.x", "other"} {
			p.send("SEND destination:/queue/%s | %s", q, q)
		}
		p.sync()
		c.send("SUBSCRIBE id:w; destination:/queue/%s; receipt:r", tt.pattern)
		var got []string
		for receipt := 0; receipt == 0 || len(got) < len(strings.Fields(strings.ReplaceAll(tt.want, "orders.new", ""))); {
			f, err := c.read()
			switch {
			case err != nil:
				t.Fatalf("%s: %v after %q", tt.pattern, err, got)
			case f.command == "MESSAGE":
				got = append(got, f.body)
			default:
				receipt++
			}
		}
		p.send("SEND destination:/queue/orders.new | orders.new")
		if strings.Contains(tt.want, ".new") {
			f := c.want("MESSAGE destination:/queue/orders.new; subscription:w")
			got = append(got, f.body)
		}
		c.sync()
		for _, body := range got {
			if !strings.Contains(" "+tt.want+" ", " "+body+" ") {
				t.Errorf("%s: got %s", tt.pattern, body)
			}
		}
		if len(got) != len(strings.Fields(tt.want)) {
			t.Errorf("%s: got %q", tt.pattern, got)
		}
	}
}

// Prefetch is of all queues together, an acknowledgement cumulative across them,
// and what is not acknowledged goes back, each to its own.
func TestWildcardPrefetch(t *testing.T) {
	for _, mode := range []string{"client", "client-individual", "auto"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			p, c := w.connected("1.2"), w.connected("1.2")
			for _, q := range []string{"p.a", "p.b", "p.c"} {
				p.send("SEND destination:/queue/%s | %s1", q, q)
				p.send("SEND destination:/queue/%s | %s2", q, q)
			}
			p.sync()
			c.send("SUBSCRIBE id:w; destination:/queue/p.*; ack:%s; activemq.prefetchSize:2", mode)
			seen := map[string]bool{}
			next := func() *frame {
				f := c.want("MESSAGE")
				if seen[f.body] || f.get("redelivered") != "" {
					t.Errorf("%s again", f.body)
				}
				seen[f.body] = true
				return f
			}
			for range 3 {
				a := next()
				b := next()
				if mode == "auto" {
					continue
				}
				c.sync() // nothing is on its way
				if mode == "client-individual" {
					c.send("%s", ackLine("ACK", "1.2", a))
					a = next()
					c.sync()
					c.send("%s", ackLine("ACK", "1.2", a))
					if len(seen) < 6 {
						next()
					}
					c.sync()
					break
				}
				c.send("%s", ackLine("ACK", "1.2", b))
			}
			if mode == "client-individual" {
				c.send("UNSUBSCRIBE id:w")
				c.sync()
				w.eventually("their return", func() bool {
					return w.counts("p.a").Ready+w.counts("p.b").Ready+w.counts("p.c").Ready == 4
				})
				p.send("SEND destination:/queue/p.d | none")
				c.sync()
				return
			}
			p.send("SEND destination:/queue/p.d | later")
			next()
			w.eventually("the end", func() bool {
				a, b := w.counts("p.a"), w.counts("p.b")
				return a.Ready+a.InFlight+b.Ready+b.InFlight == 0
			})
		})
	}
}

// With a prefetch of 1 over queues that fill at once, everything comes once, in
// the order of its queue, and nobody else is kept from it.
func TestWildcardUnderLoad(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected("1.2"), w.connected("1.2")
	c.send("SUBSCRIBE id:w; destination:/queue/l.>; ack:client-individual; activemq.prefetchSize:1")
	c.sync()
	const queues, each = 5, 40
	for i := range each {
		for q := range queues {
			p.send("SEND destination:/queue/l.%d | %d", q, i)
		}
	}
	next := map[string]int{}
	for range queues * each {
		f := c.want("MESSAGE -redelivered:")
		if q := f.get("destination"); f.body != strconv.Itoa(next[q]) {
			t.Fatalf("%s: got %s, not %d", q, f.body, next[q])
		} else {
			next[q]++
		}
		c.send("%s", ackLine("ACK", "1.2", f))
	}
	c.sync()
}

// A queue that is deleted takes with it what was not acknowledged; the
// subscription goes on, also with a new queue of that name.
func TestWildcardQueueDeleted(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected("1.2"), w.connected("1.2")
	c.send("SUBSCRIBE id:w; destination:/queue/d.*; ack:client; activemq.prefetchSize:1")
	c.sync()
	p.send("SEND destination:/queue/d.a | first")
	first := c.want("MESSAGE | first")
	if err := w.b.Default().DeleteQueue("d.a"); err != nil {
		t.Fatal(err)
	}
	p.send("SEND destination:/queue/d.b | b")
	b := c.want("MESSAGE | b")
	p.send("SEND destination:/queue/d.a | again")
	c.send("%s; receipt:late", ackLine("ACK", "1.2", first)) // of nothing any more
	c.want("RECEIPT receipt-id:late")
	c.send("%s", ackLine("ACK", "1.2", b))
	c.want("MESSAGE destination:/queue/d.a | again")
}

// What a user may not read, and what is not open to others, is left out.
func TestWildcardPermissions(t *testing.T) {
	w := newWorld(t, withUsers(t))
	admin := w.connected("1.2", "login:other; passcode:secret")
	app := w.connected("1.2", "login:app; passcode:secret")
	admin.send("SEND destination:/queue/app-a | mine")
	admin.send("SEND destination:/queue/others | not mine")
	admin.sync()
	app.send("SUBSCRIBE id:w; destination:/queue/>")
	app.want("MESSAGE | mine")
	admin.send("SEND destination:/queue/others.new | not mine")
	admin.send("SUBSCRIBE id:x; destination:/queue/app-x; exclusive:true")
	admin.send("SEND destination:/queue/app-x | exclusive")
	admin.want("MESSAGE | exclusive")
	admin.send("SEND destination:/queue/app-b | mine too")
	app.want("MESSAGE | mine too")
	app.sync()
}

// A SEND to a wildcard makes a queue of that very name, as in ActiveMQ.
func TestWildcardSend(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:w; destination:/queue/s.*")
	c.send("SEND destination:/queue/s.a | a")
	c.want("MESSAGE | a")
	c.send("SEND destination:/queue/s.* | star")
	c.want("MESSAGE destination:/queue/s.* | star")
	c.sync()
}

// The connection's end gives everything back.
func TestWildcardEnds(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:w; destination:/queue/e.*; ack:client; activemq.prefetchSize:1")
	for _, q := range []string{"e.a", "e.b"} {
		c.send("SEND destination:/queue/%s | x", q)
	}
	c.want("MESSAGE")
	w.cut(c)
	w.eventually("their return", func() bool { return w.counts("e.a").Ready+w.counts("e.b").Ready == 2 })
	w.connected("1.2").send("SEND destination:/queue/e.c | x")
}

// Each message of a composite destination is held until it is acknowledged.
func TestCompositeIndividual(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	for range 50 {
		c.send("SEND destination:/queue/ci | x")
	}
	c.sync()
	c.send("SUBSCRIBE id:s; destination:/queue/ci,/queue/cj; ack:client-individual")
	for range 50 {
		c.send("%s", ackLine("ACK", "1.2", c.want("MESSAGE")))
	}
	w.eventually("all acknowledged", func() bool { return w.counts("ci").InFlight == 0 })
}

// What is sent once a client has the RECEIPT of its DISCONNECT is kept.
func TestWildcardDisconnect(t *testing.T) {
	w := newWorld(t)
	p := w.connected("1.2")
	p.send("SEND destination:/queue/g.a; receipt:made | x")
	p.want("RECEIPT receipt-id:made")
	for i := range 20 {
		c := w.connected("1.2")
		c.send("SUBSCRIBE id:w; destination:/queue/g.*")
		c.want("MESSAGE | x")
		c.send("DISCONNECT receipt:bye")
		c.want("RECEIPT receipt-id:bye")
		for _, q := range []string{"g.a", "g.b" + strconv.Itoa(i)} {
			p.send("SEND destination:/queue/%s | x", q)
		}
		p.sync()
		c.wantEnd()
		w.eventually("both", func() bool { return w.counts("g.a").Ready+w.counts("g.b"+strconv.Itoa(i)).Ready == 2 })
		if err := w.b.Default().DeleteQueue("g.b" + strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
}
