package mqtt

import (
	"slices"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/protocols/doortest"
)

// gated is a store that can hold answers back.
type gated struct{ doortest.Gated }

// held shuts the gate, does something, shows that its answer does not come
// while pings are answered, opens the gate and gets it.
func (g *gated) held(c *client, do func(), want ...string) {
	c.t.Helper()
	g.Shut(func() {
		do()
		c.quiet()
	})
	for _, packet := range want {
		c.want("%s", packet)
	}
}

// DESIGN section 5's table: each answer comes after the disk has what it
// promises, and nothing else waits meanwhile.
func TestNoAnswerBeforeTheDisk(t *testing.T) {
	for _, v := range []byte{4, 5} {
		g := &gated{}
		w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
		sub := w.connected(v, "id=sub p.session=1000")
		sub.send("subscribe id=1 one:1 two:2")
		sub.want("suback id=1 codes=0102")
		pub := w.connected(v, "id=pub p.session=1000")

		g.held(pub, func() { pub.send("publish topic=one qos=1 id=1 payload=1") }, "puback id=1")
		sub.want("publish topic=one qos=1 id=1 payload=1")
		sub.send("puback id=1")
		g.held(pub, func() { pub.send("publish topic=one qos=2 id=2 payload=2") }, "pubrec id=2")
		sub.want("publish topic=one qos=1 id=2 payload=2")
		sub.send("puback id=2")
		g.held(pub, func() { pub.send("pubrel id=2") }, "pubcomp id=2")
		// The outbound packet id is recorded before the first PUBLISH: the gate is
		// shut between the commit of the message and that of the id.
		pub.send("publish topic=two qos=2 id=3 payload=3")
		pub.want("pubrec id=3")
		sub.want("publish topic=two qos=2 id=3 payload=3")
		g.held(sub, func() { sub.send("pubrec id=3") }, "pubrel id=3")
		sub.send("pubcomp id=3")
		sub.quiet()
		// A session is durably attached before CONNACK says that it is there.
		w.cut(sub)
		pub.send("pubrel id=3")
		pub.want("pubcomp id=3")
		pub.send("publish topic=two qos=2 id=4 payload=4")
		pub.want("pubrec id=4")
		var again *client
		g.Shut(func() {
			again = w.client(v)
			again.send("connect id=sub p.session=1000")
			pub.quiet()
		})
		again.want("connack code=00 present")
		again.want("publish topic=two qos=2 id=4 payload=4")
		again.send("subscribe id=2 x:0")
		again.want("suback id=2 codes=00")
	}
}

// A message of which the first connection never learnt that it is durable is
// acknowledged to the next one, once it is.
func TestDuplicateBeforeTheDisk(t *testing.T) {
	g := &gated{}
	w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
	sub := w.connected(4, "id=sub")
	sub.send("subscribe id=1 x:1")
	sub.get()
	first := w.connected(4, "id=pub")
	var second *client
	g.Shut(func() {
		first.send("publish topic=x qos=2 id=1 payload=once")
		first.quiet()
		w.cut(first)
		second = w.client(4)
		second.send("connect id=pub")
		second.send("publish topic=x qos=2 id=1 dup payload=once")
	})
	second.want("connack code=00 present")
	second.want("pubrec id=1")
	second.send("pubrel id=1")
	second.want("pubcomp id=1")
	sub.want("publish topic=x qos=1 id=1 payload=once")
	sub.quiet()
}

// A PUBREL that a client sends twice on one connection (MQTT 3.1 has it do so
// when it waits too long) is answered once, and not before the disk has it: the
// client may use the id for another message from then on, which after a crash
// would pass for the first.
func TestPubrelAgainBeforeTheDisk(t *testing.T) {
	g := &gated{}
	w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
	w.connected(4, "id=pub")
	pub := w.connected(4, "id=pub") // a session that was there
	pub.send("publish topic=x qos=2 id=1 payload=1")
	pub.want("pubrec id=1")
	g.held(pub, func() {
		pub.send("pubrel id=1")
		pub.send("pubrel id=1")
	}, "pubcomp id=1")
	pub.quiet()
	pub.send("pubrel id=1") // of a client that did not get that PUBCOMP
	pub.want("pubcomp id=1")
	pub.send("publish topic=x qos=2 id=1 payload=2")
	pub.want("pubrec id=1")
	g.Shut(func() { // who does not wait for anything
		pub.send("pubrel id=1")
		pub.send("publish topic=x qos=2 id=1 payload=3")
		pub.send("pubrel id=1")
		pub.send("publish topic=x qos=2 id=2 payload=4")
		pub.send("pubrel id=2")
		pub.quiet()
	})
	got := []string{pub.get(), pub.get(), pub.get(), pub.get(), pub.get()}
	slices.Sort(got)
	if s := strings.Join(got, ", "); s != "pubcomp id=1, pubcomp id=1, pubcomp id=2, pubrec id=1, pubrec id=2" {
		t.Error(s)
	}
	pub.quiet()
}
