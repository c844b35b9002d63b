package mqtt

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// stopping is a store that from a moment on forgets what is written: to restart
// on it is to restart after a kill.
type stopping struct {
	core.Store
	dead atomic.Bool
}

func (s *stopping) Apply(b core.Batch, d core.Durability) error {
	if s.dead.Load() {
		return nil
	}
	return s.Store.Apply(b, d)
}

// ends are the two ways in which a broker goes.
var ends = map[string]func(*world, *stopping){
	"stopped": func(w *world, _ *stopping) { w.restart() },
	"killed": func(w *world, s *stopping) {
		s.dead.Store(true)
		w.close()
		s.dead.Store(false)
		w.open()
	},
}

// through runs f for both, and versions 3.1.1 and 5.
func through(t *testing.T, f func(t *testing.T, w *world, v byte, end func())) {
	for name, end := range ends {
		for _, v := range []byte{4, 5} {
			t.Run(fmt.Sprintf("%s/v%d", name, v), func(t *testing.T) {
				s := &stopping{}
				w := newWorld(t, func(w *world) { s.Store, w.store = w.store, s })
				f(t, w, v, func() { end(w, s) })
			})
		}
	}
}

var inPublish = regexp.MustCompile(`^publish topic=(\S+) (?:qos=(\d) id=(\d+) )?(dup )?(retain )?`)

// took reads a PUBLISH apart.
func took(c *client) (topic, qos, id string, dup, retain bool) {
	c.t.Helper()
	text := c.get()
	m := inPublish.FindStringSubmatch(text + " ")
	if m == nil {
		c.t.Fatalf("got %s", text)
	}
	return m[1], m[2], m[3], m[4] != "", m[5] != ""
}

// A taker takes deliveries and acknowledges them, in whatever order they and
// the acknowledgements cross.
type taker struct {
	*client
	held map[string]string // topic by packet id
	done map[string]int    // how often, by topic
	acks int               // how many more it acknowledges
}

// step takes one packet; false for the answer to a ping.
func (k *taker) step() bool {
	k.t.Helper()
	text := k.get()
	if m := inPublish.FindStringSubmatch(text + " "); m != nil {
		topic, qos, pid, dup := m[1], m[2], m[3], m[4] != ""
		if was, again := k.held[pid]; again && (was != topic || !dup) {
			k.t.Fatalf("%s, dup %v, under the id of %s", text, dup, was)
		}
		if m[5] == "" {
			k.t.Fatalf("%s without retain", text)
		}
		if k.held[pid] = topic; k.acks == 0 {
			return true
		}
		k.acks--
		if qos == "2" {
			k.send("pubrec id=%s", pid)
			return true
		}
		k.send("puback id=%s", pid)
		k.over(pid)
		return true
	}
	pid, released := strings.CutPrefix(text, "pubrel id=")
	if released {
		k.send("pubcomp id=%s", pid)
		k.over(pid)
	}
	return text != "pingresp"
}

func (k *taker) over(pid string) {
	topic, holds := k.held[pid]
	if !holds {
		return // a PUBREL again, of a PUBCOMP that was lost
	}
	k.done[topic]++
	delete(k.held, pid)
}

// Retained values of which the client has acknowledged some come again, and the
// rest comes, after the broker was stopped or killed: each QoS 2 value once, and
// under its packet id.
func TestRetainedSurvives(t *testing.T) {
	const values = 300
	through(t, func(t *testing.T, w *world, v byte, end func()) {
		for _, qos := range []string{"1", "2"} {
			pub := w.connected(v, "id=pub"+qos+" clean")
			for i := range values {
				pub.send("publish topic=r%s/%03d qos=%s id=%d retain payload=x", qos, i, qos, i+1)
			}
			for range values {
				pub.get()
			}
			id := "id=sub" + qos + " p.session=1000 p.receive=20"
			sub := &taker{w.connected(v, id), map[string]string{}, map[string]int{}, 50}
			sub.send("subscribe id=1 r%s/#:%s", qos, qos)
			sub.want("suback id=1 codes=0%s", qos)
			for len(sub.done) < 50 {
				sub.step()
			}
			for len(sub.held) < 15 {
				sub.step()
			}
			end()
			again := &taker{w.client(v), sub.held, sub.done, values}
			again.send("connect %s", id)
			if got := again.get(); !strings.HasPrefix(got, "connack code=00 present") {
				t.Fatal(got)
			}
			for len(again.done) < values {
				again.step()
			}
			for again.send("pingreq"); again.step(); { //nolint:revive // step does it
			}
			for topic, n := range again.done {
				if n > 1 && qos == "2" {
					t.Errorf("%s came %d times", topic, n)
				}
			}
			if len(again.held) > 0 {
				t.Errorf("left over: %v", again.held)
			}
			again.send("disconnect")
			again.want("end")
			cs, _ := w.b.Default().Session(DialectName, "sub"+qos)
			cs.State(func(key uint32, _ []byte) { t.Errorf("a record of nothing: %x", key) })
		}
	})
}

