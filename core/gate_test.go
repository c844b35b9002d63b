package core_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// numbered is a dialect that writes a gate's number into its notes, and refuses
// queues that are missing or have the attribute `closed`.
func numbered(o *core.Options) {
	o.Dialects = map[string]core.Dialect{"numbered": {
		Number: func(note []byte, n uint64, replayed bool) []byte {
			return fmt.Appendf(nil, "%s#%d%s", note, n, map[bool]string{true: " again"}[replayed])
		},
		Refuse: func(_ *core.Binding, q *core.Queue, _ *core.Message) []byte {
			switch {
			case q == nil:
				return []byte("missing")
			case q.Attribute("closed") != "":
				return []byte("closed")
			}
			return nil
		},
	}}
}

// gatedTopic makes a topic "t" with a gate and the subscribers a (a queue that is
// grouped) and b.
func gatedTopic(t *testing.T, b *core.Broker, o core.QueueOptions) (gate *core.Queue) {
	t.Helper()
	o.Gate, o.Ordered, o.Hidden, o.Owner = true, true, true, "gate"
	if o.Dedup == core.DedupOff {
		o.Dedup = core.DedupQueue
	}
	gate = declare(t, b, "gate", durable(o))
	declare(t, b, "a", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue}))
	declare(t, b, "b", durable(core.QueueOptions{}))
	bind(t, b, &core.Binding{Key: "gate", Filter: match.Below("t"), Queue: gate, KeepDurable: true, KeepTransient: true, Durable: true})
	for _, name := range []string{"a", "b"} {
		bind(t, b, lateBound(name, ""))
	}
	return gate
}

func lateBound(to, dead string) *core.Binding {
	return &core.Binding{Key: "sub/" + to, Dialect: "numbered", Filter: match.Below("t"), To: to, DeadTo: dead, KeepDurable: true,
		KeepTransient: true, Durable: true, Note: []byte(to), Copies: "t"}
}

func bind(t *testing.T, b *core.Broker, binding *core.Binding) {
	t.Helper()
	if _, err := b.Default().Bind(binding); err != nil {
		t.Fatal(err)
	}
}

func toTopic(t *testing.T, b *core.Broker, body, group, dedup string) core.Outcome {
	t.Helper()
	return publish(t, b, core.TopicAddress("t"), core.Message{Body: []byte(body), GroupID: group, DedupID: dedup, Durable: true})
}

// take receives and settles everything; each as body:note.
func take(t *testing.T, b *core.Broker, name string) (got string) {
	t.Helper()
	q, ok := b.Default().Queue(name)
	if !ok {
		t.Fatal("no queue", name)
	}
	for {
		ds, err := q.Receive(context.Background(), core.ReceiveOptions{Max: 10, Lease: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if len(ds) == 0 {
			return got
		}
		for _, d := range ds {
			if got != "" {
				got += ", "
			}
			got += string(d.Message.Body) + ":" + string(d.Note)
			if _, err := q.Settle(t.Context(), core.Ack, d.Receipt); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s\nwant %s", what, got, want)
	}
}

// A duplicate goes to nobody and is answered with the original's number; so it is
// after a restart, and no longer than for five minutes.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store, numbered)
		gate := gatedTopic(t, b, core.QueueOptions{Hollow: true})
		one := toTopic(t, b, "1", "g", "x")
		again := toTopic(t, b, "2", "other", "x")
		if one.Sequence != 1 || again.Sequence != 1 || again.ID != one.ID || !again.Duplicate {
			t.Errorf("%+v, then %+v", one, again)
		}
		toTopic(t, b, "3", "g", "y")
		for name, want := range map[string]string{"a": "1:a#1, 3:a#2", "b": "1:b#1, 3:b#2"} {
			same(t, name, take(t, b, name), want)
		}
		_, err := b.Default().Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("no id"), Durable: true}, To: core.TopicAddress("t")})
		if core.KindOf(err) != core.Invalid || take(t, b, "b") != "" {
			t.Errorf("without an id: %v", err)
		}
		if n := gate.Counts().Ready; n != 0 {
			t.Errorf("a hollow gate keeps %d", n)
		}
		b.Close()
		b = open(t, store, numbered)
		defer b.Close()
		if o := toTopic(t, b, "4", "g", "x"); o.ID != one.ID || o.Sequence != 1 || take(t, b, "b") != "" {
			t.Errorf("a duplicate after a restart: %+v", o)
		}
		elapse(6 * time.Minute)
		if o := toTopic(t, b, "5", "g", "x"); o.Sequence != 3 || o.Duplicate {
			t.Errorf("six minutes later: %+v", o)
		}
		same(t, "b", take(t, b, "b"), "5:b#3")
	})
}

