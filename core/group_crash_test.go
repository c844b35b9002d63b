package core_test

import (
	"bytes"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// history keeps a copy of the store as every batch left it: wherever a crash
// strikes, a start finds one of these.
type history struct {
	*memstore.Store
	mu     sync.Mutex
	copies []*memstore.Store // guarded by mu
}

// all are the copies so far.
func (h *history) all() []*memstore.Store {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.copies
}

func (h *history) Apply(b core.Batch, d core.Durability) error {
	err := h.Store.Apply(b, d)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.copies = append(h.copies, h.Clone())
	return err
}

// A group moves a message from one queue into two others, with a body that is
// written ahead in chunks: a start from any moment finds it either not moved
// or moved, never both, never neither; a dead letter likewise.
func TestGroupAndDeadLetterThroughCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{Store: memstore.New(memstore.Options{})}
		b := open(t, h)
		src := declare(t, b, "src", durable(core.QueueOptions{DeadLetter: core.QueueAddress("dead")}))
		for _, name := range []string{"x", "y", "dead"} {
			declare(t, b, name, durable(core.QueueOptions{}))
		}
		for _, body := range []string{"in", "bad"} {
			publish(t, b, core.QueueAddress("src"), core.Message{Body: []byte(body), Durable: true})
		}
		r := newTape(10)
		c, err := src.Consume(core.ConsumerOptions{Receiver: r, Credit: 2})
		if err != nil {
			t.Fatal(err)
		}
		in, bad := <-r.got, <-r.got
		from := len(h.all())
		p := b.Default().NewPublisher(0)
		large := bytes.Repeat([]byte("x"), 600<<10)
		err = p.Commit(&core.Group{
			Publications: []*core.Publication{
				{Message: &core.Message{Body: large, Durable: true}, To: core.QueueAddress("x")},
				{Message: &core.Message{Body: []byte("2"), Durable: true}, To: core.QueueAddress("y")},
			},
			Settlements: []core.GroupSettlement{{Consumer: c, How: core.Ack, Receipts: []core.Receipt{in.Receipt}}},
			Confirm:     r,
		})
		if err != nil {
			t.Fatal(err)
		}
		<-r.out
		c.Settle(core.Reject, false, []core.Receipt{bad.Receipt}, nil, nil, r, 0)
		<-r.out
		synctest.Wait()
		b.Close()
		seen := map[[4]int64]bool{}
		for _, s := range h.all()[from-1:] {
			b := open(t, s)
			state := [4]int64{}
			for i, name := range []string{"src", "x", "y", "dead"} {
				q, _ := b.Default().Queue(name)
				state[i] = q.Counts().Ready
			}
			seen[state] = true
			b.Close()
		}
		for _, want := range [][4]int64{{2, 0, 0, 0}, {1, 1, 1, 0}, {0, 1, 1, 1}} {
			if !seen[want] {
				t.Errorf("no crash finds %v", want)
			}
			delete(seen, want)
		}
		for state := range seen {
			t.Errorf("a crash finds src, x, y, dead at %v", state)
		}
	})
}

// A start from any moment of a replay goes on with it: what was kept comes once, in
// order, and after it what was published meanwhile.
func TestReplayThroughCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const before, meanwhile = 1000, 20
		store := memstore.New(memstore.Options{})
		b := open(t, store, numbered)
		gatedTopic(t, b, core.QueueOptions{})
		for i := range before {
			toTopic(t, b, strconv.Itoa(i), strconv.Itoa(i%3), strconv.Itoa(i))
		}
		a, _ := b.Default().Queue("a")
		if err := a.Purge(); err != nil {
			t.Fatal(err)
		}
		b.Close()
		h := &history{Store: store}
		b = open(t, h, numbered)
		gate, _ := b.Default().Queue("gate")
		from := len(h.all())
		if err := b.Default().Replay("sub/a", gate, 0, 0); err != nil {
			t.Fatal(err)
		}
		for i := range meanwhile {
			toTopic(t, b, strconv.Itoa(before+i), "0", strconv.Itoa(before+i))
		}
		synctest.Wait()
		b.Close()
		unfinished := 0
		for i, s := range h.all()[from:] {
			b := open(t, s, numbered)
			if b.Default().Replaying("sub/a") {
				unfinished++
			} else if unfinished == 0 {
				b.Close() // it has not begun
				continue
			}
			synctest.Wait()
			a, _ := b.Default().Queue("a")
			gate, _ := b.Default().Queue("gate")
			n := 0
			if err := a.Browse(func(d core.Delivery) bool {
				if got := string(d.Message.Body); got != strconv.Itoa(n) {
					t.Errorf("crash %d: %s in place of %d", i, got, n)
				}
				n++
				return true
			}); err != nil {
				t.Fatal(err)
			}
			if int64(n) != gate.Counts().Ready || b.Default().Replaying("sub/a") {
				t.Errorf("crash %d: %d of %d", i, n, gate.Counts().Ready)
			}
			b.Close()
		}
		if unfinished < 3 {
			t.Errorf("only %d crashes were within the replay", unfinished)
		}
	})
}
