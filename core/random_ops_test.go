package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// The operations of TestRandomOperations: each acts on the broker and lets the
// model follow.

// message makes one, with what it needs to be told apart.
func (r *run) message() *core.Message {
	r.ids++
	m := &core.Message{Durable: r.rnd.IntN(4) > 0, Type: []string{"red", "blue", "blue", "blue"}[r.rnd.IntN(4)], CreatedAt: int64(r.ids)}
	size := r.rnd.IntN(400)
	switch n := r.rnd.IntN(100); {
	case n < 10:
		size = 1500 + r.rnd.IntN(1500)
	case n == 99:
		size = 300 << 10
	}
	m.Body = []byte(fmt.Sprintf("m%d|%s", r.ids, strings.Repeat("x", size)))
	if r.rnd.IntN(5) == 0 {
		m.Priority = uint8(r.rnd.IntN(10))
	}
	if r.rnd.IntN(8) == 0 {
		m.DeliverAt = r.second(1 + r.rnd.IntN(15))
	}
	if r.rnd.IntN(8) == 0 {
		m.ExpiresAt = r.second(1+r.rnd.IntN(15)) + 300 // when nothing else happens
	}
	m.GroupID = fmt.Sprint("g", r.rnd.IntN(4))
	return m
}

// second is the n-th whole second from now, when no operation takes place.
func (r *run) second(n int) int64 {
	return time.Now().Truncate(time.Second).UnixMilli() + int64(n)*1000
}

func (r *run) address() core.Address {
	if r.rnd.IntN(3) > 0 {
		names := r.m.names()
		return core.QueueAddress(names[r.rnd.IntN(len(names))])
	}
	if r.rnd.IntN(2) == 0 {
		return core.ExchangeAddress("ex", fmt.Sprint("k", 1+r.rnd.IntN(5)))
	}
	return core.TopicAddress(fmt.Sprint("t/", 1+r.rnd.IntN(4)))
}

// targets is the queues that an address reaches.
func (r *run) targets(to core.Address) []*modelQueue {
	if to.Kind == core.ToQueue {
		return []*modelQueue{r.m.queues[to.Name]}
	}
	var qs []*modelQueue
	for _, name := range r.m.names() {
		if to.Kind == core.ToExchange && slices.Contains(randomRoutes[to.Key], name) {
			qs = append(qs, r.m.queues[name])
		}
		for _, f := range randomBindings[name] {
			p, err := match.ParseMQTT(f)
			if err != nil {
				r.Fatal(err)
			}
			if p.Match(to.Name) {
				qs = append(qs, r.m.queues[name])
				break
			}
		}
	}
	return qs
}

// arrives lets the model follow a publish.
func (r *run) arrives(m *core.Message, to core.Address) {
	for _, q := range r.targets(to) {
		if q.opt.Dedup != core.DedupOff {
			id := m.DedupID
			if id == "" {
				id = "body " + idOf(m)
			}
			if at, ok := q.deduped[id]; ok && at > r.m.now()-(5*time.Minute).Milliseconds() {
				continue
			}
			q.deduped[id] = r.m.now()
		}
		r.m.arrive(q, m)
		r.m.shed(q)
		r.m.expire(q)
		r.m.shed(q)
	}
}

// messageTo is a message that the model can follow there.
func (r *run) messageTo(to core.Address) *core.Message {
	m := r.message()
	if m.DeliverAt != 0 && (to.Name == "short" || to.Name == "t/2") {
		m.ExpiresAt = 0 // what expires as it arrives may still push another out
	}
	return m
}

func (r *run) publish(n int) {
	to := r.address()
	for range n {
		m := r.messageTo(to)
		if r.rnd.IntN(10) == 0 {
			m.DedupID = fmt.Sprint("d", r.rnd.IntN(5))
		}
		cp := *m
		pub := &core.Publication{Message: &cp, To: to}
		t := newTape(1)
		if r.rnd.IntN(3) > 0 {
			pub.Confirm = t
		}
		if err := r.pub.Publish(pub); err != nil {
			r.Fatal(err)
		}
		r.pub.Flush()
		if r.rnd.IntN(3) == 0 || to.Name == "short" || to.Kind != core.ToQueue {
			synctest.Wait()
			if pub.Confirm != nil {
				if o := <-t.out; o.Err != nil {
					r.Fatal(o.Err)
				}
			}
		}
		m.Source = to
		r.say("publish %s (%d bytes, durable %v, priority %d, group %s, due %d, expires %d) to %v", idOf(m), len(m.Body), m.Durable, m.Priority, m.GroupID+m.DedupID, m.DeliverAt, m.ExpiresAt, to)
		r.arrives(m, to)
	}
}

