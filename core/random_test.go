package core_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

var (
	randomSeeds = flag.Int("random.seeds", 50, "how many seeds TestRandomOperations runs (at most 15 under the race detector)")
	randomFirst = flag.Int64("random.first", 1, "the first of them")
	randomSteps = flag.Int("random.steps", 250, "operations of each")
	randomLog   = flag.Bool("random.log", false, "say every operation")
)

// TestRandomOperations drives a whole broker with small windows through random
// operations, restarts and crashes, and compares it with the model at every
// quiet point. A failure names its seed: -run 'TestRandomOperations/17$'.
func TestRandomOperations(t *testing.T) {
	seeds := int64(*randomSeeds)
	if raceEnabled {
		seeds = min(seeds, 15)
	}
	for seed := *randomFirst; seed < *randomFirst+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &run{T: t, rnd: rand.New(rand.NewPCG(uint64(seed), 1)), store: newCrashStore()}
				r.begin()
				t.Cleanup(func() { r.b.Close() })
				for range *randomSteps {
					r.oneStep()
				}
				r.finish()
			})
		})
	}
}

// crashStore remembers what a crash could leave: any group since the last that
// was durable.
type crashStore struct {
	*memstore.Store
	mu    sync.Mutex
	after []*memstore.Store // guarded by mu; the last durable group first
}

func newCrashStore() *crashStore {
	s := memstore.New(memstore.Options{})
	return &crashStore{Store: s, after: []*memstore.Store{s.Clone()}}
}

func (s *crashStore) Apply(b core.Batch, d core.Durability) error {
	if err := s.Store.Apply(b, d); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d == core.Durable {
		s.after = s.after[:0]
	}
	s.after = append(s.after, s.Store.Clone())
	return nil
}

func (s *crashStore) crash(rnd *rand.Rand) *crashStore {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.after[rnd.IntN(len(s.after))]
	return &crashStore{Store: left.Clone(), after: []*memstore.Store{left}}
}

// run is one seed.
type run struct {
	*testing.T
	rnd   *rand.Rand
	store *crashStore
	b     *core.Broker
	pub   *core.Publisher
	m     *model
	ids   int
	cons  []*modelConsumer

	mu     sync.Mutex
	events []event
}

// event is a push delivery, in the order of its queue.
type event struct {
	c *modelConsumer
	d core.Delivery
}

var randomQueues = map[string]core.QueueOptions{
	"plain":   {Durable: true, DeadLetter: core.ExchangeAddress("dlx", "dead")},
	"groups":  {Durable: true, Grouped: true, Dedup: core.DedupQueue, DedupContent: true, DeadLetter: core.QueueAddress("dead")},
	"memory":  {},
	"limited": {Durable: true, MaxDeliveries: 3, DeadLetter: core.QueueAddress("dead")},
	"short":   {Durable: true, MaxLength: 12, DeadLetter: core.QueueAddress("shed")},
	"dead":    {Durable: true},
	"shed":    {Durable: true},
}

var randomBindings = map[string][]string{
	"plain": {"t/#", "t/1"}, "memory": {"t/1"}, "groups": {"t/2"}, "short": {"t/2"}, "limited": {"t/3"},
}

// randomRoutes is what a key on the exchange "ex" reaches: its own bindings,
// through the exchange "fan" ("k4"), or its alternate ("k5"). The exchange "dlx"
// takes dead letters.
var randomRoutes = map[string][]string{
	"k1": {"memory", "plain"}, "k2": {"plain"}, "k3": {"limited"}, "k4": {"groups", "plain"}, "k5": {"dead"},
}

