package core_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// modelSession is what a session should be.
type modelSession struct {
	s        *core.Session
	durable  bool
	attached bool
	expiry   time.Duration
	detached int64
	state    map[uint32]string
	binds    map[string]bool
	queued   int
	will     bool
	delay    time.Duration
	willAt   int64
}

// sessionRun compares sessions with a model through random operations.
type sessionRun struct {
	*testing.T
	rnd   *rand.Rand
	store *memstore.Store
	b     *core.Broker
	ids   map[string]*modelSession
	wills int
}

func TestSessionsRandomly(t *testing.T) {
	seeds := uint64(60)
	if raceEnabled {
		seeds = 15
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &sessionRun{T: t, rnd: rand.New(rand.NewPCG(seed, 2)), store: memstore.New(memstore.Options{}), ids: map[string]*modelSession{}}
				elapse(600 * time.Millisecond)
				r.b = open(t, r.store)
				t.Cleanup(func() { r.b.Close() })
				bindTopic(t, r.b, declare(t, r.b, "wills", durable(core.QueueOptions{})), "w")
				for range 150 {
					ops := []func(){r.open, r.open, r.detach, r.detach, r.bind, r.unbind, r.publish, r.publish, r.publish, r.setState, r.pass, r.restart}
					ops[r.rnd.IntN(len(ops))]()
					r.check()
				}
				r.finish()
			})
		})
	}
}

func (r *sessionRun) id() string { return fmt.Sprint("c", r.rnd.IntN(4)) }

// a duration that ends where no operation takes place
func (r *sessionRun) seconds(n int) time.Duration {
	return time.Duration(1+r.rnd.IntN(n))*time.Second + leaseStep
}

func (r *sessionRun) now() int64 { return time.Now().UnixMilli() }

func (r *sessionRun) open() {
	id, clean := r.id(), r.rnd.IntN(4) == 0
	o := core.SessionOptions{Dialect: "mqtt"}
	switch r.rnd.IntN(4) {
	case 0:
	case 1:
		o.Expiry = core.Forever
	default:
		o.Expiry = r.seconds(20)
	}
	m := r.ids[id]
	if m != nil && m.attached {
		return // the door's matter
	}
	n := &modelSession{expiry: o.Expiry, durable: o.Expiry > 0, attached: true, state: map[uint32]string{}, binds: map[string]bool{}}
	if r.rnd.IntN(2) == 0 {
		n.will, n.delay = true, 0
		if r.rnd.IntN(2) == 0 {
			n.delay = r.seconds(10)
		}
		o.Will = &core.Will{Message: &core.Message{Body: []byte("will " + id), Durable: true}, To: core.TopicAddress("w"), Delay: n.delay}
	}
	resumes := m != nil && !clean && (m.durable || o.Expiry == 0)
	if resumes {
		n.durable, n.state, n.binds, n.queued = m.durable, m.state, m.binds, m.queued
	} else if m != nil && m.willAt != 0 {
		r.wills++ // its session ends
	}
	s, resumed, err := r.b.Default().OpenSession(id, clean, o)
	if err != nil {
		r.Fatal(err)
	}
	if resumed != resumes {
		r.Fatalf("%s resumed: %v", id, resumed)
	}
	n.s = s
	r.ids[id] = n
}

// with calls f with a session that is attached.
func (r *sessionRun) with(f func(id string, m *modelSession)) {
	id := r.id()
	if m := r.ids[id]; m != nil && m.attached {
		f(id, m)
	}
}

func (r *sessionRun) detach() {
	r.with(func(id string, m *modelSession) {
		will := r.rnd.IntN(2) == 0
		m.attached, m.detached = false, r.now()
		m.willAt = 0
		if m.will && will {
			m.willAt = r.now() + m.delay.Milliseconds()
		}
		m.s.Detach(m.expiry, will)
		r.timePassed()
	})
}

