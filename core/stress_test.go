package core_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// TestStress lets real goroutines publish, pull, consume, cancel, purge and
// delete at once, for the race detector, and then accounts for every
// confirmed message of the queue that is never purged.
func TestStress(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	store := memstore.New(memstore.Options{})
	b := open(t, store, func(o *core.Options) {
		o.Limits = core.Limits{WindowMessages: 20, WindowBytes: 16 << 10, MemoryBytes: 1 << 20, ParkedBytes: 4 << 10}
	})
	s := &stress{t: t, b: b}
	s.keep = declare(t, b, "keep", durable(core.QueueOptions{Lease: 50 * time.Millisecond}))
	s.groups = declare(t, b, "groups", durable(core.QueueOptions{Grouped: true, Dedup: core.DedupQueue, DedupContent: true, Lease: 50 * time.Millisecond}))
	declare(t, b, "loose", core.QueueOptions{})
	bindTopic(t, b, s.keep, "t/#")
	bindTopic(t, b, s.groups, "t/g")
	exchange(t, b, "ex", core.ExchangeOptions{Kind: "direct", Durable: true})
	bindKey(t, b, "ex", s.keep, "t/k")
	bindKey(t, b, "ex", s.keep, "t/g")
	bindKey(t, b, "ex", s.groups, "t/g")
	ctx, stop := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	for i, f := range []func(context.Context, *rand.Rand){
		s.publish, s.publish, s.publish, s.pull, s.pull, s.pullGroups, s.pullGroups, s.push, s.push, s.purge, s.purgeReady, s.remake, s.rebind, s.sessions,
		s.get, s.get, s.exchanges, s.policies,
	} {
		workers.Go(func() { f(ctx, rand.New(rand.NewPCG(uint64(i), 7))) })
	}
	time.AfterFunc(3*time.Second, stop)
	workers.Wait()
	s.drain(s.keep)
	s.drain(s.groups)
	s.account()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

type stress struct {
	t            *testing.T
	b            *core.Broker
	keep, groups *core.Queue
	n            atomic.Int64
	confirmed    sync.Map // queue and id of a confirmed durable message
	taken        sync.Map // queue and id of a settled one: how often
}

// note is a Confirm that remembers what it confirmed.
type note struct {
	s    *stress
	keys []string
}

func (c *note) Flush() {}
func (c *note) Confirmed(_ uint64, o core.Outcome) bool {
	if o.Err == nil {
		for _, k := range c.keys {
			c.s.confirmed.Store(k, true)
		}
	}
	return false
}

func (s *stress) publish(ctx context.Context, rnd *rand.Rand) {
	p := s.b.Default().NewPublisher(0)
	if rnd.IntN(2) == 0 {
		p.Leading()
	}
	defer p.Close()
	for ctx.Err() == nil {
		id := fmt.Sprint("m", s.n.Add(1))
		m := &core.Message{Body: append([]byte(id+"|"), make([]byte, rnd.IntN(2000))...), Durable: rnd.IntN(4) > 0, GroupID: fmt.Sprint(rnd.IntN(5)), Priority: uint8(rnd.IntN(3))}
		pub := &core.Publication{Message: m, To: core.TopicAddress([]string{"t/k", "t/g", "x"}[rnd.IntN(3)])}
		c := &note{s: s, keys: []string{"keep " + id}}
		switch {
		case pub.To.Name == "x":
			pub.To, c.keys = core.QueueAddress("loose"), nil
		case rnd.IntN(4) == 0: // the same through an exchange
			pub.To = core.ExchangeAddress("ex", pub.To.Name)
			if pub.To.Key == "t/g" {
				c.keys = append(c.keys, "groups "+id)
			}
		case pub.To.Name == "t/g":
			c.keys = append(c.keys, "groups "+id)
		}
		if m.Durable {
			pub.Confirm = c
		}
		if err := p.Publish(pub); err != nil && core.KindOf(err) != core.NotFound {
			s.t.Error(err)
		}
		p.Flush()
		if p.Full() {
			if err := p.Wait(context.Background()); err != nil {
				s.t.Error(err)
			}
		}
	}
}

func (s *stress) take(q *core.Queue, d core.Delivery) {
	n, _ := s.taken.LoadOrStore(q.Name()+" "+idOf(d.Message), new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

func (s *stress) pull(ctx context.Context, rnd *rand.Rand) { s.pullFrom(ctx, rnd, s.keep) }

func (s *stress) pullGroups(ctx context.Context, rnd *rand.Rand) { s.pullFrom(ctx, rnd, s.groups) }

func (s *stress) pullFrom(ctx context.Context, rnd *rand.Rand, q *core.Queue) {
	for ctx.Err() == nil {
		short, stop := context.WithTimeout(ctx, time.Duration(rnd.IntN(5000))*time.Microsecond)
		o := core.ReceiveOptions{Max: 1 + rnd.IntN(10), Wait: time.Second, Lease: -1}
		if rnd.IntN(4) == 0 {
			o.MaxBytes = 1000
		}
		ds, err := q.Receive(short, o)
		stop()
		if err != nil {
			continue
		}
		for _, d := range ds {
			how := []core.Settlement{core.Ack, core.Ack, core.Requeue, core.Release}[rnd.IntN(4)]
			errs, err := q.Settle(context.Background(), how, d.Receipt)
			if err != nil {
				s.t.Error(err)
			}
			if how == core.Ack && errs[0] == nil {
				s.take(q, d)
			}
		}
	}
}

// push is consumers that come and go.
func (s *stress) push(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		r := &pushed{ch: make(chan core.Delivery, 1000)}
		o := core.ConsumerOptions{Receiver: r, Credit: 1 + rnd.IntN(20), Priority: rnd.IntN(2)}
		if rnd.IntN(3) == 0 {
			o.Predicate = ofPriority(2)
		}
		c, err := s.keep.Consume(o)
		if err != nil {
			s.t.Error(err)
			return
		}
		for range rnd.IntN(200) {
			select {
			case d := <-r.ch:
				how := []core.Settlement{core.Ack, core.Ack, core.Requeue}[rnd.IntN(3)]
				if how == core.Ack {
					s.take(s.keep, d)
				}
				c.Settle(how, true, []core.Receipt{d.Receipt}, nil, nil, nil, 0)
			case <-ctx.Done():
			}
		}
		c.Cancel()
	}
}

type pushed struct{ ch chan core.Delivery }

func (r *pushed) Deliver(_ *core.Consumer, d core.Delivery) bool { r.ch <- d; return true }
func (r *pushed) Cancelled(*core.Consumer, error) bool           { return true }
func (r *pushed) Flush()                                         {}

type ofPriority uint8

func (p ofPriority) Matches(m *core.Message) bool { return m.Priority == uint8(p) }

func (s *stress) purge(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		if q, ok := s.b.Default().Queue("loose"); ok {
			if err := q.Purge(); err != nil {
				s.t.Error(err)
			}
			q.Counts()
		}
		s.b.Stats()
	}
}

// purgeReady purges around a message that it holds.
func (s *stress) purgeReady(ctx context.Context, _ *rand.Rand) {
	for ctx.Err() == nil {
		q, ok := s.b.Default().Queue("loose")
		if !ok {
			continue
		}
		c, err := q.Getter("")
		if err != nil {
			continue
		}
		_, _, _, _ = c.Get(ctx, false)
		if _, err := q.PurgeReady(); err != nil {
			s.t.Error(err)
		}
		c.Cancel()
	}
}

// get takes one by one, and lets go.
func (s *stress) get(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		c, err := s.keep.Getter("")
		if err != nil {
			s.t.Error(err)
			return
		}
		for range rnd.IntN(30) {
			noAck := rnd.IntN(4) == 0
			d, _, ok, err := c.Get(context.Background(), noAck)
			if err != nil {
				s.t.Error(err)
			}
			if !ok {
				break
			}
			how := []core.Settlement{core.Ack, core.Requeue, core.Release}[rnd.IntN(3)]
			if noAck || how == core.Ack {
				s.take(s.keep, d)
			}
			if !noAck && rnd.IntN(5) > 0 || how == core.Ack {
				c.Settle(how, false, []core.Receipt{d.Receipt}, nil, nil, nil, 0)
			}
		}
		c.Cancel()
	}
}