// finish acknowledges a delivery to its end; others may come meanwhile.
func finish(c *client, qos, pid string) {
	c.t.Helper()
	if qos == "1" {
		c.send("puback id=%s", pid)
		return
	}
	c.send("pubrec id=%s", pid)
	c.want("pubrel id=%s", pid)
	c.send("pubcomp id=%s", pid)
}

// [MQTT-4.4.0-1]: what was unacknowledged keeps its packet id through a stop and a
// kill of the broker, whether the client was there or away then.
func TestPacketIDsSurvive(t *testing.T) {
	for _, away := range []bool{true, false} {
		t.Run(fmt.Sprintf("away=%v", away), func(t *testing.T) { packetIDsSurvive(t, away) })
	}
}

func packetIDsSurvive(t *testing.T, away bool) {
	through(t, func(t *testing.T, w *world, v byte, end func()) {
		sub := w.connected(v, "id=sub p.session=1000")
		sub.send("subscribe id=1 x:2")
		sub.get()
		pub := w.connected(v, "id=pub clean")
		held := map[string]string{}
		for i := 1; i <= 6; i++ {
			pub.send("publish topic=x qos=%d id=%d payload=%d", i%2+1, i, i)
			pub.get()
			if i%2 == 1 {
				pub.send("pubrel id=%d", i)
				pub.get()
			}
			_, qos, pid, _, _ := took(sub)
			if i == 1 { // so that the ids are not those that a new session would use
				finish(sub, qos, pid)
				sub.send("pingreq") // answered after the PUBCOMP was taken: until then a PUBREL may rightly come again
				sub.want("pingresp")
				continue
			}
			held[pid] = qos
		}
		before := maps.Clone(held)
		if away {
			w.cut(sub)
		}
		pub.send("publish topic=other qos=1 id=9 retain payload=x") // what was done before is on the disk with it
		pub.get()
		end()
		sub = w.connected(v, "id=sub p.session=1000")
		for range before {
			_, qos, pid, dup, _ := took(sub)
			if before[pid] != qos || !dup {
				t.Fatalf("qos %s as id %s, dup %v; it was %v", qos, pid, dup, before)
			}
			delete(held, pid)
		}
		for pid, qos := range before {
			finish(sub, qos, pid)
		}
		sub.quiet()
		if len(held) > 0 {
			t.Fatalf("not sent again: %v", held)
		}
		sub.send("disconnect")
		sub.want("end")
		pub = w.connected(v, "id=pub clean")
		pub.send("publish topic=other qos=1 id=9 retain payload=x")
		pub.get()
		end()
		n := 0
		cs, _ := w.b.Default().Session(DialectName, "sub")
		cs.State(func(uint32, []byte) { n++ })
		if n > 0 {
			t.Fatalf("%d records of nothing", n)
		}
	})
}

// [MQTT-4.8.2-4] A QoS 2 message of a shared subscription that was sent stays
// with the session; what was QoS 1 goes to another member.
func TestSharedQoS2Stays(t *testing.T) {
	through(t, func(t *testing.T, w *world, v byte, end func()) {
		a := w.connected(v, "id=a p.session=1000 p.receive=10")
		a.send("subscribe id=1 $share/g/x:2")
		a.want("suback id=1 codes=02")
		pub := w.connected(v, "id=pub clean")
		for i := 1; i <= 2; i++ {
			pub.send("publish topic=x qos=%d id=%d payload=%d", i, i, i)
			pub.get()
		}
		pub.send("pubrel id=2")
		pub.get()
		a.want("publish topic=x qos=1 id=1 payload=1")
		a.want("publish topic=x qos=2 id=2 payload=2")
		b := w.connected(v, "id=b p.session=1000")
		b.send("subscribe id=1 $share/g/x:2")
		b.get()
		b.quiet()
		w.cut(a)
		b.want("publish topic=x qos=1 id=1 payload=1")
		b.send("puback id=1")
		b.quiet()
		pub.send("publish topic=other qos=1 id=9 retain payload=x") // what was done before is on the disk with it
		pub.get()
		end()
		b = w.connected(v, "id=b p.session=1000")
		b.quiet()
		a = w.connected(v, "id=a p.session=1000 p.receive=10")
		a.want("publish topic=x qos=2 id=2 dup payload=2")
		w.cut(a) // and again, from the session's own queue
		a = w.connected(v, "id=a p.session=1000 p.receive=10")
		a.want("publish topic=x qos=2 id=2 dup payload=2")
		finish(a, "2", "2")
		a.quiet()
		b.quiet()
	})
}