// timePassed ends what is over and publishes what is due.
func (r *sessionRun) timePassed() {
	for id, m := range r.ids {
		if m.attached {
			continue
		}
		over := m.expiry != core.Forever && m.detached+m.expiry.Milliseconds() <= r.now()
		if m.willAt != 0 && (m.willAt <= r.now() || over) {
			m.willAt, m.will = 0, false
			r.wills++
		}
		if over {
			delete(r.ids, id)
		}
	}
}

func (r *sessionRun) bind() {
	r.with(func(id string, m *modelSession) {
		filter := fmt.Sprint("t/", r.rnd.IntN(3))
		f, err := match.ParseMQTT(filter)
		if err != nil {
			r.Fatal(err)
		}
		_, err = r.b.Default().Bind(&core.Binding{Key: m.s.Prefix() + filter, Dialect: "mqtt", Filter: f, Queue: m.s.Queue(), KeepDurable: true, Durable: true, Session: m.s})
		if err != nil {
			r.Fatal(err)
		}
		m.binds[filter] = true
	})
}

func (r *sessionRun) unbind() {
	r.with(func(id string, m *modelSession) {
		for filter := range m.binds {
			found, err := r.b.Default().Unbind(m.s.Prefix() + filter)
			if err != nil || !found[0] {
				r.Fatal(found, err)
			}
			delete(m.binds, filter)
			return
		}
	})
}

func (r *sessionRun) publish() {
	topic, dur := fmt.Sprint("t/", r.rnd.IntN(3)), r.rnd.IntN(4) > 0
	publish(r, r.b, core.TopicAddress(topic), core.Message{Body: []byte("x"), Durable: dur})
	for _, m := range r.ids {
		if dur && m.binds[topic] {
			m.queued++
		}
	}
}

func (r *sessionRun) setState() {
	r.with(func(id string, m *modelSession) {
		c := core.StateChange{Key: uint32(r.rnd.IntN(5))}
		delete(m.state, c.Key)
		if r.rnd.IntN(3) > 0 {
			c.Value = []byte(fmt.Sprint(r.rnd.IntN(100)))
			m.state[c.Key] = string(c.Value)
		}
		m.s.SetState(c, nil, 0)
	})
}

func (r *sessionRun) pass() {
	for range 1 + r.rnd.IntN(5) {
		elapse(time.Second)
		synctest.Wait()
		r.timePassed()
	}
}

func (r *sessionRun) restart() {
	if err := r.b.Close(); err != nil {
		r.Fatal(err)
	}
	for id, m := range r.ids {
		switch {
		case !m.durable:
			delete(r.ids, id)
		case m.attached: // its connection is gone
			m.attached, m.detached = false, r.now()
			if m.will {
				m.willAt = r.now() + m.delay.Milliseconds()
			}
		}
	}
	r.b = open(r, r.store)
	synctest.Wait()
	r.timePassed()
}

func (r *sessionRun) check() {
	synctest.Wait()
	ns := r.b.Default()
	var want []string
	for id := range r.ids {
		want = append(want, id)
	}
	slices.Sort(want)
	if have := ns.Sessions("mqtt"); !slices.Equal(have, want) {
		r.Fatalf("sessions %v, expected %v", have, want)
	}
	for id, m := range r.ids {
		q, ok := ns.Queue("session/mqtt/" + id)
		if !ok || q.Counts().Ready != int64(m.queued) {
			r.Fatalf("%s: queue %v, %+v, expected %d", id, ok, q.Counts(), m.queued)
		}
		if have := len(ns.BindingsOf(q)); have != len(m.binds) {
			r.Fatalf("%s: %d bindings, expected %d", id, have, len(m.binds))
		}
		if m.attached {
			state := map[uint32]string{}
			m.s.State(func(k uint32, v []byte) { state[k] = string(v) })
			if fmt.Sprint(state) != fmt.Sprint(m.state) {
				r.Fatalf("%s: state %v, expected %v", id, state, m.state)
			}
		}
	}
	q, _ := ns.Queue("wills")
	if have := q.Counts().Ready; have != int64(r.wills) {
		r.Fatalf("%d wills, expected %d", have, r.wills)
	}
}

