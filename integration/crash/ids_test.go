package crash

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// QoS 1 that a connected client has not acknowledged comes again after a kill, and
// after another, under the packet id that it had, with DUP [MQTT-4.4.0-1]; what is
// published meanwhile has none of those ids.
func TestKillKeepsPacketIDs(t *testing.T) {
	o := daemon.Options{Config: doors.Config(t, "")}
	for _, wire := range doors.Wires {
		t.Run(wire, func(t *testing.T) {
			o.Dir = t.TempDir()
			keepPacketIDs(t, o, wire)
		})
	}
}

func keepPacketIDs(t *testing.T, o daemon.Options, wire string) {
	const first, more = 500, 100
	b := daemon.Start(t, o)
	k := &keeper{t: t, wire: wire, ids: map[string]uint16{}}
	k.connect(b, false)
	k.follow()
	k.publish(b, 0, first)
	for n := 0; n < first; n++ {
		id, body, dup := k.next()
		if dup {
			t.Fatalf("%s came with DUP", body)
		}
		k.ids[body] = id
		if n < acked {
			k.ack(puback, id)
		}
	}
	for range 2 {
		b.Kill(t)
		k.Close()
		b = daemon.Start(t, o)
		k.connect(b, true)
		for n := 0; n < first-acked; {
			if !k.again() { // of those acknowledged some may come again
				n++
			}
		}
	}
	k.publish(b, first, more)
	for n := 0; n < more; n++ {
		id, body, dup := k.next()
		for other, used := range k.ids {
			if used == id && !k.late(other) {
				t.Fatalf("%s came under %d, which is of %s", body, id, other)
			}
		}
		if dup {
			t.Errorf("%s came with DUP", body)
		}
	}
	k.Close()
	b.Stop(t)
}

// acked is how many of the first messages are acknowledged.
const acked = 200

// A keeper acknowledges nothing else, and remembers.
type keeper struct {
	*link
	t    *testing.T
	wire string            // of doors.Wires
	ids  map[string]uint16 // by body
}

func (k *keeper) connect(b *daemon.Broker, present bool) {
	k.t.Helper()
	l, err := dial(b, k.wire)
	if err != nil {
		k.t.Fatal(err)
	}
	if k.link = l; k.hello("keeper") != present {
		k.t.Fatalf("a session was there: %v", !present)
	}
}

func (k *keeper) hello(client string) bool {
	k.t.Helper()
	present, err := k.link.hello(client)
	if err != nil {
		k.t.Fatal(err)
	}
	return present
}

func (k *keeper) follow() {
	k.t.Helper()
	k.write(subscribe, number(1), text("ids"), []byte{1})
	if p, err := k.read(); err != nil || p.first != suback || len(p.rest) != 3 || p.rest[2] != 1 {
		k.t.Fatalf("SUBSCRIBE was answered by %+v, %v", p, err)
	}
}

// publish has n messages confirmed.
func (k *keeper) publish(b *daemon.Broker, from, n int) {
	k.t.Helper()
	l, err := dial(b, k.wire)
	if err != nil {
		k.t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.hello("pub"); err != nil {
		k.t.Fatal(err)
	}
	for i := range n {
		l.write(publish|2, text("ids"), number(uint16(i+1)), fmt.Appendf(nil, "%d", from+i))
	}
	for range n {
		if p, err := l.read(); err != nil || p.first != puback {
			k.t.Fatalf("PUBLISH was answered by %+v, %v", p, err)
		}
	}
}

// next is the next delivery.
func (k *keeper) next() (id uint16, body string, dup bool) {
	k.t.Helper()
	p, err := k.read()
	if err != nil || p.first&0xf0 != publish || p.first&qosBits != 2 || len(p.rest) < 4 {
		k.t.Fatalf("%+v, %v instead of a PUBLISH at QoS 1", p, err)
	}
	at := 2 + int(binary.BigEndian.Uint16(p.rest))
	return binary.BigEndian.Uint16(p.rest[at:]), string(p.rest[at+2:]), p.first&dupFlag != 0
}

// again takes a delivery that came before; late says that it had been
// acknowledged, and acknowledges it once more.
func (k *keeper) again() (late bool) {
	k.t.Helper()
	id, body, dup := k.next()
	if want, was := k.ids[body]; !was || id != want || !dup {
		k.t.Fatalf("%s came under id %d, DUP %v; it was %d", body, id, dup, want)
	}
	if late = k.late(body); late {
		k.ack(puback, id)
	}
	return late
}

// late says whether a message was acknowledged: the first ones were.
func (k *keeper) late(body string) bool {
	var n int
	_, _ = fmt.Sscan(body, &n)
	return n < acked
}