// What a target finds to be a duplicate of its own does not concern the others,
// nor the publisher.
func TestGateAndTargets(t *testing.T) {
	b := fresh(t, numbered)
	gatedTopic(t, b, core.QueueOptions{Hollow: true, Dedup: core.DedupGroup})
	publish(t, b, core.QueueAddress("a"), core.Message{Body: []byte("0"), GroupID: "g", DedupID: "x", Durable: true})
	if o := toTopic(t, b, "1", "g", "x"); o.Duplicate || o.Sequence != 1 {
		t.Errorf("%+v", o)
	}
	if o := toTopic(t, b, "2", "h", "x"); o.Duplicate || o.Sequence != 2 {
		t.Errorf("the same id in another group: %+v", o)
	}
	same(t, "a", take(t, b, "a"), "0:")
	same(t, "b", take(t, b, "b"), "1:b#1, 2:b#2")
}

// The id that a gate makes of the content is good for targets that make none.
func TestGateByContent(t *testing.T) {
	b := fresh(t, numbered)
	gatedTopic(t, b, core.QueueOptions{Hollow: true, DedupContent: true})
	for range 2 {
		toTopic(t, b, "same", "g", "")
	}
	same(t, "a", take(t, b, "a"), "same:a#1")
	if o := publish(t, b, core.TopicAddress("t/below"), core.Message{Body: []byte("transient")}); o.Sequence != 2 {
		t.Errorf("%+v", o)
	}
	same(t, "a", take(t, b, "a"), "transient:a#2")
}

// A late-bound binding outlives its queue and finds the next of that name; what
// may not go there goes where it says.
func TestLateBound(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store, numbered)
	for _, name := range []string{"q", "dead"} {
		declare(t, b, name, durable(core.QueueOptions{}))
	}
	bind(t, b, lateBound("q", "dead"))
	bind(t, b, lateBound("nowhere", ""))
	toTopic(t, b, "1", "", "")
	same(t, "q", take(t, b, "q"), "1:q")
	if err := b.Default().DeleteQueue("q"); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = open(t, store, numbered)
	defer b.Close()
	toTopic(t, b, "2", "", "")
	same(t, "dead", take(t, b, "dead"), "2:missing")
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	toTopic(t, b, "3", "", "")
	same(t, "q", take(t, b, "q"), "3:q")
	if err := q.Update(func(o *core.QueueOptions) error { o.Attributes = map[string]string{"closed": "yes"}; return nil }); err != nil {
		t.Fatal(err)
	}
	toTopic(t, b, "4", "", "")
	same(t, "dead", take(t, b, "dead"), "4:closed")
	if n := b.Stats().Dropped; n < 3 { // of "nowhere", since the restart
		t.Errorf("%d dropped", n)
	}
}

// A replay brings what the gate kept of the time that was asked for, marked, in
// order; what is published meanwhile comes after it, once, and then all is as
// before. Its deduplication ids do not stop it.
func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, memstore.New(memstore.Options{}), numbered)
		defer b.Close()
		gate := gatedTopic(t, b, core.QueueOptions{})
		var at []int64
		for i := range 6 {
			at = append(at, time.Now().UnixMilli())
			toTopic(t, b, strconv.Itoa(i), "g", strconv.Itoa(i))
			elapse(time.Second)
		}
		take(t, b, "a")
		if err := b.Default().Replay("sub/a", gate, at[1], at[2]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		same(t, "from 1 to 2", take(t, b, "a"), "1:a#2 again, 2:a#3 again")
		if b.Default().Replaying("sub/a") {
			t.Error("it goes on")
		}
		if err := b.Default().Replay("sub/a", gate, at[4], 0); err != nil {
			t.Fatal(err)
		}
		toTopic(t, b, "6", "g", "6")
		synctest.Wait()
		same(t, "from 4", take(t, b, "a"), "4:a#5 again, 5:a#6 again, 6:a#7")
		same(t, "b", take(t, b, "b"), "0:b#1, 1:b#2, 2:b#3, 3:b#4, 4:b#5, 5:b#6, 6:b#7")
		if err := b.Default().Replay("no such", gate, 0, 0); core.KindOf(err) != core.NotFound {
			t.Error(err)
		}
	})
}

// headedStore is one whose batches have a length from the start, as pebble's do.
type headedStore struct{ core.Store }

type headedBatch struct{ core.Batch }

func (s headedStore) NewBatch() core.Batch { return headedBatch{s.Store.NewBatch()} }
func (s headedStore) Apply(b core.Batch, d core.Durability) error {
	return s.Store.Apply(b.(headedBatch).Batch, d)
}
func (b headedBatch) Len() int { return b.Batch.Len() + 12 }