// finish ends every session and looks for what is left in the store.
func (r *sessionRun) finish() {
	for i := range 4 {
		id := fmt.Sprint("c", i)
		s, _, err := r.b.Default().OpenSession(id, true, core.SessionOptions{Dialect: "mqtt"})
		if err != nil {
			r.Fatal(err)
		}
		s.Detach(0, false)
	}
	if err := r.b.Default().DeleteQueue("wills"); err != nil {
		r.Fatal(err)
	}
	elapse(time.Second)
	synctest.Wait()
	err := r.store.Scan(nil, nil, false, func(key, _ []byte) bool {
		if !strings.HasPrefix(string(key), "cn") && !strings.HasPrefix(string(key), "cx") {
			r.Errorf("left in the store: %c %q", key[0], key)
		}
		return true
	})
	if err != nil {
		r.Fatal(err)
	}
	if n := r.b.Stats().Memory; n != 0 {
		r.Errorf("%d bytes held by nothing", n)
	}
}

func TestRoutes(t *testing.T) {
	merge := func(notes [][]byte) []byte {
		note := slices.Concat(notes...)
		slices.Sort(note)
		return note
	}
	bindings := func(q *core.Queue, s *core.Session, sink core.Sink) []*core.Binding {
		filter := func(f string) match.Filter {
			p, err := match.ParseMQTT(f)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		return []*core.Binding{
			{Key: "a", Dialect: "d", Filter: filter("t/#"), Queue: q, Sink: sink, KeepDurable: true, Note: []byte("a"), Session: s},
			{Key: "b", Dialect: "d", Filter: filter("t/1"), Queue: q, Sink: sink, Note: []byte("b"), Session: s},
			{Key: "c", Dialect: "d", Filter: filter("t/2"), Queue: q, KeepDurable: true, KeepTransient: true, Note: []byte("c"), Copies: "c", Session: s},
			{Key: "n", Dialect: "d", Filter: filter("n"), Queue: q, KeepDurable: true, Note: []byte("n"), Session: s, NoLocal: true},
		}
	}
	for _, c := range []struct {
		name, topic  string
		durable      bool
		local        bool
		queued, sunk []string
	}{
		{"one binding keeps, both are noted", "t/1", true, false, []string{"ab"}, nil},
		{"nobody keeps it: one copy to the sink", "t/1", false, false, nil, []string{"ab"}},
		{"different copies each deliver", "t/2", true, false, []string{"a", "c"}, nil},
		{"one to the sink, one kept", "t/2", false, false, []string{"c"}, []string{"a"}},
		{"no local: from others", "n", true, false, []string{"n"}, nil},
		{"no local: one's own", "n", true, true, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := fresh(t, func(o *core.Options) { o.Dialects = map[string]core.Dialect{"d": {Merge: merge}} })
				s, _, err := b.Default().OpenSession("me", false, core.SessionOptions{Expiry: core.Forever})
				if err != nil {
					t.Fatal(err)
				}
				sink := newTape(10)
				if _, err := b.Default().Bind(bindings(s.Queue(), s, sink)...); err != nil {
					t.Fatal(err)
				}
				pub := &core.Publication{Message: &core.Message{Body: []byte("x"), Durable: c.durable}, To: core.TopicAddress(c.topic)}
				if c.local {
					pub.NoLocal = s
				}
				if _, err := b.Default().Publish(t.Context(), pub); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				var queued, sunk []string
				if err := s.Queue().Browse(func(d core.Delivery) bool { queued = append(queued, string(d.Note)); return true }); err != nil {
					t.Fatal(err)
				}
				for len(sink.got) > 0 {
					sunk = append(sunk, string((<-sink.got).Note))
				}
				slices.Sort(queued)
				if !slices.Equal(queued, c.queued) || !slices.Equal(sunk, c.sunk) {
					t.Fatalf("queued %q, to the sink %q", queued, sunk)
				}
			})
		})
	}
}

