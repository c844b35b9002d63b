package stomp

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// randomClient does anything that a client may, and keeps a model of what has to
// be in the queues: what was sent and not acknowledged, transactions apart.
type randomClient struct {
	*client
	rnd   *rand.Rand
	modes map[string]string // ack by subscription
	subOf map[string]string // queue by subscription
	held  map[string]frame  // unacknowledged messages by body
	order []string          // bodies of held, as they came
	in    map[string]string // queue of each body that has to be there
	txs   map[string]*randomTx
	n     int
}

type randomTx struct {
	sends map[string]string // queue by body
	acks  []string
	held  []frame // of acks
}

// do sends a frame and takes what comes up to its receipt.
func (r *randomClient) do(format string, args ...any) {
	r.t.Helper()
	r.n++
	id := fmt.Sprint("r", r.n)
	r.send("%s; receipt:%s", fmt.Sprintf(format, args...), id)
	for {
		f, err := r.read()
		if err != nil {
			r.t.Fatal(err)
		}
		switch {
		case f.command == "MESSAGE":
			r.took(f)
		case f.command == "RECEIPT" && f.get("receipt-id") == id:
			return
		default:
			r.t.Fatalf("%s is answered by %q", format, f)
		}
	}
}

func (r *randomClient) took(f frame) {
	body, sub := f.get("b"), f.get("subscription")
	if r.in[body] == "" || r.subOf[sub] != r.in[body] {
		r.t.Fatalf("%s gets %s, which has to be in %q", sub, body, r.in[body])
	}
	if _, twice := r.held[body]; twice {
		r.t.Fatalf("%s comes although it is held", body)
	}
	if r.modes[sub] == "auto" {
		delete(r.in, body)
		return
	}
	r.held[body] = f
	r.order = append(r.order, body)
}

// covered are the bodies that acknowledging one acknowledges.
func (r *randomClient) covered(body string) (all []string) {
	sub := r.held[body].get("subscription")
	if r.modes[sub] == "client-individual" {
		return []string{body}
	}
	for _, b := range r.order {
		if r.held[b].get("subscription") == sub {
			all = append(all, b)
		}
		if b == body {
			return all
		}
	}
	return all
}

func (r *randomClient) letGo(bodies []string) {
	for _, b := range bodies {
		delete(r.held, b)
	}
	r.order = slices.DeleteFunc(r.order, func(b string) bool { return slices.Contains(bodies, b) })
}

func pick[K ~string, V any](r *rand.Rand, m map[K]V) (k K) {
	keys := slices.Sorted(maps.Keys(m))
	if len(keys) == 0 {
		return k
	}
	return keys[r.IntN(len(keys))]
}

func (r *randomClient) step() {
	tx := pick(r.rnd, r.txs)
	switch queue := fmt.Sprint("q", r.rnd.IntN(3)); r.rnd.IntN(12) {
	case 0, 1, 2, 3:
		body := fmt.Sprint("b", r.n)
		if tx != "" && r.rnd.IntN(2) == 0 {
			r.txs[tx].sends[body] = queue
			r.do("SEND destination:/queue/%s; b:%s; transaction:%s", queue, body, tx)
			return
		}
		r.in[body] = queue
		r.do("SEND destination:/queue/%s; b:%s; persistent:%v", queue, body, r.rnd.IntN(2) == 0)
	case 4, 5, 6:
		r.acknowledge(tx)
	case 7:
		r.subscribe(queue)
	case 8:
		if sub := pick(r.rnd, r.modes); sub != "" && len(r.txs) == 0 {
			var gone []string
			for b, f := range r.held {
				if f.get("subscription") == sub {
					gone = append(gone, b)
				}
			}
			r.do("UNSUBSCRIBE id:%s", sub)
			// What came until then is held no more either.
			for b, f := range r.held {
				if f.get("subscription") == sub {
					gone = append(gone, b)
				}
			}
			r.letGo(gone)
			delete(r.modes, sub)
		}
	case 9:
		name := fmt.Sprint("t", r.n)
		r.txs[name] = &randomTx{sends: map[string]string{}}
		r.do("BEGIN transaction:%s", name)
	default:
		r.end(tx)
	}
}