// A restart in the middle of a long replay neither repeats nor leaves out
// anything, with publishes going on all the while.
func TestReplayRestart(t *testing.T) {
	const n = 2000
	store := headedStore{memstore.New(memstore.Options{})}
	b := open(t, store, numbered)
	gate := gatedTopic(t, b, core.QueueOptions{})
	for i := range n {
		toTopic(t, b, strconv.Itoa(i), "g", strconv.Itoa(i))
	}
	if a, _ := b.Default().Queue("a"); a.Purge() != nil {
		t.Fatal("purge")
	}
	if err := b.Default().Replay("sub/a", gate, 0, 0); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for i := range 50 {
			toTopic(t, b, strconv.Itoa(n+i), "g", strconv.Itoa(n+i))
		}
	})
	all.Wait()
	b.Close()
	b = open(t, store, numbered)
	defer b.Close()
	a, _ := b.Default().Queue("a")
	for i := range n + 50 {
		ds := receive(t, a, core.ReceiveOptions{Max: 1, Wait: 10 * time.Second, Lease: time.Hour})
		if len(ds) != 1 || string(ds[0].Message.Body) != strconv.Itoa(i) {
			t.Fatalf("%d: %v", i, bodies(ds))
		}
		if _, err := a.Settle(t.Context(), core.Ack, ds[0].Receipt); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Default().StopReplay(t.Context(), "sub/a"); err != nil {
		t.Fatal(err)
	}
	if c := a.Counts(); c.Ready != 0 || b.Default().Replaying("sub/a") {
		t.Errorf("%d left", c.Ready)
	}
}

// A replay that is stopped still brings what it held back.
func TestStopReplay(t *testing.T) {
	b := fresh(t, numbered)
	gate := gatedTopic(t, b, core.QueueOptions{})
	for i := range 1500 {
		toTopic(t, b, strconv.Itoa(i), "g", strconv.Itoa(i))
	}
	bq, _ := b.Default().Queue("b")
	if bq.Purge() != nil {
		t.Fatal("purge")
	}
	if err := b.Default().Replay("sub/b", gate, 0, 0); err != nil {
		t.Fatal(err)
	}
	toTopic(t, b, "held", "g", "held")
	if err := b.Default().StopReplay(t.Context(), "sub/b"); err != nil {
		t.Fatal(err)
	}
	if err := b.Default().StopReplay(t.Context(), "sub/a"); err != nil { // there is none
		t.Fatal(err)
	}
	if b.Default().Replaying("sub/b") {
		t.Error("stopped, and goes on")
	}
	toTopic(t, b, "after", "g", "after")
	got := ""
	for got != "after" {
		ds := receive(t, bq, core.ReceiveOptions{Max: 1, Wait: 10 * time.Second, Lease: time.Hour})
		if len(ds) == 0 {
			t.Fatalf("nothing after %q", got)
		}
		last := got
		if got = string(ds[0].Message.Body); got == "after" && last != "held" {
			t.Errorf("%q before the last", last)
		}
	}
}

// A gate that keeps, keeps what is stored: the rest would fill its memory.
func TestGateKeepsDurable(t *testing.T) {
	b := fresh(t, numbered)
	gate := gatedTopic(t, b, core.QueueOptions{DedupContent: true})
	publish(t, b, core.TopicAddress("t"), core.Message{Body: []byte("transient")})
	toTopic(t, b, "durable", "g", "")
	_, err := b.Default().Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("by name"), Durable: true}, To: core.QueueAddress("gate")})
	if n := gate.Counts().Ready; n != 1 || core.KindOf(err) != core.NotFound {
		t.Errorf("it keeps %d: %v", n, err)
	}
	same(t, "b", take(t, b, "b"), "transient:b#1, durable:b#2")
}

// What a gate keeps goes with its retention, and is then replayed no more.
func TestGateRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, memstore.New(memstore.Options{}), numbered)
		defer b.Close()
		gate := gatedTopic(t, b, core.QueueOptions{Retention: 24 * time.Hour})
		toTopic(t, b, "old", "g", "old")
		elapse(20 * time.Hour)
		toTopic(t, b, "new", "g", "new")
		take(t, b, "b")
		elapse(5 * time.Hour)
		synctest.Wait()
		if n := gate.Counts().Ready; n != 1 {
			t.Errorf("it keeps %d", n)
		}
		if err := b.Default().Replay("sub/b", gate, 0, 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		same(t, "b", take(t, b, "b"), "new:b#2 again")
	})
}
