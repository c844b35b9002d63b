package core_test

import (
	"slices"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// crash lets some operations begin and stops the broker in the middle of
// them, at any group since the last durable one.
func (r *run) crash() {
	r.say("crash")
	r.sleep(time.Second) // what was lazy before is durable now
	r.quiet()
	uncertain := map[string]bool{}
	tapes := map[string]*tape{}
	for range r.rnd.IntN(12) {
		r.crashPublish(uncertain, tapes)
		r.crashSettle(uncertain)
	}
	if r.rnd.IntN(2) == 0 {
		synctest.Wait()
	}
	confirmed := map[string]bool{}
	for id, t := range tapes {
		confirmed[id] = len(t.out) > 0
	}
	r.mu.Lock()
	for _, e := range r.events { // delivered in between: all of that may be forgotten
		if e.c.noAck {
			uncertain[idOf(e.d.Message)] = true
		}
	}
	r.mu.Unlock()
	left := r.store.crash(r.rnd)
	if err := r.b.Close(); err != nil {
		r.Fatal(err)
	}
	r.events = nil
	r.store = left
	for id, sure := range confirmed {
		uncertain[id] = !sure || uncertain[id]
	}
	before := r.m.queues
	for _, c := range r.m.queues["short"].copies {
		uncertain[c.id] = uncertain[c.id] || c.maybe
	}
	r.m.restarted()
	for _, c := range r.m.queues["limited"].copies { // what is spent may be dead by now
		uncertain[c.id] = uncertain[c.id] || r.m.spent(r.m.queues["limited"], c)
	}
	for _, q := range r.m.queues {
		for _, c := range q.copies {
			c.maybe = c.maybe || !c.m.Durable // written, but no sync was due for it
		}
	}
	r.start()
	for range 310 { // longer than any lease, delay and deduplication
		was := r.m.now()
		elapse(time.Second)
		synctest.Wait()
		r.m.passed(was)
	}
	r.resync(before, uncertain)
}

func (r *run) crashPublish(uncertain map[string]bool, tapes map[string]*tape) {
	m, to := r.message(), r.address()
	t := newTape(1)
	cp := *m
	if err := r.pub.Publish(&core.Publication{Message: &cp, To: to, Confirm: t}); err != nil {
		r.Fatal(err)
	}
	r.pub.Flush()
	m.Source = to
	uncertain[idOf(m)], tapes[idOf(m)] = !m.Durable, t // what is confirmed is there if it is durable
	for _, q := range r.targets(to) {
		r.m.arrive(q, m)
		if q.opt.MaxLength > 0 { // anything of it may be shed by now, or not
			for _, c := range q.copies {
				c.maybe = true
			}
		}
	}
}

func (r *run) crashSettle(uncertain map[string]bool) {
	k := r.anyConsumer()
	if k == nil || len(k.held) == 0 {
		return
	}
	hs, rs := r.takeHeld(k)
	for _, h := range hs {
		if h.c != nil {
			uncertain[h.c.id] = true
		}
	}
	k.c.Settle([]core.Settlement{core.Ack, core.Reject, core.Requeue}[r.rnd.IntN(3)], true, rs, nil, nil, nil, 0)
}

// resync checks what a crash left against what it must have left, and lets
// the model begin anew with that.
func (r *run) resync(before map[string]*modelQueue, uncertain map[string]bool) {
	for _, name := range r.m.names() {
		q := before[name]
		old := q.copies
		q.copies, q.deduped = nil, map[string]int64{}
		err := r.queue(name).Browse(func(d core.Delivery) bool {
			id := idOf(d.Message)
			i := slices.IndexFunc(old, func(c *modelCopy) bool { return c.id == id })
			c := &modelCopy{id: id, m: d.Message, deliveries: -1, origin: trail(d.Message), since: r.m.step, receipt: d.Receipt}
			switch {
			case i >= 0:
				c.m, c.stored, c.maybe = old[i].m, old[i].stored, old[i].maybe
				old = slices.Delete(old, i, i+1)
			case uncertain[id]:
				c.stored = d.Message.Durable || d.Message.DeliverAt != 0 && c.origin == ""
				c.maybe = !d.Message.Durable
			default:
				r.Fatalf("step %d: after a crash there is %s in %s, which was not", r.m.step, id, name)
			}
			r.m.order++
			c.order = r.m.order
			q.copies = append(q.copies, c)
			return true
		})
		if err != nil {
			r.Fatal(err)
		}
		for _, c := range old {
			if !c.maybe && !uncertain[c.id] && !r.m.spent(q, c) {
				r.Fatalf("step %d: after a crash %s is not in %s any more", r.m.step, c.id, name)
			}
		}
		if n := r.queue(name).Counts(); n.Ready != int64(len(q.copies)) || n.InFlight+n.Delayed != 0 {
			r.Fatalf("step %d: %s counts %+v, browsing finds %d", r.m.step, name, n, len(q.copies))
		}
	}
}

func trail(m *core.Message) string {
	if n := len(m.Deaths); n > 0 {
		return m.Deaths[n-1].Queue
	}
	return ""
}
