package core_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// What AMQP's queues need beyond SQS's and MQTT's.

func get(t testing.TB, c *core.Consumer, noAck bool) (string, int64) {
	t.Helper()
	d, left, ok, err := c.Get(context.Background(), noAck)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "", left
	}
	return string(d.Message.Body), left
}

func countedMessage(i int) core.Message {
	return core.Message{Body: []byte(fmt.Sprint(i)), Durable: true}
}

func TestGet(t *testing.T) {
	b := fresh(t, func(o *core.Options) { o.Limits.WindowMessages = 10 })
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	c, err := q.Getter("")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, c, false); got != "" {
		t.Errorf("an empty queue gave %q", got)
	}
	flood(t, b, core.QueueAddress("q"), 100, countedMessage)
	for i := range 50 {
		if got, left := get(t, c, i%2 == 0); got != fmt.Sprint(i) || left != int64(99-i) {
			t.Fatalf("%d: got %q, %d left", i, got, left)
		}
	}
	if n := q.Counts(); n.InFlight != 25 || n.Consumers != 0 {
		t.Errorf("counts %+v", n)
	}
	c.Cancel()
	d := receive(t, q, core.ReceiveOptions{Max: 30})
	if len(d) < 3 || string(d[0].Message.Body) != "1" || d[0].Deliveries != 2 || string(d[1].Message.Body) != "3" {
		t.Errorf("after the cancel %q", bodies(d))
	}
	if _, _, _, err := c.Get(context.Background(), false); core.KindOf(err) != core.NotFound {
		t.Errorf("a cancelled one takes: %v", err)
	}
}