// [MQTT-4.8.2-5] It ends with the session, whether that ends with its
// connection or later.
func TestSharedQoS2EndsWithItsSession(t *testing.T) {
	for _, v := range []byte{4, 5} {
		w := newWorld(t)
		b := w.connected(v, "id=b clean")
		pub := w.connected(v, "id=pub clean")
		for _, connect := range []string{"id=a clean", "id=c p.session=1000"} {
			a := w.connected(v, connect)
			a.send("subscribe id=1 $share/g/x:2")
			a.want("suback id=1 codes=02")
			pub.send("publish topic=x qos=2 id=1 payload=1")
			pub.want("pubrec id=1")
			a.want("publish topic=x qos=2 id=1 payload=1")
			b.send("subscribe id=1 $share/g/x:2")
			b.get()
			w.cut(a)
			w.cut(w.connected(v, strings.Fields(connect)[0]+" clean")) // which ends the session
			b.quiet()
			pub.send("pubrel id=1")
			pub.want("pubcomp id=1")
			pub.send("publish topic=x qos=2 id=1 payload=2")
			pub.want("pubrec id=1")
			_, _, pid, _, _ := took(b)
			finish(b, "2", pid)
			pub.send("pubrel id=1")
			pub.want("pubcomp id=1")
			b.send("unsubscribe id=2 $share/g/x")
			b.get()
		}
	}
}

// [MQTT-3.10.4-3] What was sent of a shared subscription is completed after
// UNSUBSCRIBE, and what was not goes to the others.
func TestSharedUnsubscribed(t *testing.T) {
	w := newWorld(t)
	a := w.connected(5, "id=a p.session=1000 p.receive=2")
	a.send("subscribe id=1 $share/g/x:2")
	a.get()
	pub := w.connected(5, "id=pub clean")
	for i := 1; i <= 3; i++ {
		pub.send("publish topic=x qos=2 id=%d payload=%d", i, i)
		pub.want("pubrec id=%d", i)
	}
	a.want("publish topic=x qos=2 id=1 payload=1")
	a.want("publish topic=x qos=2 id=2 payload=2")
	b := w.connected(5, "id=b clean")
	b.send("subscribe id=1 $share/g/x:2")
	got := []string{b.get(), b.get()}
	slices.Sort(got)
	if s := strings.Join(got, ", "); s != "publish topic=x qos=2 id=1 payload=3, suback id=1 codes=02" {
		t.Fatal(s)
	}
	a.send("unsubscribe id=2 $share/g/x")
	a.want("unsuback id=2 codes=00")
	finish(a, "2", "1")
	finish(b, "2", "1")
	b.quiet()
	w.cut(a)
	b.quiet()
	a = w.connected(5, "id=a p.session=1000 p.receive=2")
	a.want("publish topic=x qos=2 id=2 dup payload=2")
	finish(a, "2", "2")
	a.quiet()
	b.quiet()
}

// [MQTT-4.3.3-7] What was sent does not expire before it is completed; what was
// not does.
func TestNoExpiryOnceSent(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		sub := w.connected(5, "id=sub p.session=1000 p.receive=2")
		sub.send("subscribe id=1 x:2")
		sub.get()
		pub := w.connected(5, "id=pub clean")
		for i := 1; i <= 3; i++ {
			pub.send("publish topic=x qos=%d id=%d payload=%d p.expiry=5", i%2+1, i, i)
			pub.get()
		}
		sub.want("publish topic=x qos=2 id=1 p.expiry=5 payload=1")
		sub.want("publish topic=x qos=1 id=2 p.expiry=5 payload=2")
		w.cut(sub)
		pass(10 * time.Second)
		sub = w.connected(5, "id=sub p.session=1000 p.receive=2")
		sub.want("publish topic=x qos=2 id=1 dup p.expiry=0 payload=1")
		sub.want("publish topic=x qos=1 id=2 dup p.expiry=0 payload=2")
		finish(sub, "2", "1")
		finish(sub, "1", "2")
		sub.quiet()
	})
}