// exchanges declares them, or, after a restart, finds what is left of them: all
// but the bindings of the queue that is gone.
func (r *run) exchanges(first bool) {
	ns := r.b.Default()
	if first {
		for name, o := range map[string]core.ExchangeOptions{
			"ex": {Kind: "direct", Durable: true, Alternate: "alt"}, "fan": {Kind: "fanout", Durable: true, AutoDelete: true},
			"alt": {Kind: "topic", Durable: true}, "dlx": {Kind: "direct", Durable: true},
		} {
			exchange(r, r.b, name, o)
		}
		fan, _ := ns.Exchange("fan")
		bindKey(r, r.b, "ex", fan, "k4")
	}
	for _, name := range r.m.names() {
		if first || !randomQueues[name].Durable {
			r.bindExchanges(name)
		}
	}
	if n := len(ns.Exchanges()); n != 4+5 {
		r.Fatalf("step %d: %d exchanges", r.m.step, n)
	}
	if n := len(ns.Bindings("exchange ")); n != 9 {
		r.Fatalf("step %d: %d bindings of exchanges", r.m.step, n)
	}
}

func (r *run) bindExchanges(name string) {
	q := r.queue(name)
	for key, names := range randomRoutes {
		switch {
		case !slices.Contains(names, name):
		case key == "k4":
			bindKey(r, r.b, "fan", q, "")
		case key == "k5":
			bindKey(r, r.b, "alt", q, "#")
			bindKey(r, r.b, "dlx", q, "dead")
		default:
			bindKey(r, r.b, "ex", q, key)
		}
	}
}

func (r *run) begin() {
	elapse(600 * time.Millisecond)
	r.m = &model{queues: map[string]*modelQueue{}, now: func() int64 { return time.Now().UnixMilli() }}
	for name, o := range randomQueues {
		r.m.queues[name] = &modelQueue{name: name, opt: o, deduped: map[string]int64{}}
		if o.DeadLetter.Kind != core.NoAddress {
			r.m.queues[name].dead = o.DeadLetter.RoutingKey()
		}
	}
	r.start()
}

func (r *run) start() {
	r.b = open(r, r.store, func(o *core.Options) {
		o.Limits = core.Limits{WindowMessages: 5, WindowBytes: 4 << 10}
	})
	r.pub = r.b.Default().NewPublisher(0)
	if r.rnd.IntN(2) == 0 {
		r.pub.Leading()
	}
	r.cons = nil
	for _, name := range r.m.names() {
		r.declare(name)
	}
	r.exchanges(r.m.step == 0)
}

func (r *run) declare(name string) {
	q := declare(r, r.b, name, randomQueues[name])
	for _, f := range randomBindings[name] {
		bindTopic(r, r.b, q, f)
	}
}

func (r *run) queue(name string) *core.Queue {
	q, ok := r.b.Default().Queue(name)
	if !ok {
		r.Fatalf("queue %s is gone", name)
	}
	return q
}

func (r *run) say(format string, args ...any) {
	if *randomLog {
		r.Logf("%d: "+format, append([]any{r.m.step}, args...)...)
	}
}

func (r *run) oneStep() {
	r.m.step++
	ops := []struct {
		weight int
		f      func()
	}{
		{30, func() { r.publish(1 + r.rnd.IntN(4)) }}, {2, func() { r.publish(20) }},
		{20, r.pull}, {4, r.consume}, {3, r.cancel}, {12, r.settlePush}, {5, r.credit},
		{14, r.settlePull}, {4, r.extend}, {10, r.pass}, {1, r.purge}, {1, r.purgeReady}, {1, r.remake},
		{2, r.redrive}, {2, r.restart}, {2, r.crash}, {2, r.commit},
	}
	total := 0
	for _, o := range ops {
		total += o.weight
	}
	n := r.rnd.IntN(total)
	for _, o := range ops {
		if n -= o.weight; n < 0 {
			o.f()
			break
		}
	}
	r.quiet()
}

// quiet waits until nothing moves and compares.
func (r *run) quiet() {
	synctest.Wait()
	r.takeEvents()
	for _, name := range r.m.names() {
		r.resolve(r.m.queues[name])
	}
	for _, name := range r.m.names() {
		q := r.m.queues[name]
		want := r.m.counts(q)
		have := r.queue(name).Counts()
		if have.Ready != want.Ready || have.InFlight != want.InFlight || have.Delayed != want.Delayed {
			r.Errorf("step %d: %s has %d ready, %d in flight, %d delayed; expected %d, %d, %d", r.m.step, name,
				have.Ready, have.InFlight, have.Delayed, want.Ready, want.InFlight, want.Delayed)
		}
	}
	r.checkStuck()
	if r.Failed() {
		r.FailNow()
	}
}