// A getter whose queue is purged or deleted holds nothing any more.
func TestGetterLosesItsQueue(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	c, _ := q.Getter("")
	flood(t, b, core.QueueAddress("q"), 3, countedMessage)
	d, _, _, err := c.Get(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Purge(); err != nil {
		t.Fatal(err)
	}
	c.Settle(core.Requeue, false, []core.Receipt{d.Receipt}, nil, nil, nil, 0)
	if n := q.Counts(); n.Ready+n.InFlight != 0 {
		t.Errorf("after the purge %+v", n)
	}
	flood(t, b, core.QueueAddress("q"), 1, countedMessage)
	get(t, c, false)
	if err := b.Default().DeleteQueue("q"); err != nil {
		t.Fatal(err)
	}
	c.Cancel()
	own := declare(t, b, "own", core.QueueOptions{Owner: "me"})
	if _, err := own.Getter("other"); core.KindOf(err) != core.Locked {
		t.Errorf("a getter of another's queue: %v", err)
	}
}

func TestPurgeReady(t *testing.T) {
	for _, held := range []int{0, 5} {
		for _, n := range []int{0, 8, 300} {
			t.Run(fmt.Sprintf("held=%d/n=%d", held, n), func(t *testing.T) {
				store := memstore.New(memstore.Options{})
				window := func(o *core.Options) { o.Limits.WindowMessages = 20 }
				b := open(t, store, window)
				q := declare(t, b, "q", durable(core.QueueOptions{}))
				c, _ := q.Getter("")
				flood(t, b, core.QueueAddress("q"), held, countedMessage)
				for range held {
					get(t, c, false)
				}
				flood(t, b, core.QueueAddress("q"), n, func(i int) core.Message {
					m := countedMessage(i)
					m.Priority = uint8(i % 3)
					return m
				})
				got, err := q.PurgeReady()
				if err != nil || got != int64(n) {
					t.Fatalf("purged %d, %v; want %d", got, err, n)
				}
				if c := q.Counts(); c.Ready != 0 || c.InFlight != int64(held) {
					t.Fatalf("counts %+v", c)
				}
				flood(t, b, core.QueueAddress("q"), 1, func(int) core.Message { return core.Message{Body: []byte("new"), Durable: true} })
				b.Close()
				b = open(t, store, window)
				defer b.Close()
				q, _ = b.Default().Queue("q")
				if c := q.Counts(); c.Ready != int64(held)+1 {
					t.Errorf("after a restart %+v", c)
				}
				var all []string
				_ = q.Browse(func(d core.Delivery) bool { all = append(all, string(d.Message.Body)); return true })
				if len(all) != held+1 || all[held] != "new" {
					t.Errorf("after a restart %q", all)
				}
			})
		}
	}
}

func TestDeleteQueueIf(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	flood(t, b, core.QueueAddress("q"), 3, countedMessage)
	c, err := q.Consume(core.ConsumerOptions{Receiver: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	ns := b.Default()
	if _, err := ns.DeleteQueueIf("q", true, false); core.KindOf(err) != core.InUse {
		t.Errorf("if unused: %v", err)
	}
	if _, err := ns.DeleteQueueIf("q", false, true); core.KindOf(err) != core.NotEmpty {
		t.Errorf("if empty: %v", err)
	}
	c.Cancel()
	if n, err := ns.DeleteQueueIf("q", true, false); n != 3 || err != nil {
		t.Errorf("deleted with %d messages, %v", n, err)
	}
	if _, err := ns.DeleteQueueIf("q", false, false); core.KindOf(err) != core.NotFound {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestMaxPriority(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "q", core.QueueOptions{MaxPriority: 2})
	for i, p := range []uint8{1, 2, 9, 2, 0} {
		publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte(fmt.Sprint(i)), Priority: p})
	}
	expect(t, "order", bodies(receive(t, q, core.ReceiveOptions{Max: 9})), "1 2 3 0 4")
}

// A message that may not wait is for who waits for it.
func TestNoTimeToLive(t *testing.T) {
	for name, c := range map[string]struct {
		o       core.QueueOptions
		own     bool
		durable bool
	}{
		"queue":             {o: core.QueueOptions{MessageTTL: core.Immediately}},
		"queue, persistent": {o: core.QueueOptions{MessageTTL: core.Immediately}, durable: true},
		"own":               {own: true},
		"own, persistent":   {own: true, durable: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := fresh(t)
				dead := declare(t, b, "dead", core.QueueOptions{})
				c.o.Durable, c.o.DeadLetter = true, core.QueueAddress("dead")
				q := declare(t, b, "q", c.o)
				send := func(body string) {
					m := core.Message{Body: []byte(body), Durable: c.durable}
					if c.own {
						m.ExpiresAt = b.Now()
					}
					publish(t, b, core.QueueAddress("q"), m)
				}
				send("nobody")
				elapse(time.Millisecond)
				synctest.Wait()
				if n := q.Counts(); n.Ready != 0 {
					t.Errorf("it waits: %+v", n)
				}
				expect(t, "dead", bodies(receive(t, dead, core.ReceiveOptions{Max: 9})), "nobody")
				r := newTape(5)
				if _, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 1}); err != nil {
					t.Fatal(err)
				}
				send("taken")
				send("no credit")
				elapse(time.Millisecond)
				synctest.Wait()
				d := <-r.got
				expect(t, "delivered", string(d.Message.Body), "taken")
				expect(t, "dead", bodies(receive(t, dead, core.ReceiveOptions{Max: 9})), "no credit")
			})
		})
	}
}

func TestMaxLengthNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		for name, o := range map[string]core.QueueOptions{"n": {MaxLength: -1}, "b": {MaxBytes: -1}, "small": {MaxBytes: 3}} {
			q := declare(t, b, name, o)
			publish(t, b, core.QueueAddress(name), core.Message{Body: []byte("12345")})
			synctest.Wait()
			if n := q.Counts().Ready; n != 0 {
				t.Errorf("%s keeps %d", name, n)
			}
		}
	})
}

// The first consumer stays the active one, whoever comes with a higher priority.
func TestSingleActiveStays(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "q", core.QueueOptions{SingleActive: true})
	var cs []*core.Consumer
	for i := range 3 {
		c, err := q.Consume(core.ConsumerOptions{Receiver: nobody{}, Priority: i, Name: fmt.Sprint("c", i), Credit: 1})
		if err != nil {
			t.Fatal(err)
		}
		cs = append(cs, c)
	}
	active := func() string {
		var names []string
		for _, c := range q.Consumers() {
			if c.Active {
				names = append(names, c.Name)
			}
		}
		return strings.Join(names, " ")
	}
	expect(t, "active", active(), "c0")
	cs[0].Cancel()
	expect(t, "active", active(), "c2")
	cs[1].Cancel()
	cs[2].Cancel()
	expect(t, "active", active(), "")
}

func TestDeclaringUsesAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		o := core.QueueOptions{Expires: 10 * time.Second}
		declare(t, b, "q", o)
		for range 3 {
			elapse(8 * time.Second)
			declare(t, b, "q", o)
		}
		elapse(9 * time.Second)
		if _, ok := b.Default().Queue("q"); !ok {
			t.Error("it expired while it was used")
		}
		elapse(2 * time.Second)
		synctest.Wait()
		if _, ok := b.Default().Queue("q"); ok {
			t.Error("it is still there")
		}
	})
}

// groupTape takes everything and remembers who got which group.
type groupTape struct {
	name string
	got  *[]string
}

func (g groupTape) Deliver(_ *core.Consumer, d core.Delivery) bool {
	*g.got = append(*g.got, g.name+":"+d.Message.GroupID+"|"+string(d.Message.Body))
	return false
}
func (groupTape) Cancelled(*core.Consumer, error) bool { return false }
func (groupTape) Flush()                               {}

func TestStickyGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t, func(o *core.Options) { o.Limits.WindowMessages = 5 })
		q := declare(t, b, "q", durable(core.QueueOptions{Sticky: true}))
		var got []string
		consume := func(name string) *core.Consumer {
			c, err := q.Consume(core.ConsumerOptions{Receiver: groupTape{name, &got}, Credit: 1000, Name: name})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		a, _ := consume("a"), consume("b")
		rnd := rand.New(rand.NewPCG(1, 2))
		owner, held := map[string]string{}, map[string]int{}
		send := func(n int) {
			flood(t, b, core.QueueAddress("q"), n, func(i int) core.Message {
				return core.Message{Body: []byte(fmt.Sprint(i)), Durable: true, GroupID: fmt.Sprint("g", rnd.IntN(20))}
			})
			synctest.Wait()
		}
		send(200)
		for _, g := range got {
			who, rest, _ := strings.Cut(g, ":")
			group, _, _ := strings.Cut(rest, "|")
			if o, ok := owner[group]; ok && o != who {
				t.Fatalf("group %s went to %s and %s", group, o, who)
			}
			owner[group] = who
			held[who]++
		}
		if len(got) != 200 || held["a"] == 0 || held["b"] == 0 {
			t.Fatalf("%d delivered: %v", len(got), held)
		}
		got = got[:0]
		n := held["a"]
		a.Cancel() // b gets what a held, and all that comes
		synctest.Wait()
		send(100)
		if len(got) != n+100 {
			t.Errorf("%d delivered, want %d", len(got), n+100)
		}
		for _, g := range got {
			if !strings.HasPrefix(g, "b:") {
				t.Errorf("%s", g)
			}
		}
	})
}

// One consumer without credit holds up only its groups.
func TestStickyGroupBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t, func(o *core.Options) { o.Limits.WindowMessages = 10 })
		q := declare(t, b, "q", durable(core.QueueOptions{Sticky: true}))
		slow, fast := newTape(1000), newTape(1000)
		if _, err := q.Consume(core.ConsumerOptions{Receiver: slow, Credit: 1}); err != nil {
			t.Fatal(err)
		}
		send := func(group string, n int) {
			flood(t, b, core.QueueAddress("q"), n, func(i int) core.Message {
				return core.Message{Body: []byte(fmt.Sprint(group, i)), Durable: true, GroupID: group}
			})
		}
		send("one", 500)
		if _, err := q.Consume(core.ConsumerOptions{Receiver: fast, Credit: 1000}); err != nil {
			t.Fatal(err)
		}
		send("two", 3)
		synctest.Wait()
		if len(slow.got) != 1 || len(fast.got) != 3 {
			t.Errorf("slow got %d, fast %d", len(slow.got), len(fast.got))
		}
	})
}

