package stomp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A crowd is several random clients of the same queues and the model of who may
// have what: a body is in its queue or held by one of them, whose subscription
// covers the queue and has no more than its prefetch. Acknowledgements are of
// subscriptions that give them: what ack:auto takes the model of one client has.
type crowd struct {
	t       *testing.T
	w       *world
	rnd     *rand.Rand
	members []*member
	in      map[string]string  // queue of each body that has to be there
	holder  map[string]*member // of bodies that were read
	n       int
}

type member struct {
	*client
	subs    map[string]crowdSub
	held    []frame // in order
	leaving string  // the subscription that ends: what comes of it is not held, and may come again of another
}

type crowdSub struct {
	pattern, mode string
	prefetch      int
}

func (s crowdSub) covers(queue string) bool {
	return s.pattern == queue || s.pattern == ">" || strings.HasSuffix(s.pattern, "*") && strings.HasPrefix(queue, strings.TrimSuffix(s.pattern, "*"))
}

func (c *crowd) join() *member {
	return &member{client: c.w.connected("1.2"), subs: map[string]crowdSub{}}
}

func (c *crowd) do(m *member, format string, args ...any) {
	c.t.Helper()
	c.n++
	id := fmt.Sprint("r", c.n)
	m.send("%s; receipt:%s", fmt.Sprintf(format, args...), id)
	for {
		f, err := m.read()
		switch {
		case err != nil:
			c.t.Fatal(err)
		case f.command == "MESSAGE":
			c.took(m, f)
		case f.command == "RECEIPT" && f.get("receipt-id") == id:
			return
		default:
			c.t.Fatalf("%s is answered by %q", fmt.Sprintf(format, args...), f)
		}
	}
}

func (c *crowd) took(m *member, f frame) {
	c.t.Helper()
	body, s := f.get("b"), m.subs[f.get("subscription")]
	queue := c.in[body]
	switch {
	case queue == "" || !s.covers(queue):
		c.t.Fatalf("%q of %q comes to %+v", body, queue, s)
	case c.holder[body] != nil:
		c.t.Fatalf("%s comes to a second client, or again", body)
	}
	if f.get("subscription") == m.leaving {
		return
	}
	c.holder[body] = m
	m.held = append(m.held, f)
	n := 0
	for _, h := range m.held {
		if h.get("subscription") == f.get("subscription") {
			n++
		}
	}
	if n > s.prefetch {
		c.t.Fatalf("%d are held of %+v", n, s)
	}
}

// letGo is what a client holds no more; gone says that nobody will have it again.
func (c *crowd) letGo(m *member, gone bool, which func(i int, f *frame) bool) {
	var kept []frame
	for i, f := range m.held {
		if !which(i, &f) {
			kept = append(kept, f)
			continue
		}
		delete(c.holder, f.get("b"))
		if gone {
			delete(c.in, f.get("b"))
		}
	}
	m.held = kept
}

func (c *crowd) step() {
	m := c.members[c.rnd.IntN(len(c.members))]
	queue := fmt.Sprint("m.", c.rnd.IntN(4))
	switch c.rnd.IntN(14) {
	case 0, 1, 2, 3:
		body := fmt.Sprint("b", c.n)
		c.in[body] = queue
		c.do(m, "SEND destination:/queue/%s; b:%s; persistent:%v", queue, body, c.rnd.IntN(2) == 0)
	case 4, 5:
		if len(m.subs) < 3 {
			id := fmt.Sprint("s", c.n)
			s := crowdSub{
				[]string{queue, "m.*", ">"}[c.rnd.IntN(3)], []string{"client", "client-individual"}[c.rnd.IntN(2)], 1 + c.rnd.IntN(4),
			}
			m.subs[id] = s
			c.do(m, "SUBSCRIBE id:%s; destination:/queue/%s; ack:%s; prefetch-count:%d", id, s.pattern, s.mode, s.prefetch)
		}
	case 6:
		if id := pick(c.rnd, m.subs); id != "" {
			c.letGo(m, false, func(_ int, f *frame) bool { return f.get("subscription") == id })
			m.leaving = id
			c.do(m, "UNSUBSCRIBE id:%s", id)
			delete(m.subs, id)
			m.leaving = ""
		}
	case 7:
		c.w.cut(m.client)
		c.letGo(m, false, func(int, *frame) bool { return true })
		*m = *c.join()
	default:
		c.acknowledge(m)
	}
}

func (c *crowd) acknowledge(m *member) {
	if len(m.held) == 0 {
		c.do(m, "BEGIN transaction:t%d", c.n) // what came is read
		return
	}
	at := c.rnd.IntN(len(m.held))
	f := m.held[at]
	id := f.get("subscription")
	how := []string{"ACK", "ACK", "NACK"}[c.rnd.IntN(3)]
	c.letGo(m, how == "ACK", func(i int, h *frame) bool {
		return i == at || i < at && h.get("subscription") == id && m.subs[id].mode == "client"
	})
	c.do(m, "%s id:%s", how, f.get("ack"))
}

// After any conversation of several clients nothing is lost and nothing there twice:
// what they leave, one more client gets.
func TestRandomCrowd(t *testing.T) {
	rounds, steps := 25, 300
	if testing.Short() {
		rounds = 5
	}
	for seed := range rounds {
		w := newWorld(t)
		c := &crowd{t: t, w: w, rnd: rand.New(rand.NewPCG(uint64(seed), 2)), in: map[string]string{}, holder: map[string]*member{}}
		for range 4 {
			c.members = append(c.members, c.join())
		}
		for range steps {
			c.step()
		}
		for _, m := range c.members {
			w.cut(m.client)
		}
		last := w.connected("1.2")
		last.send("SUBSCRIBE id:all; destination:/queue/m.>")
		var got, want []string
		for range c.in {
			got = append(got, last.want("MESSAGE").get("b"))
		}
		last.sync()
		for b := range c.in {
			want = append(want, b)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: got %q, not %q", seed, got, want)
		}
		w.close()
	}
}
