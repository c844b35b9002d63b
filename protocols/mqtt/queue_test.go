package mqtt

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// That a queue is missing is no answer for the whole connection.
func TestQueueMadeLater(t *testing.T) {
	w := newWorld(t)
	c := w.connected(5, "id=a clean")
	c.send("publish topic=$queue/late qos=1 id=1 payload=1")
	c.want("puback id=1 code=90 p.reason=there is no queue late")
	if _, _, err := w.b.Default().DeclareQueue("late", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	c.send("publish topic=$queue/late qos=1 id=1 payload=2")
	c.want("puback id=1")
	if err := w.b.Default().DeleteQueue("late"); err != nil {
		t.Fatal(err)
	}
	c.send("publish topic=$queue/late qos=1 id=1 payload=3")
	c.want("puback id=1 code=90 p.reason=there is no queue late")
}

// A queue's message is no session's: what a QoS 2 client with a session had of it
// when its connection ended, or the broker was killed, goes to whoever consumes
// the queue, and to that client as a new message.
func TestQueueTakesBackQoS2(t *testing.T) {
	through(t, func(t *testing.T, w *world, v byte, end func()) {
		if _, _, err := w.b.Default().DeclareQueue("work", core.QueueOptions{Durable: true}); err != nil {
			t.Fatal(err)
		}
		a := w.connected(v, "id=a p.session=1000 p.receive=10")
		a.send("subscribe id=1 $queue/work:2")
		a.want("suback id=1 codes=02")
		pub := w.connected(v, "id=pub clean")
		pub.send("publish topic=$queue/work qos=1 id=1 payload=1")
		pub.want("puback id=1")
		if text := a.get(); text != "publish topic=$queue/work qos=2 id=1 payload=1" {
			t.Fatal(text)
		}
		end()
		b := w.connected(v, "id=b clean")
		b.send("subscribe id=1 $queue/work:2")
		got := []string{b.get(), b.get()} // in either order
		if text := strings.Join(got, ", "); !strings.Contains(text, "qos=2 id=1 payload=1") {
			t.Fatal(text)
		}
		w.cut(b) // the end of its session is not the message's
		a = w.connected(v, "id=a p.session=1000 p.receive=10")
		_, _, pid, dup, _ := took(a)
		if dup {
			t.Error("it comes as if it were the same")
		}
		finish(a, "2", pid)
		a.quiet()
	})
}

// A queue that was deleted and made again is consumed from then on: of a clean
// session, of one that was away meanwhile or came back before there was a queue, and
// not after UNSUBSCRIBE.
func TestQueueMadeAgain(t *testing.T) {
	w := newWorld(t)
	ns := w.b.Default()
	declare := func() {
		t.Helper()
		if _, _, err := ns.DeclareQueue("again", core.QueueOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	remove := func() {
		t.Helper()
		if err := ns.DeleteQueue("again"); err != nil {
			t.Fatal(err)
		}
	}
	pub, n := w.connected(5, "id=pub clean"), 0
	comes := func(c *client) {
		t.Helper()
		n++
		pub.send("publish topic=$queue/again qos=1 id=1 payload=%d", n)
		pub.want("puback id=1")
		text := c.get()
		if !strings.HasPrefix(text, "publish topic=$queue/again qos=1") || !strings.HasSuffix(text, fmt.Sprintf(" payload=%d", n)) {
			t.Fatal(text)
		}
		_, id, _ := strings.Cut(text, "id=")
		id, _, _ = strings.Cut(id, " ")
		c.send("puback id=%s", id)
	}
	for _, connect := range []string{"id=a clean", "id=b p.session=1000"} {
		declare()
		c := w.connected(5, connect)
		c.send("subscribe id=1 $queue/again:1")
		c.want("suback id=1 codes=01")
		for range 3 {
			comes(c)
			remove()
			declare()
			comes(c)
			comes(c)
		}
		remove()
		if connect != "id=a clean" {
			w.cut(c)
			declare()
			c = w.connected(5, connect)
			comes(c)
			w.cut(c)
			remove()
			c = w.connected(5, connect)
			declare()
			comes(c)
			remove()
		}
		c.send("unsubscribe id=2 $queue/again")
		c.want("unsuback id=2 codes=00")
		declare()
		pub.send("publish topic=$queue/again qos=1 id=1 payload=nobody's")
		pub.want("puback id=1")
		c.quiet()
		remove()
		w.cut(c)
	}
	if n := len(w.h.orphans.waiting); n != 0 {
		t.Errorf("%d queues are waited for by nobody", n)
	}
}

// Who unsubscribed with a message still to acknowledge is a consumer until then, but
// not of the next queue of that name.
func TestQueueMadeAgainAfterUnsubscribe(t *testing.T) {
	w := newWorld(t)
	ns := w.b.Default()
	if _, _, err := ns.DeclareQueue("again", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	c, pub := w.connected(5, "id=a clean"), w.connected(5, "id=pub clean")
	c.send("subscribe id=1 $queue/again:1")
	c.want("suback id=1 codes=01")
	pub.send("publish topic=$queue/again qos=1 id=1 payload=1")
	pub.want("puback id=1")
	c.want("publish topic=$queue/again qos=1 id=1 payload=1")
	c.send("unsubscribe id=2 $queue/again")
	c.want("unsuback id=2 codes=00")
	if err := ns.DeleteQueue("again"); err != nil {
		t.Fatal(err)
	}
	q, _, err := ns.DeclareQueue("again", core.QueueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pub.send("publish topic=$queue/again qos=1 id=1 payload=nobody's")
	pub.want("puback id=1")
	c.quiet()
	if n := q.Counts(); n.Consumers != 0 || n.Ready != 1 {
		t.Errorf("%+v", n)
	}
}

// A queue that goes again before the subscription is noted as having it is waited
// for once more.
func TestQueueGoneBeforeAdopted(t *testing.T) {
	w := newWorld(t)
	ns := w.b.Default()
	q, _, err := ns.DeclareQueue("again", core.QueueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client := w.connected(5, "id=a clean")
	client.send("subscribe id=1 $queue/again:1")
	client.want("suback id=1 codes=01")
	c := w.sessionOf("a").conn.Load()
	c.joining.Lock() // as in consumeQueue, or adoptOne
	f := &feed{c: c, key: "$queue/again", note: note{qos: 1}}
	c.stop(f.key)
	if err := c.start(f, q, c.creditOf(f), ""); err != nil {
		t.Fatal(err)
	}
	if err := ns.DeleteQueue("again"); err != nil {
		t.Fatal(err)
	}
	c.adopted(f.key, f)
	c.joining.Unlock()
	if _, _, err := ns.DeclareQueue("again", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	client.send("publish topic=$queue/again qos=0 payload=1")
	client.want("publish topic=$queue/again qos=1 id=1 payload=1")
}

// Clients come, subscribe, unsubscribe and go while the queue comes and goes; in
// the end who is subscribed gets what is sent.
func TestQueueComesAndGoes(t *testing.T) {
	w := newWorld(t)
	ns := w.b.Default()
	var clients []*client
	for i := range 4 {
		clients = append(clients, w.connected(5, fmt.Sprintf("id=%d p.session=1000", i)))
	}
	stop := make(chan struct{})
	var makers, takers sync.WaitGroup
	makers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, _, _ = ns.DeclareQueue("q", core.QueueOptions{})
			_ = ns.DeleteQueue("q")
		}
	})
	for i, c := range clients {
		takers.Go(func() {
			for n := range 200 {
				c.send("subscribe id=1 $queue/q:1")
				if text := c.get(); !strings.HasPrefix(text, "suback") {
					t.Error(text)
				}
				if n%3 == i%3 {
					c.send("unsubscribe id=2 $queue/q")
					c.get()
				}
			}
		})
	}
	takers.Wait()
	close(stop)
	makers.Wait()
	if _, _, err := ns.DeclareQueue("q", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		c.send("subscribe id=1 $queue/q:1")
		c.want("suback id=1 codes=01")
	}
	if err := ns.DeleteQueue("q"); err != nil {
		t.Fatal(err)
	}
	q, _, err := ns.DeclareQueue("q", core.QueueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); q.Counts().Consumers != len(clients); {
		if time.Now().After(end) {
			t.Fatalf("%d consumers, want %d", q.Counts().Consumers, len(clients))
		}
		runtime.Gosched()
	}
	for _, c := range clients {
		w.cut(c)
	}
	if n := q.Counts().Consumers; n != 0 {
		t.Errorf("%d consumers of nobody", n)
	}
}