func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		declare(t, b, "q", durable(core.QueueOptions{}))
		var told atomic.Value
		stop := b.WatchBlocked(func(reason string) { told.Store(reason) })
		defer stop()
		b.HoldPublishes("maintenance")
		if told.Load() != "maintenance" || b.Blocked() != "maintenance" {
			t.Errorf("told %v", told.Load())
		}
		p := b.Default().NewPublisher(0)
		r := newTape(2)
		if err := p.Publish(&core.Publication{Message: &core.Message{Durable: true}, To: core.QueueAddress("q"), Confirm: r}); err != nil {
			t.Fatal(err)
		}
		elapse(5 * time.Second)
		if len(r.out) != 0 {
			t.Error("confirmed while held")
		}
		if err := p.Publish(&core.Publication{Message: &core.Message{}, To: core.QueueAddress("q"), Confirm: r}); err != nil {
			t.Fatal(err)
		}
		q, _ := b.Default().Queue("q")
		if n := q.Counts().Ready; n != 0 || len(r.out) != 0 {
			t.Errorf("%d got through", n)
		}
		b.HoldPublishes("")
		synctest.Wait()
		if o := <-r.out; o.Err != nil || told.Load() != "" {
			t.Errorf("after: %v, told %v", o.Err, told.Load())
		}
		p.Close()
	})
}

// What was given back for the last time is dead-lettered then, though nobody asks for
// it again: as RabbitMQ does. A trail tells of the first time that it died of something.
func TestDeliveryLimitWithoutAConsumer(t *testing.T) {
	b := fresh(t)
	declare(t, b, "dead", core.QueueOptions{})
	for name, end := range map[string]func(c *core.Consumer, r core.Receipt){
		"requeued": func(c *core.Consumer, r core.Receipt) {
			c.Settle(core.Requeue, false, []core.Receipt{r}, nil, nil, nil, 0)
		},
		"cancelled": func(c *core.Consumer, _ core.Receipt) { c.Cancel() },
	} {
		for _, d := range []bool{true, false} {
			q := declare(t, b, fmt.Sprint(name, d), core.QueueOptions{Durable: d, MaxDeliveries: 2, DeadLetter: core.QueueAddress("dead")})
			publish(t, b, core.QueueAddress(q.Name()), core.Message{Body: []byte("x"), Durable: d})
			for range 2 {
				c, err := q.Getter("")
				if err != nil {
					t.Fatal(err)
				}
				got, _, ok, err := c.Get(t.Context(), false)
				if err != nil || !ok {
					t.Fatal(name, ok, err)
				}
				end(c, got.Receipt)
				c.Cancel()
			}
			dead, _ := b.Default().Queue("dead")
			ds := receive(t, dead, core.ReceiveOptions{Max: 1, Wait: time.Minute})
			settle(t, dead, core.Ack, ds)
			if len(ds) != 1 || ds[0].Message.Deaths[0].Reason != core.DeliveryLimit || q.Counts().Ready != 0 {
				t.Errorf("%s: %d dead, %+v", name, len(ds), q.Counts())
			}
		}
	}
}

func TestTrailKeepsTheFirstTime(t *testing.T) {
	b := fresh(t)
	ns := b.Default()
	if _, _, err := ns.DeclareExchange("x", core.ExchangeOptions{Kind: core.ExchangeFanout}); err != nil {
		t.Fatal(err)
	}
	q := declare(t, b, "q", core.QueueOptions{DeadLetter: core.ExchangeAddress("x", "again")})
	if _, err := ns.Bind(&core.Binding{Exchange: "x", Queue: q}); err != nil {
		t.Fatal(err)
	}
	publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("x"), ExpiresAt: time.Now().Add(time.Hour).UnixMilli()})
	for n := range int64(3) {
		ds := receive(t, q, core.ReceiveOptions{Max: 1, Wait: time.Minute})
		if len(ds) != 1 {
			t.Fatal("it is gone")
		}
		if n > 0 {
			if d := ds[0].Message.Deaths; len(d) != 1 || d[0].Count != n || d[0].TTL == nil || d[0].Source.RoutingKey() != "q" || d[0].Source.Exchange() != "" {
				t.Errorf("%+v", d)
			}
		}
		settle(t, q, core.Reject, ds)
	}
}