// exchanges come and go between those that carry messages and queues that do.
func (s *stress) exchanges(ctx context.Context, rnd *rand.Rand) {
	ns := s.b.Default()
	for ctx.Err() == nil {
		name := fmt.Sprint("x", rnd.IntN(3))
		kind := []string{"fanout", "topic", "direct"}[rnd.IntN(3)]
		x, _, err := ns.DeclareExchange(name, core.ExchangeOptions{Kind: kind, Durable: rnd.IntN(2) == 0, AutoDelete: rnd.IntN(2) == 0})
		if x == nil {
			s.t.Error(err)
			return
		}
		_, _ = ns.Bind(&core.Binding{Exchange: "ex", RoutingKey: "t/k", Target: x, Durable: true})
		if q, ok := ns.Queue("loose"); ok {
			_, _ = ns.Bind(&core.Binding{Exchange: name, RoutingKey: "t/k", Queue: q, Durable: true})
			_, _ = ns.Unbind(core.BindingKey(name, core.QueueAddress("loose"), "t/k", nil))
		}
		if rnd.IntN(3) == 0 {
			_ = ns.DeleteExchange(name, rnd.IntN(2) == 0)
		}
	}
}

// policies change what the loose queue may hold.
func (s *stress) policies(ctx context.Context, rnd *rand.Rand) {
	ns := s.b.Default()
	for ctx.Err() == nil {
		p := core.Policy{Name: "p", Pattern: "^loose$", Definition: map[string]any{"max-length": rnd.IntN(50), "message-ttl": rnd.IntN(100)}}
		if err := ns.SetPolicy(p); err != nil {
			s.t.Error(err)
		}
		if rnd.IntN(2) == 0 {
			_ = ns.DeletePolicy("p")
		}
	}
}

