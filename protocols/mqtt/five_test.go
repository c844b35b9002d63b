package mqtt

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// 3.3.2.3.4: the first topics get an alias, as many as the client takes.
func TestTopicAliasesToClients(t *testing.T) {
	w := newWorld(t)
	sub := w.connected(5, "id=sub clean p.aliases=2")
	sub.send("subscribe id=1 #:1")
	sub.get()
	pub := w.connected(5, "id=pub clean")
	for i, tc := range []struct{ publish, want string }{
		{"topic=one qos=0", "topic=one p.alias=1"},
		{"topic=one qos=0", "topic= p.alias=1"},
		{"topic=two qos=1 id=1", "topic=two qos=1 id=1 p.alias=2"},
		{"topic=two qos=1 id=2", "topic= qos=1 id=2 p.alias=2"},
		{"topic=three qos=0", "topic=three"},
		{"topic=two qos=0", "topic= p.alias=2"},
	} {
		pub.send("publish %s payload=%d", tc.publish, i)
		sub.want("publish %s payload=%d", tc.want, i)
		if strings.Contains(tc.publish, "qos=1") {
			pub.get()
		}
	}
	// The next connection knows none.
	w.cut(sub)
	sub = w.connected(5, "id=sub clean p.aliases=1 p.max=30")
	sub.send("subscribe id=1 #:0")
	sub.get()
	pub.send("publish topic=one payload=%s", strings.Repeat("x", 22))
	sub.want("publish topic=one payload=%s", strings.Repeat("x", 22)) // it fits only without
	pub.send("publish topic=one payload=x")
	sub.want("publish topic=one p.alias=1 payload=x")
}

// [MQTT-3.1.2-28]: response information only to who asks.
func TestResponseInformation(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.ResponseInformation = "replies/" })
	for ask, want := range map[string]string{"": "", " p.ask-response=0": "", " p.ask-response=1": " p.response-info=replies/"} {
		c := w.client(5)
		c.send("connect id=a clean%s", ask)
		c.want("connack code=00%s", want)
		w.cut(c)
	}
}

// 4.11: who is connected when this server stops is sent to another.
func TestServerReference(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		old, c := w.connected(4, "id=old clean"), w.connected(5, "id=a clean")
		down := make(chan error, 1)
		go func() { down <- w.srv.Shutdown(context.Background()) }()
		c.want("disconnect code=9c p.server=other.example:1883")
		c.want("end")
		old.want("end")
		if err := <-down; err != nil {
			t.Fatal(err)
		}
	}, func(w *world) { w.cfg.ServerReference = "other.example:1883" })
}

// A session's subscriptions are bounded; one that is there may be replaced.
func TestMaxSubscriptions(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.MaxSubscriptions = 3 })
	for v, refused := range map[byte]string{4: "80", 5: "97"} {
		c := w.connected(v, "id=a clean")
		c.send("subscribe id=1 a:1 $share/g/b:1")
		c.want("suback id=1 codes=0101")
		c.send("subscribe id=2 c:1 d:1 a:2 $share/g/e:0")
		reason := ""
		if v == 5 {
			reason = strings.Repeat("; a session has at most 3 subscriptions", 2)[2:]
			reason = " p.reason=" + reason
		}
		c.want("suback id=2 codes=01%s02%s%s", refused, refused, reason)
		c.send("unsubscribe id=3 c")
		c.get()
		c.send("subscribe id=4 d:1")
		c.want("suback id=4 codes=01")
		w.cut(c)
	}
}