// [MQTT-4.8.2-4] It stays with a session whose connection the broker's end cut
// off, and comes under its packet id; [MQTT-4.8.2-5] if that session has ended when
// the broker starts, it is gone.
func TestSharedQoS2StaysThroughACut(t *testing.T) {
	through(t, func(t *testing.T, w *world, v byte, end func()) {
		a := w.connected(v, "id=a p.session=1000 p.receive=10")
		a.send("subscribe id=1 $share/g/x:2")
		a.want("suback id=1 codes=02")
		pub := w.connected(v, "id=pub clean")
		for i := 1; i <= 2; i++ {
			pub.send("publish topic=x qos=%d id=%d payload=%d", i, i, i)
			pub.get()
		}
		pub.send("pubrel id=2")
		pub.get()
		a.want("publish topic=x qos=1 id=1 payload=1")
		a.want("publish topic=x qos=2 id=2 payload=2")
		pub.send("publish topic=other qos=1 id=9 retain payload=x") // what was done before is on the disk with it
		pub.get()
		end()
		b := w.connected(v, "id=b p.session=1000")
		b.send("subscribe id=1 $share/g/x:2")
		first, second := b.get(), b.get() // in either order
		if !strings.Contains(first+second, "suback id=1 codes=02") || !strings.Contains(first+second, "payload=1") {
			t.Fatalf("got %s, %s", first, second)
		}
		b.send("puback id=1")
		b.send("publish topic=other qos=1 id=9 retain payload=x") // what was done before is on the disk with it
		b.get()
		end() // and a second time, before anybody was there
		b = w.connected(v, "id=b p.session=1000")
		b.quiet()
		a = w.connected(v, "id=a p.session=1000 p.receive=10")
		a.want("publish topic=x qos=2 id=2 dup payload=2")
		finish(a, "2", "2")
		a.quiet()
		b.quiet()
		if n := w.inFlightOf("x"); n > 0 {
			t.Fatalf("%d are left", n)
		}
	})
}

// inFlightOf is what the group g of a filter holds.
func (w *world) inFlightOf(filter string) int64 {
	w.t.Helper()
	q, ok := w.b.Default().Queue(sharePrefix + "g/" + filter)
	if !ok {
		w.t.Fatal("no group")
	}
	n := q.Counts()
	return n.Ready + n.InFlight
}

// [MQTT-4.8.2-5] through a kill.
func TestSharedQoS2EndsWithItsSessionThroughAKill(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		s := w.store.(*stopping)
		a := w.connected(5, "id=a p.session=5 p.receive=10")
		a.send("subscribe id=1 $share/g/x:2")
		a.want("suback id=1 codes=02")
		b := w.connected(5, "id=b p.session=1000")
		b.send("subscribe id=1 $share/g/x:2")
		b.want("suback id=1 codes=02")
		w.cut(b)
		pub := w.connected(5, "id=pub clean")
		pub.send("publish topic=x qos=2 id=1 payload=1")
		pub.want("pubrec id=1")
		a.want("publish topic=x qos=2 id=1 payload=1")
		pass(time.Second)
		s.dead.Store(true)
		w.close()
		pass(time.Minute)
		s.dead.Store(false)
		w.open()
		pass(time.Minute)
		b = w.connected(5, "id=b p.session=1000")
		b.quiet()
		if n := w.inFlightOf("x"); n > 0 {
			t.Fatalf("%d are left", n)
		}
	}, func(w *world) { w.store = &stopping{Store: w.store} })
}

// [MQTT-4.3.3-7] through a kill: of QoS 2 what was sent does not expire, be it of
// the session's own subscription or of a shared one, and what was not does.
func TestNoExpiryOnceSentThroughAKill(t *testing.T) {
	for _, filter := range []string{"x", "$share/g/x"} {
		inTime(t, func(t *testing.T, w *world) {
			s := w.store.(*stopping)
			sub := w.connected(5, "id=sub p.session=1000 p.receive=1")
			sub.send("subscribe id=1 %s:2", filter)
			sub.want("suback id=1 codes=02")
			pub := w.connected(5, "id=pub clean")
			for i := 1; i <= 2; i++ {
				pub.send("publish topic=x qos=2 id=%d payload=%d p.expiry=5", i, i)
				pub.want("pubrec id=%d", i)
			}
			sub.want("publish topic=x qos=2 id=1 p.expiry=5 payload=1")
			pass(time.Second)
			s.dead.Store(true)
			w.close()
			pass(time.Minute)
			s.dead.Store(false)
			w.open()
			pass(time.Minute)
			sub = w.connected(5, "id=sub p.session=1000 p.receive=1")
			_, qos, pid, dup, _ := took(sub)
			if qos != "2" || pid != "1" || !dup {
				t.Fatalf("%s: qos %s, id %s, dup %v", filter, qos, pid, dup)
			}
			finish(sub, "2", "1")
			sub.quiet()
		}, func(w *world) { w.store = &stopping{Store: w.store} })
	}
}

