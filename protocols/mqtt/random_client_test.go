package mqtt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
)

// A randomClient publishes to itself at every QoS, answers when it pleases, says
// things twice, goes without a word, comes back and lets the broker restart. It
// is a model of both of the protocol's state machines: each packet it gets must
// be one that its state allows, and in the end QoS 1 came at least once and QoS
// 2 exactly once.
type randomClient struct {
	*client
	w    *world
	rng  *rand.Rand
	next int            // payload
	out  map[int]*sent  // packet ids of ours
	in   map[string]*in // of the broker's
	came map[string]int // deliveries by payload, resends of one exchange not counted
	qos  map[string]int // of what was published, by payload
	sure map[string]bool
	more map[int]int // PUBCOMPs to come for a PUBREL that was said twice
}

type sent struct {
	qos      int
	payload  string
	released bool // PUBREC came: PUBREL is said instead
}

type in struct {
	qos      string
	payload  string
	received bool // PUBREC was said
}

func (r *randomClient) connect(resumed bool) {
	r.client = r.w.client(r.v)
	r.send("connect id=m p.session=1000 p.receive=7")
	if got := r.get(); strings.Contains(got, "present") != resumed {
		r.t.Fatalf("%s; resumed %v", got, resumed)
	}
	clear(r.more)
	for id, s := range r.out { // [MQTT-4.4.0-1]
		r.say(id, s, " dup")
	}
}

func (r *randomClient) say(id int, s *sent, dup string) {
	if s.released {
		r.send("pubrel id=%d", id)
		return
	}
	r.send("publish topic=t/x qos=%d id=%d%s payload=%s", s.qos, id, dup, s.payload)
}

// got judges one packet.
func (r *randomClient) got(text string) {
	r.t.Helper()
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "publish":
		r.delivered(text)
	case "pubrel":
		id := strings.TrimPrefix(strings.Fields(rest)[0], "id=")
		if d := r.in[id]; d != nil && !d.received {
			r.t.Fatalf("%s before PUBREC", text)
		}
		delete(r.in, id)
		r.send("pubcomp id=%s", id)
	default:
		var id int
		if _, err := fmt.Sscanf(rest, "id=%d", &id); err != nil {
			r.t.Fatalf("got %s", text)
		}
		s := r.out[id]
		switch {
		case word == "pubcomp" && (s == nil || !s.released) && r.more[id] > 0:
			r.more[id]--
		case s == nil:
			r.t.Fatalf("%s of nothing", text)
		case word == "puback" && s.qos == 1, word == "pubcomp" && s.released:
			r.sure[s.payload] = true
			delete(r.out, id)
		case word == "pubrec" && s.qos == 2:
			r.sure[s.payload], s.released = true, true
			r.send("pubrel id=%d", id)
		default:
			r.t.Fatalf("%s for %+v", text, *s)
		}
	}
}

func (r *randomClient) delivered(text string) {
	r.t.Helper()
	m := inPublish.FindStringSubmatch(text + " ")
	_, payload, _ := strings.Cut(text, "payload=")
	if m == nil || r.qos[payload] != len(m[2])*int((m[2] + "0")[0]-'0') {
		r.t.Fatalf("%s, published at %d", text, r.qos[payload])
	}
	if m[2] == "" {
		r.came[payload]++
		return
	}
	switch d := r.in[m[3]]; {
	case d == nil:
		r.in[m[3]] = &in{qos: m[2], payload: payload}
		r.came[payload]++
	case d.payload != payload || m[4] == "":
		r.t.Fatalf("%s under the id of %+v", text, *d)
	case d.received:
		r.send("pubrec id=%s", m[3])
	}
}

// listen takes what there is.
func (r *randomClient) listen() {
	r.t.Helper()
	synctest.Wait()
	r.send("pingreq")
	for text := r.get(); text != "pingresp"; text = r.get() {
		r.got(text)
	}
}

func (r *randomClient) step() {
	switch n := r.rng.IntN(100); {
	case n < 40:
		r.publish(r.rng.IntN(3))
	case n < 75:
		r.answer()
	case n < 80:
		for id, s := range r.out { // twice: the answer may be on its way
			if s.qos == 2 && s.released {
				r.more[id]++
				r.send("pubrel id=%d", id)
			}
			break
		}
		r.listen()
		return
	case n < 90:
		r.listen()
	case n < 96:
		r.w.cut(r.client)
		r.connect(true)
	default:
		r.w.cut(r.client)
		r.w.restart()
		r.connect(true)
	}
	r.listen()
}

func (r *randomClient) publish(qos int) {
	r.next++
	payload := fmt.Sprint(r.next)
	r.qos[payload] = qos
	if qos == 0 {
		r.send("publish topic=t/x payload=%s", payload)
		return
	}
	id := 1
	for r.out[id] != nil {
		id++
	}
	r.out[id] = &sent{qos: qos, payload: payload}
	r.say(id, r.out[id], "")
}

// answer acknowledges one of the deliveries.
func (r *randomClient) answer() {
	for id, d := range r.in {
		switch {
		case d.qos == "1":
			r.send("puback id=%s", id)
			delete(r.in, id)
		case !d.received:
			d.received = true
			r.send("pubrec id=%s", id)
		default:
			continue
		}
		return
	}
}

func (r *randomClient) finish() {
	r.t.Helper()
	for i := 0; len(r.in)+len(r.out) > 0; i++ {
		if i > 10_000 {
			r.t.Fatalf("it does not end: %d in, %d out", len(r.in), len(r.out))
		}
		r.answer()
		r.listen()
	}
	for payload := range r.sure {
		switch n := r.came[payload]; {
		case r.qos[payload] == 1 && n == 0, r.qos[payload] == 2 && n != 1:
			r.t.Errorf("%s at QoS %d came %d times", payload, r.qos[payload], n)
		}
	}
}

func TestRandomClient(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		for _, v := range []byte{4, 5} {
			t.Run(fmt.Sprintf("v%d/%d", v, seed), func(t *testing.T) {
				inTime(t, func(t *testing.T, w *world) {
					r := &randomClient{
						client: &client{v: v}, w: w, rng: rand.New(rand.NewPCG(seed, uint64(v))),
						out: map[int]*sent{}, in: map[string]*in{}, came: map[string]int{}, qos: map[string]int{}, sure: map[string]bool{}, more: map[int]int{},
					}
					r.client = w.client(v)
					_ = r.nc.Close()
					r.connect(false)
					r.send("subscribe id=9999 t/#:2")
					r.want("suback id=9999 codes=02")
					for range 200 {
						r.step()
					}
					r.finish()
					if len(r.sure) < 20 {
						t.Errorf("only %d were confirmed", len(r.sure))
					}
				})
			})
		}
	}
}
