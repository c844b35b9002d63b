package mqtt

import (
	"strings"
	"testing"

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

// A queue that was deleted and made again is consumed from the next connection of
// a session on, or from the next SUBSCRIBE.
func TestQueueMadeAgain(t *testing.T) {
	w := newWorld(t)
	declare := func() {
		t.Helper()
		if _, _, err := w.b.Default().DeclareQueue("again", core.QueueOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	remake := func() {
		t.Helper()
		if err := w.b.Default().DeleteQueue("again"); err != nil {
			t.Fatal(err)
		}
		declare()
	}
	declare()
	c := w.connected(5, "id=a p.session=1000")
	c.send("subscribe id=1 $queue/again:1")
	c.want("suback id=1 codes=01")
	remake()
	w.cut(c)
	c = w.connected(5, "id=a p.session=1000")
	c.send("publish topic=$queue/again qos=0 payload=1")
	c.want("publish topic=$queue/again qos=1 id=1 payload=1")
	c.send("puback id=1")
	remake()
	c.send("subscribe id=2 $queue/again:1")
	c.want("suback id=2 codes=01")
	c.send("publish topic=$queue/again qos=0 payload=2")
	if text := c.get(); !strings.HasPrefix(text, "publish topic=$queue/again qos=1") {
		t.Error(text)
	}
}
