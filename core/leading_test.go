package core_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// slowStore lets a Durable group wait, or fail.
type slowStore struct {
	core.Store
	gate chan struct{} // nil: no waiting
	err  error
}

func (s *slowStore) Apply(b core.Batch, d core.Durability) error {
	if d == core.Durable {
		if s.gate != nil {
			<-s.gate
		}
		if s.err != nil {
			return s.err
		}
	}
	return s.Store.Apply(b, d)
}

func lead(t *testing.T, p *core.Publisher, r *tape, n int) {
	t.Helper()
	for range n {
		m := &core.Message{Body: []byte("x"), Durable: true}
		if err := p.Publish(&core.Publication{Message: m, To: core.QueueAddress("q"), Confirm: r}); err != nil {
			t.Fatal(err)
		}
	}
}

// What a leading publisher published goes in one group, by its Flush, which no
// other goroutine has a part in; what nobody asked about does not wait for it.
func TestLeadingPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		declare(t, b, "q", durable(core.QueueOptions{}))
		p, r := b.Default().NewPublisher(0).Leading(), newTape(100)
		before := b.Stats()
		lead(t, p, r, 10)
		synctest.Wait()
		if len(r.out) != 0 {
			t.Errorf("%d confirmed before Flush", len(r.out))
		}
		p.Flush()
		if len(r.out) != 10 {
			t.Errorf("%d confirmed when Flush returns", len(r.out))
		}
		if s := b.Stats(); s.Groups != before.Groups+1 || s.Synced != before.Synced+1 {
			t.Errorf("%d groups, %d synced", s.Groups-before.Groups, s.Synced-before.Synced)
		}
	})
}

// It waits for no Flush where there is much, or where somebody else has
// something to commit.
func TestLeadingWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		p, r := b.Default().NewPublisher(0).Leading(), newTape(100)
		lead(t, p, r, 50)
		synctest.Wait()
		if len(r.out) < 30 {
			t.Errorf("%d of 50 confirmed before Flush", len(r.out))
		}
		if p.Flush(); len(r.out) != 50 {
			t.Errorf("%d of 50 confirmed", len(r.out))
		}
		lead(t, p, r, 1)
		publish(t, b, core.QueueAddress("q"), core.Message{Durable: true})
		if len(r.out) != 51 {
			t.Error("not confirmed with what came after it")
		}
		lead(t, p, r, 1)
		b.Close()
		if c := q.Counts(); len(r.out) != 52 || c.Ready != 53 {
			t.Errorf("closed with %d confirmed, %d there", len(r.out), c.Ready)
		}
		p.Flush()
	})
}

// Two that lead: the second's Flush returns at once, and what it has goes with
// the next group, which begins without it.
func TestTwoLeading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{Store: memstore.New(memstore.Options{})}
		b := open(t, s)
		defer b.Close()
		declare(t, b, "q", durable(core.QueueOptions{}))
		s.gate = make(chan struct{})
		first, second := newTape(1), newTape(1)
		var wg sync.WaitGroup
		p := b.Default().NewPublisher(0).Leading()
		lead(t, p, first, 1)
		wg.Go(p.Flush)
		synctest.Wait()
		p2 := b.Default().NewPublisher(0).Leading()
		lead(t, p2, second, 1)
		p2.Flush()
		if len(first.out)+len(second.out) != 0 {
			t.Error("confirmed before it was durable")
		}
		close(s.gate)
		wg.Wait()
		<-first.out
		<-second.out
	})
}

// A store that fails under a leading publisher stops everything: nothing is
// confirmed, nothing more is taken.
func TestLeadingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, broken := &slowStore{Store: memstore.New(memstore.Options{})}, errors.New("broken")
		var fatal []error
		b := open(t, s, func(o *core.Options) { o.Fatal = func(err error) { fatal = append(fatal, err) } })
		defer b.Close()
		declare(t, b, "q", durable(core.QueueOptions{}))
		s.err = broken
		p, r := b.Default().NewPublisher(0).Leading(), newTape(10)
		lead(t, p, r, 1)
		p.Flush()
		synctest.Wait()
		if len(fatal) != 1 || !errors.Is(fatal[0], broken) || len(r.out) != 0 {
			t.Errorf("%v, %d confirmed", fatal, len(r.out))
		}
		m := &core.Message{Durable: true}
		if err := p.Publish(&core.Publication{Message: m, To: core.QueueAddress("q"), Confirm: r}); core.KindOf(err) != core.Closed {
			t.Errorf("then: %v", err)
		}
		p.Flush()
		if len(r.out) != 0 {
			t.Error("confirmed after a failure")
		}
	})
}

// panicky is a store in which something goes wrong that nobody thought of.
type panicky struct{ core.Store }

func (panicky) NewBatch() core.Batch { panic("a thing nobody thought of") }

// A panic under a leading publisher stops everything too: whoever called it may
// recover, as net/http does, and half a group would be taken for a whole one.
func TestLeadingPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &swapped{Store: memstore.New(memstore.Options{})}
		var fatal []error
		b := open(t, s, func(o *core.Options) { o.Fatal = func(err error) { fatal = append(fatal, err) } })
		defer b.Close()
		declare(t, b, "q", durable(core.QueueOptions{}))
		s.Store = panicky{s.Store}
		p, r := b.Default().NewPublisher(0).Leading(), newTape(10)
		lead(t, p, r, 1)
		p.Flush()
		synctest.Wait()
		if len(fatal) != 1 || !strings.Contains(fatal[0].Error(), "nobody thought of") || len(r.out) != 0 {
			t.Errorf("%v, %d confirmed", fatal, len(r.out))
		}
	})
}

// swapped is a store that can be changed for another.
type swapped struct{ core.Store }