// A cursor over retained values sees those that are still on their way.
func TestRetainedPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		p := b.Default().NewPublisher(0)
		model := map[string]string{}
		rnd := rand.New(rand.NewPCG(1, 3))
		look := func() {
			f, _ := match.ParseMQTT("r/#")
			cursor, have := b.Default().Retained(f), map[string]string{}
			for {
				ms, err := cursor.Next(1 + rnd.IntN(5))
				if err != nil {
					t.Fatal(err)
				}
				if len(ms) == 0 {
					break
				}
				for _, m := range ms {
					have[m.Source.Name] = string(m.Body)
				}
			}
			if fmt.Sprint(have) != fmt.Sprint(model) {
				t.Fatalf("retained %v, expected %v", have, model)
			}
		}
		for i := range 500 {
			path := fmt.Sprint("r/", rnd.IntN(40), "/x")
			m := &core.Message{Durable: rnd.IntN(2) == 0, Body: []byte(fmt.Sprint(i))}
			delete(model, path)
			if rnd.IntN(3) == 0 {
				m.Body = nil
			} else {
				model[path] = string(m.Body)
			}
			if err := p.Publish(&core.Publication{Message: m, To: core.TopicAddress(path), Retain: true, RetainOnly: rnd.IntN(2) == 0}); err != nil {
				t.Fatal(err)
			}
			if rnd.IntN(20) == 0 {
				look()
			}
			if rnd.IntN(100) == 0 {
				b.Close()
				b = open(t, store)
				p = b.Default().NewPublisher(0)
			}
		}
		look()
		b.Close()
	})
}

// What is retained after a cursor was made is not its own, in the same
// millisecond neither: a binding made before the cursor has it.
func TestRetainedAfterTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, memstore.New(memstore.Options{}))
		defer b.Close()
		p := b.Default().NewPublisher(0)
		retain := func(path, body string) {
			pub := &core.Publication{Message: &core.Message{Body: []byte(body)}, To: core.TopicAddress(path), Retain: true}
			if err := p.Publish(pub); err != nil {
				t.Fatal(err)
			}
		}
		f, _ := match.ParseMQTT("r/#")
		look := func(c *core.RetainedCursor) (got []string) {
			ms, err := c.Next(10)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range ms {
				got = append(got, string(m.Body))
			}
			return got
		}
		retain("r/1", "before")
		cursor := b.Default().Retained(f)
		retain("r/2", "after")
		if got := look(cursor); !slices.Equal(got, []string{"before"}) {
			t.Errorf("the first cursor sees %q", got)
		}
		if got := look(b.Default().Retained(f)); !slices.Equal(got, []string{"before", "after"}) {
			t.Errorf("the second cursor sees %q", got)
		}
	})
}

// A session that was taken up again is not found expired after a crash right
// behind OpenSession and a stop longer than its expiry.
func TestResumedSessionIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &durableOnly{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		o := core.SessionOptions{Dialect: "mqtt", Expiry: time.Minute}
		s, _, err := b.Default().OpenSession("c", false, o)
		if err != nil {
			t.Fatal(err)
		}
		s.Detach(time.Minute, false)
		elapse(50 * time.Second)
		if _, resumed, err := b.Default().OpenSession("c", false, o); err != nil || !resumed {
			t.Fatal(resumed, err)
		}
		crashed := store.synced
		elapse(50 * time.Second)
		b.Close()
		b = open(t, crashed)
		defer b.Close()
		elapse(time.Second)
		if _, resumed, err := b.Default().OpenSession("c", false, o); err != nil || !resumed {
			t.Fatalf("after the crash: resumed %v, %v", resumed, err)
		}
	})
}

// durableOnly keeps a copy of what the last durable group left.
type durableOnly struct {
	*memstore.Store
	synced *memstore.Store
}

func (d *durableOnly) Apply(b core.Batch, how core.Durability) error {
	err := d.Store.Apply(b, how)
	if how == core.Durable {
		d.synced = d.Store.Clone()
	}
	return err
}
