package mqtt

import (
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]: who has no client id gets one
// that no other session has, and is told.
func TestAssignedClientID(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 100 {
		c := w.client(5)
		c.send("connect p.session=100")
		id, ok := strings.CutPrefix(c.get(), "connack code=00 p.assigned=")
		if !ok || id == "" || seen[id] {
			t.Fatalf("assigned %q", id)
		}
		seen[id] = true
		c.quiet()
	}
	for id := range seen { // it names the session, and all of them are there
		c := w.client(5)
		c.send("connect id=%s p.session=100", id)
		c.want("connack code=00 present")
		break
	}
	if n := len(w.srv.Conns()); n < 100 {
		t.Errorf("%d of 100 connections are left", n)
	}
}

// [MQTT-3.1.3-8], in 3.1.1 [MQTT-3.1.3-9]: a client id that is refused is answered, and the connection
// ends.
func TestRefusedClientID(t *testing.T) {
	w := newWorld(t)
	for v, want := range map[byte]string{
		4: "connack code=02",
		5: "connack code=85 p.reason=the client id has more than 1024 bytes",
	} {
		c := w.client(v)
		c.send("connect id=%s clean", strings.Repeat("x", maxClientID+1))
		c.want("%s", want)
		c.want("end")
	}
}

// [MQTT-4.3.3-13]: the acknowledgements of QoS 2 go on though the message
// expired.
func TestQoS2GoesOnExpired(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		sub := w.connected(5, "id=sub p.session=1000")
		sub.send("subscribe id=1 x:2")
		sub.get()
		w.cut(sub)
		pub := w.connected(5, "id=pub p.session=1000")
		pub.send("publish topic=x qos=2 id=1 payload=short p.expiry=5")
		pub.want("pubrec id=1")
		pass(10 * time.Second)
		for range 2 { // through another connection of the session too
			pub.send("publish topic=x qos=2 id=1 dup payload=short p.expiry=5")
			pub.want("pubrec id=1")
			w.cut(pub)
			pub = w.connected(5, "id=pub p.session=1000")
		}
		pub.send("pubrel id=1")
		pub.want("pubcomp id=1")
		sub = w.connected(5, "id=sub p.session=1000")
		sub.quiet() // it was one message, and that is gone
		pub.send("publish topic=x qos=2 id=1 payload=next")
		pub.want("pubrec id=1")
		sub.want("publish topic=x qos=2 id=2 payload=next")
	})
}

// [MQTT-4.6.0-4]: PUBRELs leave in the order of the PUBRECs, from whatever the
// messages came: the session's queue, a shared subscription, a retained value.
func TestPubrelsInOrder(t *testing.T) {
	for _, connect := range []string{"id=sub p.session=1000", "id=sub clean"} {
		for _, v := range []byte{4, 5} {
			g := &gated{}
			w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
			pub := w.connected(v, "id=pub clean")
			sub := w.connected(v, connect)
			ids := threeSources(t, pub, sub)
			for i := range ids { // neither as they came nor the other way round
				k := (i*7 + 3) % len(ids)
				ids[i], ids[k] = ids[k], ids[i]
			}
			answer := func() {
				for _, id := range ids {
					sub.send("pubrec id=%s", id)
				}
			}
			if strings.HasSuffix(connect, "clean") {
				answer()
			} else {
				g.Shut(func() { answer(); sub.quiet() })
			}
			for _, id := range ids {
				sub.want("pubrel id=%s", id)
			}
			for _, id := range ids {
				sub.send("pubcomp id=%s", id)
			}
			sub.quiet()
		}
	}
}

// threeSources are the packet ids of QoS 2 messages that a client got.
func threeSources(t *testing.T, pub, sub *client) (ids []string) {
	t.Helper()
	for i := range 6 {
		pub.send("publish topic=kept/%d retain qos=2 id=%d payload=r", i, 20+i)
		pub.get()
	}
	sub.send("subscribe id=1 own:2 $share/g/shared:2")
	sub.get()
	for i := range 12 {
		pub.send("publish topic=%s qos=2 id=%d payload=p", []string{"own", "shared"}[i%2], i+1)
		pub.get()
	}
	sub.send("subscribe id=2 kept/+:2")
	for len(ids) < 18 {
		got := sub.get()
		if strings.HasPrefix(got, "suback") {
			continue
		}
		if !strings.Contains(got, " qos=2 ") {
			t.Fatal(got)
		}
		ids = append(ids, packetID(t, got))
	}
	return ids
}

// [MQTT-4.1.0-1]: no session ends while its connection is there, however short
// its expiry.
func TestSessionOutlivesItsExpiryConnected(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		pub := w.connected(5, "id=pub clean")
		for i, connect := range []string{"id=a p.session=10", "id=b clean", "id=c"} {
			c := w.connected(5, connect)
			c.send("subscribe id=1 x:1")
			c.want("suback id=1 codes=01")
			for k := 1; k <= 3; k++ {
				pass(15 * time.Second)
				pub.send("publish topic=x qos=1 id=1 payload=%d", k)
				pub.want("puback id=1")
				c.want("publish topic=x qos=1 id=%d payload=%d", k, k)
				c.send("puback id=%d", k)
			}
			w.cut(c)
			c = w.client(5)
			c.send("connect %s", connect)
			want := "connack code=00"
			if i == 0 {
				want += " present"
			}
			c.want("%s", want)
			c.send("disconnect")
			c.want("end")
			pass(11 * time.Second)
		}
	})
}

// [MQTT-3.3.4-9] [MQTT-4.9.0-2]: the receive maximum is that of the connection,
// whatever the messages come from.
func TestReceiveMaximumOfAllSources(t *testing.T) {
	for _, connect := range []string{"id=sub clean p.receive=2", "id=sub p.session=1000 p.receive=2"} {
		w := newWorld(t)
		if _, _, err := w.b.Default().DeclareQueue("q", core.QueueOptions{Durable: true}); err != nil {
			t.Fatal(err)
		}
		pub, sub := w.connected(5, "id=pub clean"), w.connected(5, connect)
		sub.send("subscribe id=1 own:1 $share/g/shared:1 $queue/q:1")
		sub.want("suback id=1 codes=010101")
		topics := []string{"own", "shared", "$queue/q", "kept/1", "own", "shared", "$queue/q", "kept/2"}
		for i, topic := range topics {
			retain := map[bool]string{true: " retain", false: ""}[strings.HasPrefix(topic, "kept")]
			pub.send("publish topic=%s%s qos=1 id=%d payload=p", topic, retain, i+1)
			pub.get()
		}
		ids := []string{packetID(t, sub.get()), packetID(t, sub.get())}
		sub.quiet()
		sub.send("subscribe id=2 kept/+:1")
		sub.want("suback id=2 codes=01")
		for range len(topics) - 2 {
			sub.quiet() // not one more
			sub.send("puback id=%s", ids[0])
			ids = append(ids[1:], packetID(t, sub.get()))
		}
		sub.quiet()
	}
}

func packetID(t *testing.T, publish string) string {
	t.Helper()
	_, rest, ok := strings.Cut(publish, " id=")
	if !ok || !strings.HasPrefix(publish, "publish ") {
		t.Fatal(publish)
	}
	id, _, _ := strings.Cut(rest, " ")
	return id
}