// anyQueue is a random name.
func (r *run) anyQueue() string {
	names := r.m.names()
	return names[r.rnd.IntN(len(names))]
}

func (r *run) pull() {
	name := r.anyQueue()
	q := r.m.queues[name]
	o := core.ReceiveOptions{Max: 1 + r.rnd.IntN(6), Lease: time.Duration(1+r.rnd.IntN(20))*time.Second + leaseStep}
	fits := filter(anything)
	if r.rnd.IntN(4) == 0 {
		o.MaxBytes = 1000
		fits = func(c *modelCopy) bool { return !c.big() }
	}
	ds, err := r.queue(name).Receive(r.Context(), o)
	if err != nil {
		r.Fatal(err)
	}
	r.say("pull %d of %s with limit %d", o.Max, name, o.MaxBytes)
	pulling := map[string]bool{}
	for _, d := range ds {
		c, err := r.m.delivered(name, d, fits, pulling)
		if err != nil {
			r.Fatalf("step %d: pull: %v", r.m.step, err)
		}
		r.say("  %s, delivery %d", c.id, d.Deliveries)
		c.until = d.Deadline
		if q.opt.Grouped {
			pulling[q.group(c)] = true
		}
	}
	if len(ds) > 0 {
		return
	}
	r.resolve(q)
	for _, c := range q.copies {
		if fits(c) && r.m.ready(q, c, nil) {
			r.Fatalf("step %d: a pull of %s with limit %d finds nothing, not %s", r.m.step, name, o.MaxBytes, c.id)
		}
	}
}

func (r *run) consume() {
	if len(r.cons) >= 6 {
		return
	}
	k := &modelConsumer{queue: []string{"plain", "groups", "memory", "limited"}[r.rnd.IntN(4)], credit: 1 + r.rnd.IntN(4), fits: anything}
	o := core.ConsumerOptions{Receiver: &receiver{r, k}, Credit: k.credit, Priority: r.rnd.IntN(2)}
	if r.rnd.IntN(3) == 0 {
		o.Predicate = ofType("red")
		k.fits = func(c *modelCopy) bool { return c.m.Type == "red" }
	}
	k.noAck = r.rnd.IntN(5) == 0
	o.NoAck = k.noAck
	c, err := r.queue(k.queue).Consume(o)
	if err != nil {
		r.Fatal(err)
	}
	k.c = c
	r.cons = append(r.cons, k)
	r.say("consume %s with credit %d, predicate %v, no ack %v", k.queue, k.credit, o.Predicate, k.noAck)
}

type ofType string

func (p ofType) Matches(m *core.Message) bool { return m.Type == string(p) }

// receiver notes push deliveries in order.
type receiver struct {
	r *run
	k *modelConsumer
}

func (v *receiver) Deliver(_ *core.Consumer, d core.Delivery) bool {
	v.r.mu.Lock()
	v.r.events = append(v.r.events, event{v.k, d})
	v.r.mu.Unlock()
	return false
}
func (v *receiver) Cancelled(*core.Consumer, error) bool { return false }
func (v *receiver) Flush()                               {}

func (r *run) anyConsumer() *modelConsumer {
	if len(r.cons) == 0 {
		return nil
	}
	return r.cons[r.rnd.IntN(len(r.cons))]
}

func (r *run) cancel() {
	k := r.anyConsumer()
	if k == nil {
		return
	}
	r.say("cancel a consumer of %s", k.queue)
	k.c.Cancel()
	r.forget(k)
	q := r.m.queues[k.queue]
	for _, h := range k.held {
		if h.c != nil {
			r.m.back(h.c)
		}
	}
	r.m.expire(q)
	r.m.shed(q)
}

func (r *run) forget(k *modelConsumer) {
	r.cons = slices.DeleteFunc(r.cons, func(o *modelConsumer) bool { return o == k })
}

func (r *run) credit() {
	if k := r.anyConsumer(); k != nil {
		n := 1 + r.rnd.IntN(3)
		r.say("%d more credit for a consumer of %s", n, k.queue)
		k.credit += n
		k.c.AddCredit(n)
	}
}

func (r *run) how() core.Settlement {
	return []core.Settlement{core.Ack, core.Ack, core.Ack, core.Requeue, core.Release, core.Reject}[r.rnd.IntN(6)]
}

