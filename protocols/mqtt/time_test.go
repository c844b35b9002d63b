package mqtt

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// inTime runs f in fake time, over pipes.
func inTime(t *testing.T, f func(t *testing.T, w *world), change ...func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, append(change, func(w *world) { w.pipe = true })...)
		f(t, w)
		w.close()
	})
}

// pass lets fake time go on.
func pass(d time.Duration) { <-time.After(d) }

// [MQTT-3.1.2-22], in 3.1.1 [MQTT-3.1.2-24]: one and a half keep-alives without
// a packet.
func TestKeepAlive(t *testing.T) {
	for v, want := range map[byte]string{3: "end", 4: "end", 5: "disconnect code=8d"} {
		inTime(t, func(t *testing.T, w *world) {
			sub := w.connected(5, "id=sub clean")
			sub.send("subscribe id=1 w:0")
			sub.get()
			c := w.connected(v, "id=a clean keepalive=4 will=w:gone:0")
			for range 5 {
				pass(4 * time.Second)
				c.quiet()
			}
			began := time.Now()
			c.want("%s", want)
			if d := time.Since(began); d < 6*time.Second || d > 7*time.Second {
				t.Fatalf("after %v", d)
			}
			sub.want("publish topic=w payload=gone")
		})
	}
}

func TestServerKeepAlive(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		c := w.client(5)
		c.send("connect id=a clean")
		if got := c.get(); !strings.Contains(got, " p.keepalive=2") {
			t.Fatal(got)
		}
		began := time.Now()
		c.want("disconnect code=8d")
		if d := time.Since(began); d < 3*time.Second || d > 4*time.Second {
			t.Fatalf("after %v", d)
		}
	}, func(w *world) { w.cfg.MaxKeepAlive = 2 * time.Second })
}

// [MQTT-3.1.2-23] sessions end by their expiry, also one that is capped.
func TestSessionExpiry(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		for _, connect := range []string{"id=a p.session=10", "id=a p.session=4294967295"} {
			for _, tc := range []struct {
				away time.Duration
				want string
			}{{9 * time.Second, "connack code=00 present"}, {21 * time.Second, "connack code=00"}} {
				c := w.connected(5, connect)
				w.cut(c)
				pass(tc.away)
				c = w.client(5)
				c.send("connect %s", connect)
				if got := c.get(); !strings.HasPrefix(got, tc.want) || strings.Contains(got, "present") != strings.Contains(tc.want, "present") {
					t.Fatalf("%s, %v away: %s", connect, tc.away, got)
				}
				c.send("disconnect code=0 p.session=0")
				c.want("end")
			}
		}
	}, func(w *world) { w.cfg.MaxSessionExpiry = 20 * time.Second })
}

// [MQTT-3.1.3-9] and 3.1.3.2.2: a will waits for its delay or the end of the
// session, whichever is first.
func TestWillDelay(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		sub := w.connected(5, "id=sub clean")
		sub.send("subscribe id=1 w:1")
		sub.get()
		for _, tc := range []struct {
			connect string
			delay   time.Duration
		}{
			{"id=a p.session=10 will=w:gone:0 w.delay=5", 5 * time.Second},
			{"id=b p.session=10 will=w:gone:0 w.delay=50", 10 * time.Second},
			{"id=c clean will=w:gone:0 w.delay=50", 0},
		} {
			w.cut(w.connected(5, tc.connect))
			began := time.Now()
			sub.want("publish topic=w payload=gone")
			if d := time.Since(began); d != tc.delay {
				t.Fatalf("%s: after %v", tc.connect, d)
			}
		}
		// Who is back before the delay is over has no will published, then or later.
		w.cut(w.connected(5, "id=d p.session=100 will=w:gone:0 w.delay=5"))
		pass(4 * time.Second)
		d := w.connected(5, "id=d p.session=100")
		for range 4 {
			sub.quiet()
			pass(4 * time.Second)
		}
		d.quiet()
	})
}

// [MQTT-3.3.2-5], [MQTT-3.3.2-6]: what waits counts down, and is gone when over.
func TestMessageExpiry(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		sub := w.connected(5, "id=sub p.session=1000")
		sub.send("subscribe id=1 x:1")
		sub.get()
		synctest.Wait() // nothing is retained yet
		w.cut(sub)
		pub := w.connected(5, "id=pub clean")
		pub.send("publish topic=x qos=1 id=1 payload=short p.expiry=5")
		pub.want("puback id=1")
		pub.send("publish topic=x qos=1 id=2 retain payload=long p.expiry=50")
		pub.want("puback id=2")
		pass(10*time.Second + time.Millisecond)
		sub = w.connected(5, "id=sub p.session=1000")
		sub.want("publish topic=x qos=1 id=2 p.expiry=40 payload=long")
		sub.send("subscribe id=2 x:0")
		sub.want("suback id=2 codes=00")
		sub.want("publish topic=x retain p.expiry=40 payload=long")
		sub.quiet()
	})
}

// A shared subscription whose last session expired while it was away goes too.
func TestGroupEndsWithItsSessions(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		a, b := w.connected(5, "id=a p.session=10"), w.connected(5, "id=b clean")
		for _, c := range []*client{a, b} {
			c.send("subscribe id=1 $share/g/x:1")
			c.want("suback id=1 codes=01")
		}
		w.cut(b)
		w.cut(a)
		if len(w.b.Default().Queues(sharePrefix, true)) != 1 {
			t.Fatal("the group is gone with a session left")
		}
		pass(11 * time.Second)
		if len(w.b.Default().Queues(sharePrefix, true)) != 0 {
			t.Fatal("the group is still there")
		}
	})
}

// A server that stops confirms what it took, and says why it goes.
func TestDrain(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		sub := w.connected(5, "id=sub p.session=1000")
		sub.send("subscribe id=1 x:1")
		sub.get()
		w.cut(sub)
		c := w.connected(5, "id=a clean")
		c.send("publish topic=x qos=1 id=1 payload=x")
		down := make(chan error, 1)
		go func() { down <- w.srv.Shutdown(context.Background()) }()
		c.want("puback id=1")
		c.want("disconnect code=8b")
		c.want("end")
		if err := <-down; err != nil {
			t.Fatal(err)
		}
	})
}

// A disk without room refuses in each version's way, and QoS 0 goes on.
func TestNoSpace(t *testing.T) {
	for v, want := range map[byte]string{4: "end", 5: "puback id=1 code=97 p.reason=no space: the disk is below its low-space watermark"} {
		w := newWorld(t, func(w *world) { w.store = full{w.store} })
		c := w.connected(v, "id=a clean")
		c.send("subscribe id=1 x:0")
		c.get()
		c.send("publish topic=x payload=0")
		c.want("publish topic=x payload=0")
		c.send("publish topic=x qos=1 id=1 payload=1")
		c.want("%s", want)
	}
}

type full struct{ core.Store }

func (full) Room() bool { return false }

// Who does not read is cut, and what it was sent is its queue's again.
func TestStalled(t *testing.T) {
	for _, v := range []byte{4, 5} {
		inTime(t, func(t *testing.T, w *world) {
			if _, _, err := w.b.Default().DeclareQueue("a", core.QueueOptions{Durable: true}); err != nil {
				t.Fatal(err)
			}
			c := w.connected(v, "id=a clean")
			c.send("subscribe id=1 $queue/a:1")
			c.want("suback id=1 codes=01")
			w.door.CutsStalled(t, "a")
		})
	}
}