// number is the place of a held message among all that came.
func (r *randomClient) number(body string) (n int) {
	_, text, _ := strings.Cut(r.held[body].get("ack"), ".")
	n, _ = strconv.Atoi(text)
	return n
}

func (r *randomClient) subscribe(queue string) {
	sub := fmt.Sprint("s", r.n)
	if len(r.modes) > 0 {
		return // one at a time: who gets what is then known
	}
	r.modes[sub] = []string{"auto", "client", "client-individual"}[r.rnd.IntN(3)]
	r.subOf[sub] = queue
	r.do("SUBSCRIBE id:%s; destination:/queue/%s; ack:%s; prefetch-count:%d", sub, queue, r.modes[sub], 1+r.rnd.IntN(20))
}

func (r *randomClient) acknowledge(tx string) {
	body := pick(r.rnd, r.held)
	if body == "" {
		return
	}
	id, all := r.held[body].get("ack"), r.covered(body)
	var frames []frame
	for _, b := range all {
		frames = append(frames, r.held[b])
	}
	r.letGo(all)
	switch r.rnd.IntN(3) {
	case 0:
		if tx != "" {
			r.txs[tx].acks = append(r.txs[tx].acks, all...)
			r.txs[tx].held = append(r.txs[tx].held, frames...)
			r.do("ACK id:%s; transaction:%s", id, tx)
			return
		}
		fallthrough
	case 1:
		for _, b := range all {
			delete(r.in, b)
		}
		r.do("ACK id:%s", id)
	default:
		r.do("NACK id:%s", id)
	}
}

// end commits or aborts. What an aborted transaction acknowledged is held as before,
// in its old place.
func (r *randomClient) end(tx string) {
	if tx == "" {
		return
	}
	t := r.txs[tx]
	delete(r.txs, tx)
	if r.rnd.IntN(2) == 0 {
		for _, f := range t.held {
			r.held[f.get("b")] = f
			r.order = append(r.order, f.get("b"))
		}
		slices.SortFunc(r.order, func(a, b string) int { return cmp.Compare(r.number(a), r.number(b)) })
		r.do("ABORT transaction:%s", tx)
		return
	}
	maps.Copy(r.in, t.sends)
	for _, b := range t.acks {
		delete(r.in, b)
	}
	r.do("COMMIT transaction:%s", tx)
}

// TestRandomClient: after any conversation the queues hold what they have to.
func TestRandomClient(t *testing.T) {
	rounds, steps := 40, 150
	if testing.Short() {
		rounds = 5
	}
	for seed := range rounds {
		w := newWorld(t)
		r := &randomClient{
			client: w.connected("1.2"), rnd: rand.New(rand.NewPCG(uint64(seed), 1)), modes: map[string]string{}, subOf: map[string]string{},
			held: map[string]frame{}, in: map[string]string{}, txs: map[string]*randomTx{},
		}
		for range steps {
			r.step()
		}
		r.do("BEGIN transaction:last") // what comes until then is taken
		w.cut(r.client)
		r.compare(w, seed)
		w.close()
	}
}

// compare looks into the queues.
func (r *randomClient) compare(w *world, seed int) {
	found := map[string]string{}
	for _, q := range w.b.Default().Queues("q", true) {
		err := q.Browse(func(d core.Delivery) bool {
			b, _ := d.Message.Header("b")
			found[b.Str] = q.Name()
			return true
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	for b, q := range r.in {
		if found[b] != q && r.modes[lastOf(r.modes)] != "auto" {
			r.t.Errorf("seed %d: %s has to be in %s and is in %q", seed, b, q, found[b])
		}
	}
	for b, q := range found {
		if r.in[b] != q {
			r.t.Errorf("seed %d: %s is in %s and has to be in %q", seed, b, q, r.in[b])
		}
	}
}

func lastOf(m map[string]string) (k string) {
	for k = range m {
		return k
	}
	return k
}