// settled lets the model follow one settlement.
func (r *run) settled(q *modelQueue, c *modelCopy, how core.Settlement) {
	switch how {
	case core.Ack:
		r.m.remove(q, c)
	case core.Reject:
		r.m.die(q, c)
	case core.Release:
		if c.deliveries > 0 {
			c.deliveries--
		}
		r.m.back(c)
	case core.Requeue:
		r.m.back(c)
	}
}

// takeHeld picks some of what a consumer holds.
func (r *run) takeHeld(k *modelConsumer) (hs []heldReceipt, rs []core.Receipt) {
	r.rnd.Shuffle(len(k.held), func(i, j int) { k.held[i], k.held[j] = k.held[j], k.held[i] })
	n := min(len(k.held), 1+r.rnd.IntN(3))
	hs, k.held = k.held[:n:n], k.held[n:]
	for _, h := range hs {
		rs = append(rs, h.r)
	}
	return hs, rs
}

func (r *run) settlePush() {
	k := r.anyConsumer()
	if k == nil || len(k.held) == 0 {
		return
	}
	hs, rs := r.takeHeld(k)
	how := r.how()
	q := r.m.queues[k.queue]
	k.credit += len(hs)
	for _, h := range hs {
		if h.c != nil {
			r.say("settle %s of %s: %d", h.c.id, q.name, how)
			r.settled(q, h.c, how)
		}
	}
	r.m.expire(q)
	r.m.shed(q)
	k.c.Settle(how, true, rs, nil, nil, nil, 0)
}

// pulled is the copies under a pull lease.
func (r *run) pulled(q *modelQueue) (cs []*modelCopy) {
	for _, c := range q.copies {
		if c.held && c.by == nil {
			cs = append(cs, c)
		}
	}
	return cs
}

func (r *run) settlePull() {
	q := r.m.queues[r.anyQueue()]
	cs := r.pulled(q)
	if len(cs) == 0 {
		return
	}
	how := r.how()
	var rs []core.Receipt
	r.rnd.Shuffle(len(cs), func(i, j int) { cs[i], cs[j] = cs[j], cs[i] })
	cs = cs[:1+r.rnd.IntN(len(cs))]
	for _, c := range cs {
		if q.opt.MaxLength > 0 && c.expires != 0 && c.expires <= r.m.now() {
			how = core.Ack // what comes back expired may push another out before it goes
		}
		rs = append(rs, c.receipt)
		r.say("settle pulled %s of %s: %d", c.id, q.name, how)
	}
	for _, c := range cs {
		r.settled(q, c, how)
	}
	r.m.expire(q)
	r.m.shed(q)
	errs, err := r.queue(q.name).Settle(r.Context(), how, rs...)
	for i, e := range append(errs, err) {
		if e != nil {
			r.Fatalf("step %d: settling %v of %s: %v", r.m.step, i, q.name, e)
		}
	}
}

func (r *run) extend() {
	q := r.m.queues[r.anyQueue()]
	cs := r.pulled(q)
	if len(cs) == 0 {
		return
	}
	c, d := cs[r.rnd.IntN(len(cs))], time.Duration(r.rnd.IntN(10))*time.Second
	if d > 0 {
		d += leaseStep
	}
	if q.opt.MaxLength > 0 && d == 0 {
		return // as there
	}
	r.say("lease of %s of %s: %v", c.id, q.name, d)
	c.until = r.m.now() + d.Milliseconds()
	if d == 0 {
		r.m.back(c)
		r.m.expire(q)
		r.m.shed(q)
	}
	if err := r.queue(q.name).ExtendLease(c.receipt, d); err != nil {
		r.Fatalf("step %d: extending %s: %v", r.m.step, c.id, err)
	}
}

// pass lets time go on.
func (r *run) pass() { r.sleep(time.Duration(1+r.rnd.IntN(8)) * time.Second) }

func (r *run) sleep(d time.Duration) {
	r.say("%v pass", d)
	for ; d > 0; d -= time.Second {
		// Leases end, entries are due and entries expire, one after the other.
		for _, part := range []time.Duration{300, 100, 300, 300} {
			was := r.m.now()
			elapse(part * time.Millisecond)
			synctest.Wait()
			r.m.passed(was)
			r.quiet()
		}
		r.m.step++
	}
}

func (r *run) purge() {
	q := r.m.queues[r.anyQueue()]
	r.say("purge %s", q.name)
	if err := r.queue(q.name).Purge(); err != nil {
		r.Fatal(err)
	}
	q.copies = nil
	for _, k := range r.cons {
		for i := range k.held {
			if k.queue == q.name {
				k.held[i].c = nil
			}
		}
	}
}