// Ten thousand SUBSCRIBEs in a row are answered in order, and so are the
// UNSUBSCRIBEs.
func TestSubscribesInARow(t *testing.T) {
	const n = 10_000
	w := newWorld(t)
	for _, v := range []byte{4, 5} {
		c := w.connected(v, "id=a p.session=1000")
		for _, kind := range []string{"subscribe", "unsubscribe"} {
			var all []byte
			for i := range n {
				text := fmt.Sprintf("%s id=%d %d", kind, i+1, i)
				if kind == "subscribe" {
					text += ":1"
				}
				all = append(all, encodeText(t, v, text)...)
			}
			sent := make(chan error, 1)
			go func() { _, err := c.nc.Write(all); sent <- err }()
			for i := range n {
				switch {
				case kind == "subscribe":
					c.want("suback id=%d codes=01", i+1)
				case v == 5:
					c.want("unsuback id=%d codes=00", i+1)
				default:
					c.want("unsuback id=%d", i+1)
				}
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			if q := w.subscriptions("a"); kind == "subscribe" && q != n || kind == "unsubscribe" && q != 0 {
				t.Errorf("%d bindings after %s", q, kind)
			}
		}
		w.cut(c)
	}
}

// While the disk is busy with one sync, a thousand SUBSCRIBEs wait for the next.
func TestSubscribesShareSyncs(t *testing.T) {
	const n = 1000
	g := &gated{}
	w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
	c := w.connected(5, "id=a p.session=1000")
	before := w.b.Stats().Synced
	g.Shut(func() {
		for i := range n {
			c.send("subscribe id=%d %d:1", i+1, i)
		}
		c.quiet()
	})
	for i := range n {
		c.want("suback id=%d codes=01", i+1)
	}
	if syncs := w.b.Stats().Synced - before; syncs > 4 {
		t.Errorf("%d syncs", syncs)
	}
}

func (w *world) subscriptions(id string) int {
	w.t.Helper()
	s, ok := w.b.Default().Session(DialectName, id)
	if !ok {
		w.t.Fatal("no session")
	}
	return s.Queue().Bindings()
}

// SUBACK comes when the disk has the subscription, which routes before; the
// retained values follow it, unless it was cancelled meanwhile.
func TestSubackAfterTheDisk(t *testing.T) {
	g := &gated{}
	w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
	c, pub := w.connected(5, "id=a p.session=1000"), w.connected(5, "id=pub clean")
	pub.send("publish topic=x retain qos=1 id=1 payload=kept")
	pub.want("puback id=1 code=10")
	g.Shut(func() {
		c.send("subscribe id=1 x:0 y:0")
		c.send("subscribe id=2 x/#:0")
		c.quiet()
		pub.send("publish topic=y payload=early")
		c.want("publish topic=y payload=early")
	})
	c.want("suback id=1 codes=0000")
	c.want("suback id=2 codes=00")
	c.want("publish topic=x retain payload=kept")
	c.want("publish topic=x retain payload=kept")
	c.quiet()
	g.Shut(func() {
		c.send("subscribe id=3 x:0")
		c.quiet()
	})
	c.want("suback id=3 codes=00")
	c.want("publish topic=x retain payload=kept")
}

// 3.1.3.2.4: a will's message expires after it is published, however late that
// is.
func TestWillExpiry(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		sub := w.connected(5, "id=sub p.session=1000")
		sub.send("subscribe id=1 w:1")
		sub.get()
		w.cut(sub)
		c := w.connected(5, "id=a clean will=w:gone:1 w.expiry=5 p.session=100 w.delay=10")
		for range 4 { // longer than delay and expiry together
			pass(10 * time.Second)
			c.quiet()
		}
		w.cut(c)
		pass(12 * time.Second)
		sub = w.connected(5, "id=sub p.session=1000")
		sub.want("publish topic=w qos=1 id=1 p.expiry=3 payload=gone")
	})
}

// [MQTT-3.1.2-24] An answer that the client does not take is not sent, and the
// connection ends instead of leaving it to wait; a reason string is left out
// before.
func TestAnswersTooLarge(t *testing.T) {
	w := newWorld(t)
	for connect, want := range map[string]string{
		"id=a clean p.max=10": "connack code=95",
		"id=a clean p.max=4":  "end",
	} {
		c := w.client(5)
		c.send("connect %s", connect)
		c.want("%s", want)
		if want != "end" {
			c.want("end")
		}
	}
	if _, ok := w.b.Default().Session(DialectName, "a"); ok {
		t.Error("a session was opened")
	}
	c := w.connected(5, "id=a clean p.max=30")
	c.send("subscribe id=1 $queue/no-such-queue-anywhere-at-all:1")
	c.want("suback id=1 codes=8f")
	filters := ""
	for i := range 40 {
		filters += fmt.Sprintf(" f%d:1", i)
	}
	c.send("subscribe id=2%s", filters)
	c.want("disconnect code=95")
	c.want("end")
}