// Messages whose packet ids their places would give twice: each has its own, also
// after a kill, none overtakes another, and a client that takes few gets few.
func TestStrays(t *testing.T) {
	through(t, func(t *testing.T, w *world, v byte, end func()) {
		sub := w.connected(v, "id=sub p.session=1000 p.receive=100")
		sub.send("subscribe id=1 x:1")
		sub.want("suback id=1 codes=01")
		sub.send("subscribe id=2 $share/g/y:2")
		sub.want("suback id=2 codes=02")
		pub := w.connected(v, "id=pub clean")
		for i := 1; i <= 3; i++ { // take the ids 1 to 3
			pub.send("publish topic=y qos=2 id=%d payload=y%d", i, i)
			pub.want("pubrec id=%d", i)
			sub.want("publish topic=y qos=2 id=%d payload=y%d", i, i)
		}
		ids := map[string]string{}
		for i := 1; i <= 6; i++ {
			pub.send("publish topic=x qos=1 id=9 payload=x%d", i)
			pub.want("puback id=9")
			_, _, pid, dup, _ := took(sub)
			if n, _ := strconv.Atoi(pid); dup || (i <= 3) != (n > 30_000) {
				t.Fatalf("x%d as id %s, dup %v", i, pid, dup)
			}
			ids[fmt.Sprintf("x%d", i)] = pid
		}
		end()
		sub = w.connected(v, "id=sub p.session=1000 p.receive=100")
		for i, last := 0, 0; i < 9; i++ {
			text := sub.get()
			if strings.Contains(text, "topic=y") {
				continue
			}
			last++
			want := fmt.Sprintf("publish topic=x qos=1 id=%s dup payload=x%d", ids[fmt.Sprintf("x%d", last)], last)
			if text != want {
				t.Fatalf("got %s, want %s", text, want)
			}
		}
		sub.quiet()
	})
}

// A client that takes nothing is owed the retained values from SUBACK on: they come
// when it does, although the broker ended before the first was sent.
func TestRetainedOfAStuckClientSurvives(t *testing.T) {
	through(t, func(t *testing.T, w *world, v byte, end func()) {
		w.cfg.OldInflight = 1
		w.restart()
		pub := w.connected(v, "id=pub clean")
		for i := 1; i <= 3; i++ {
			pub.send("publish topic=r/%d qos=1 id=%d retain payload=%d", i, i, i)
			pub.get() // version 5 says that nobody subscribed
		}
		sub := w.connected(v, "id=sub p.session=1000 p.receive=1")
		sub.send("subscribe id=1 x:1")
		sub.want("suback id=1 codes=01")
		pub.send("publish topic=x qos=1 id=9 payload=x")
		pub.want("puback id=9")
		_, _, pid, _, _ := took(sub)
		sub.send("subscribe id=2 r/#:1")
		sub.want("suback id=2 codes=01")
		sub.quiet()
		end()
		sub = w.connected(v, "id=sub p.session=1000 p.receive=1")
		if topic, _, again, dup, _ := took(sub); topic != "x" || again != pid || !dup {
			t.Fatalf("%s as id %s, dup %v", topic, again, dup)
		}
		sub.send("puback id=%s", pid)
		for i := 1; i <= 3; i++ {
			topic, qos, pid, _, retain := took(sub)
			if topic != fmt.Sprintf("r/%d", i) || qos != "1" || !retain {
				t.Fatalf("%s, qos %s, retain %v", topic, qos, retain)
			}
			sub.send("puback id=%s", pid)
		}
		sub.quiet()
		sub.send("unsubscribe id=3 r/#")
		sub.get()
		sub.quiet()
		cs, _ := w.b.Default().Session(DialectName, "sub")
		cs.State(func(key uint32, _ []byte) { t.Errorf("a record of nothing: %x", key) })
	})
}