// purgeReady leaves what is in flight or delayed.
func (r *run) purgeReady() {
	q := r.m.queues[r.anyQueue()]
	ready := r.queue(q.name).Counts().Ready
	n, err := r.queue(q.name).PurgeReady()
	r.say("purge %d ready of %s", n, q.name)
	if err != nil || n != ready {
		r.Fatalf("step %d: purged %d of %s, %v; %d were ready", r.m.step, n, q.name, err, ready)
	}
	q.copies = slices.DeleteFunc(q.copies, func(c *modelCopy) bool { return !c.held && c.due <= r.m.now() })
}

// remake deletes a queue and declares it again.
func (r *run) remake() {
	q := r.m.queues[r.anyQueue()]
	r.say("remake %s", q.name)
	for _, k := range slices.Clone(r.cons) {
		if k.queue == q.name {
			r.forget(k)
		}
	}
	if err := r.b.Default().DeleteQueue(q.name); err != nil {
		r.Fatal(err)
	}
	q.copies, q.deduped = nil, map[string]int64{}
	r.declare(q.name)
	r.bindExchanges(q.name)
}

func (r *run) redrive() {
	dead := r.m.queues["dead"]
	n, err := r.queue("dead").Redrive(1+r.rnd.IntN(10), "")
	if err != nil {
		r.Fatal(err)
	}
	r.say("redrive %d", n)
	synctest.Wait()
	r.redriven(dead, n)
}

// redriven finds out by browsing what a redrive moved. Copies of one message
// that died in one queue and were never delivered since are all alike.
func (r *run) redriven(dead *modelQueue, n int) {
	places, alike := map[core.Receipt]bool{}, map[string]int{}
	err := r.queue("dead").Browse(func(d core.Delivery) bool {
		places[bare(d.Receipt)] = true
		alike[idOf(d.Message)+trail(d.Message)]++
		return true
	})
	if err != nil {
		r.Fatal(err)
	}
	waiting := slices.DeleteFunc(slices.Clone(dead.copies), func(c *modelCopy) bool { return c.held || c.due > r.m.now() })
	waiting = slices.DeleteFunc(waiting, func(c *modelCopy) bool {
		if places[bare(c.receipt)] {
			alike[c.id+c.origin]--
		}
		return places[bare(c.receipt)]
	})
	for _, c := range waiting {
		if c.receipt == (core.Receipt{}) && alike[c.id+c.origin] > 0 {
			alike[c.id+c.origin]--
			continue
		}
		if c.origin == "" {
			r.Fatalf("step %d: redrive moved %s, which never died", r.m.step, c.id)
		}
		n--
		r.m.remove(dead, c)
		q := r.m.queues[c.origin]
		q.copies = append(q.copies, &modelCopy{id: c.id, m: c.m, stored: q.opt.Durable && c.m.Durable, origin: c.origin, since: r.m.step})
		r.m.shed(q)
	}
	if n != 0 {
		r.Fatalf("step %d: redrive moved %d fewer than it said", r.m.step, n)
	}
}

func bare(rc core.Receipt) core.Receipt { rc.Lease = 0; return rc }

// commit publishes and settles in one group.
func (r *run) commit() {
	k := r.anyConsumer()
	g := &core.Group{Confirm: newTape(1)}
	if k != nil && len(k.held) > 0 {
		hs, rs := r.takeHeld(k)
		how := []core.Settlement{core.Ack, core.Requeue, core.Reject}[r.rnd.IntN(3)]
		g.Settlements = []core.GroupSettlement{{Consumer: k.c, How: how, Receipts: rs}}
		q := r.m.queues[k.queue]
		k.credit += len(hs)
		for _, h := range hs {
			if h.c != nil {
				r.settled(q, h.c, how)
			}
		}
		r.m.expire(q)
		r.m.shed(q)
	}
	to := r.address()
	for range 1 + r.rnd.IntN(3) {
		m := r.messageTo(to)
		cp := *m
		g.Publications = append(g.Publications, &core.Publication{Message: &cp, To: to})
		m.Source = to
		r.arrives(m, to)
	}
	r.say("commit %d publishes to %v", len(g.Publications), to)
	if err := r.pub.Commit(g); err != nil {
		r.Fatal(err)
	}
	r.pub.Flush()
}

func (r *run) restart() {
	r.say("restart")
	if err := r.b.Close(); err != nil {
		r.Fatal(err)
	}
	r.takeEvents()
	r.m.restarted()
	r.start()
}