// takeEvents lets the model follow the push deliveries.
func (r *run) takeEvents() {
	r.mu.Lock()
	events := r.events
	r.events = nil
	r.mu.Unlock()
	for _, e := range events {
		q := r.m.queues[e.c.queue]
		c, err := r.m.delivered(e.c.queue, e.d, e.c.fits, nil)
		if err != nil {
			r.Fatalf("step %d: push: %v", r.m.step, err)
		}
		r.say("  pushed %s from %s, delivery %d", c.id, q.name, e.d.Deliveries)
		e.c.credit--
		if e.c.noAck {
			r.m.remove(q, c)
			continue
		}
		c.by = e.c
		e.c.held = append(e.c.held, heldReceipt{e.d.Receipt, c})
	}
}

// resolve finds which copies that were delivered too often the broker has
// dead-lettered by now: it does so when it comes by them.
func (r *run) resolve(q *modelQueue) {
	if !slices.ContainsFunc(q.copies, func(c *modelCopy) bool { return !c.held && r.m.spent(q, c) }) {
		return
	}
	there := r.places(q.name)
	for _, c := range slices.Clone(q.copies) {
		if !c.held && r.m.spent(q, c) && !there[bare(c.receipt)] {
			r.m.die(q, c)
		}
	}
}

// places is where the ready messages stand.
func (r *run) places(name string) map[core.Receipt]bool {
	there := map[core.Receipt]bool{}
	err := r.queue(name).Browse(func(d core.Delivery) bool {
		if there[bare(d.Receipt)] {
			r.Fatalf("browsing %s shows %s twice", name, idOf(d.Message))
		}
		there[bare(d.Receipt)] = true
		return true
	})
	if err != nil {
		r.Fatal(err)
	}
	return there
}

// checkStuck looks for a consumer that could have something and has not.
func (r *run) checkStuck() {
	for _, k := range r.cons {
		if k.credit <= 0 {
			continue
		}
		q := r.m.queues[k.queue]
		for _, c := range q.copies {
			if k.fits(c) && r.m.ready(q, c, nil) && !r.m.spent(q, c) {
				r.Fatalf("step %d: a consumer of %s with credit %d does not get %s", r.m.step, q.name, k.credit, c.id)
			}
		}
	}
}

// finish drains everything and looks for what is left behind.
func (r *run) finish() {
	r.say("finish")
	r.m.step++
	for _, k := range slices.Clone(r.cons) {
		k.c.Cancel()
	}
	r.cons = nil
	synctest.Wait()
	elapse(2 * time.Minute)
	synctest.Wait()
	for range 2 { // dead letters last
		for _, name := range r.m.names() {
			r.drain(name)
		}
	}
	if got := r.b.Stats().Memory; got != 0 {
		r.Errorf("%d bytes of memory are held by nothing", got)
	}
	elapse(time.Second)
	synctest.Wait()
	left := 0
	for _, tab := range "mndelbow" {
		err := r.store.Scan([]byte{byte(tab)}, []byte{byte(tab) + 1}, false, func(key, _ []byte) bool {
			left++
			r.Errorf("left in the store: %c %x", tab, key)
			return left < 20
		})
		if err != nil {
			r.Fatal(err)
		}
	}
	if err := r.b.Close(); err != nil {
		r.Fatal(err)
	}
}

// drain takes everything out of a queue, in order.
func (r *run) drain(name string) {
	q := r.queue(name)
	for {
		ds, err := q.Receive(r.Context(), core.ReceiveOptions{Max: 100, Lease: time.Minute})
		if err != nil {
			r.Fatal(err)
		}
		if len(ds) == 0 {
			break
		}
		var rs []core.Receipt
		for _, d := range ds {
			rs = append(rs, d.Receipt)
		}
		if _, err := q.Settle(context.Background(), core.Ack, rs...); err != nil {
			r.Fatal(err)
		}
		synctest.Wait()
	}
	if n := q.Counts(); n.Ready+n.InFlight+n.Delayed != 0 {
		r.Errorf("%s drained still counts %+v", name, n)
	}
}