// remake deletes and declares queues that others use.
func (s *stress) remake(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		ns := s.b.Default()
		name := fmt.Sprint("q", rnd.IntN(3))
		q, _, err := ns.DeclareQueue(name, core.QueueOptions{Durable: rnd.IntN(2) == 0})
		if q == nil {
			s.t.Error(err)
			return
		}
		bindTopicOf(s.b, q, "t/#")
		if rnd.IntN(2) == 0 {
			_ = ns.DeleteQueue(name)
		}
		if rnd.IntN(10) == 0 {
			_ = ns.DeleteQueue("loose")
			if _, _, err := ns.DeclareQueue("loose", core.QueueOptions{}); err != nil {
				s.t.Error(err)
			}
		}
	}
}

func (s *stress) rebind(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		if q, ok := s.b.Default().Queue("loose"); ok {
			bindTopicOf(s.b, q, "t/k")
			_, _ = s.b.Default().Unbind(q.Name() + "/t/k")
		}
	}
}

// sessions come and go, with wills.
func (s *stress) sessions(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		o := core.SessionOptions{Dialect: "x", Expiry: time.Duration(rnd.IntN(3)) * time.Millisecond}
		o.Will = &core.Will{Message: &core.Message{Body: []byte("will")}, To: core.TopicAddress("w"), Delay: time.Millisecond}
		ss, _, err := s.b.Default().OpenSession(fmt.Sprint(rnd.IntN(3)), rnd.IntN(3) == 0, o)
		if err != nil {
			s.t.Error(err)
			return
		}
		bindTopicOf(s.b, ss.Queue(), "t/k")
		ss.SetState(core.StateChange{Key: 1, Value: []byte{1}}, nil, 0)
		ss.Detach(o.Expiry, rnd.IntN(2) == 0)
	}
}

// drain takes what is left, once the leases are over.
func (s *stress) drain(q *core.Queue) {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		ds, err := q.Receive(context.Background(), core.ReceiveOptions{Max: 100, Wait: 200 * time.Millisecond, Lease: time.Minute})
		if err != nil {
			s.t.Fatal(err)
		}
		var rs []core.Receipt
		for _, d := range ds {
			s.take(q, d)
			rs = append(rs, d.Receipt)
		}
		if len(rs) == 0 {
			if n := q.Counts(); n.Ready+n.InFlight == 0 {
				return
			}
			continue
		}
		if _, err := q.Settle(context.Background(), core.Ack, rs...); err != nil {
			s.t.Fatal(err)
		}
	}
	s.t.Errorf("%s is not empty: %+v", q.Name(), q.Counts())
}

func (s *stress) account() {
	n := 0
	s.confirmed.Range(func(key, _ any) bool {
		n++
		if _, ok := s.taken.Load(key); !ok {
			s.t.Errorf("%s was confirmed and never came", key)
		}
		return !s.t.Failed()
	})
	s.taken.Range(func(key, times any) bool {
		if got := times.(*atomic.Int64).Load(); got > 1 && key.(string)[0] == 'g' {
			s.t.Errorf("%s was settled %d times", key, got)
		}
		return !s.t.Failed()
	})
	if n == 0 {
		s.t.Error("nothing was confirmed")
	}
	s.t.Logf("%d confirmed copies", n)
}
