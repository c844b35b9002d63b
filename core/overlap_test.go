package core_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// overlapping is a store whose Durable groups wait for a disk, which the test plays.
type overlapping struct {
	core.Store
	asked chan struct{} // a sync has begun, and f was called
	done  chan error
	lazy  chan struct{} // nil, or what a group that is not synced waits for first
}

func newOverlapping() *overlapping {
	return &overlapping{Store: memstore.New(memstore.Options{}), asked: make(chan struct{}), done: make(chan error)}
}

func (s *overlapping) Apply(b core.Batch, d core.Durability) error { return s.ApplyBeside(b, d, nil) }

func (s *overlapping) ApplyBeside(b core.Batch, d core.Durability, f func()) error {
	if d != core.Durable && s.lazy != nil {
		<-s.lazy
	}
	if f != nil {
		f()
	}
	if d == core.Durable && s.asked != nil {
		s.asked <- struct{}{}
		if err := <-s.done; err != nil {
			return err
		}
	}
	return s.Store.Apply(b, d)
}

// confirmations are the tokens that were confirmed, in order.
type confirmations struct{ tokens []uint64 }

func (c *confirmations) Flush() {}
func (c *confirmations) Confirmed(n uint64, _ core.Outcome) bool {
	c.tokens = append(c.tokens, n)
	return false
}

func sendTokens(t *testing.T, p *core.Publisher, c *confirmations, tokens ...uint64) {
	t.Helper()
	for _, n := range tokens {
		m := &core.Message{Body: []byte("x"), Durable: true}
		if err := p.Publish(&core.Publication{Message: m, To: core.QueueAddress("q"), Confirm: c, Token: n}); err != nil {
			t.Fatal(err)
		}
	}
	p.Flush()
	synctest.Wait()
}

// overlapped is a broker with a queue on a store whose disk the test plays.
func overlapped(t *testing.T, change ...func(*core.Options)) (*core.Broker, *core.Queue, *overlapping) {
	t.Helper()
	s := newOverlapping()
	asked := s.asked
	s.asked = nil
	b := open(t, s, change...)
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	synctest.Wait()
	s.asked = asked
	return b, q, s
}

// A group takes effect when it is on the disk and, where more is to be synced, when
// that is on its way; never before.
func TestGroupsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, q, s := overlapped(t)
		p, c := b.Default().NewPublisher(0), &confirmations{}
		expect := func(confirmed []uint64, ready int64) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(c.tokens, confirmed) || q.Counts().Ready != ready {
				t.Errorf("confirmed %d, %d ready; want %d and %d", c.tokens, q.Counts().Ready, confirmed, ready)
			}
		}
		sendTokens(t, p, c, 1)
		<-s.asked
		sendTokens(t, p, c, 2, 3)
		expect(nil, 0)
		s.done <- nil
		<-s.asked // 2 and 3 are on their way
		expect([]uint64{1}, 1)
		sendTokens(t, p, c, 4)
		expect([]uint64{1}, 1)
		s.done <- nil
		<-s.asked
		expect([]uint64{1, 2, 3}, 3)
		s.done <- nil
		expect([]uint64{1, 2, 3, 4}, 4)
		s.asked = nil
		b.Close()
	})
}

// What is not synced does not delay what is.
func TestLazyWorkDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, q, s := overlapped(t)
		p, c, r := b.Default().NewPublisher(0), &confirmations{}, newTape(2)
		consumer, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 1})
		if err != nil {
			t.Fatal(err)
		}
		sendTokens(t, p, c, 1)
		<-s.asked
		s.done <- nil
		d := <-r.got
		sendTokens(t, p, c, 2)
		<-s.asked
		s.lazy = make(chan struct{})
		consumer.Settle(core.Ack, false, []core.Receipt{d.Receipt}, nil, nil, r, 0)
		synctest.Wait()
		s.done <- nil
		synctest.Wait()
		if !slices.Equal(c.tokens, []uint64{1, 2}) {
			t.Errorf("confirmed %d", c.tokens)
		}
		s.asked = nil
		close(s.lazy)
		b.Close()
	})
}

// A disk that fails while the group before takes effect: that one is confirmed,
// as it is on the disk, and nothing else ever.
func TestFailureBesideAnEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fatal []error
		b, _, s := overlapped(t, func(o *core.Options) { o.Fatal = func(err error) { fatal = append(fatal, err) } })
		p, c := b.Default().NewPublisher(0), &confirmations{}
		sendTokens(t, p, c, 1)
		<-s.asked
		sendTokens(t, p, c, 2, 3)
		s.done <- nil
		<-s.asked
		s.done <- errors.New("broken")
		synctest.Wait()
		if len(fatal) != 1 || !slices.Equal(c.tokens, []uint64{1}) {
			t.Errorf("%v, confirmed %d", fatal, c.tokens)
		}
		b.Close()
	})
}

// Closing waits for the group that has not taken effect.
func TestCloseWhileGroupsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, q, s := overlapped(t)
		p, c := b.Default().NewPublisher(0), &confirmations{}
		sendTokens(t, p, c, 1)
		<-s.asked
		sendTokens(t, p, c, 2)
		closed := make(chan struct{})
		go func() { b.Close(); close(closed) }()
		synctest.Wait()
		s.done <- nil
		<-s.asked
		s.done <- nil
		<-closed
		if !slices.Equal(c.tokens, []uint64{1, 2}) || q.Counts().Ready != 2 {
			t.Errorf("confirmed %d, %d ready", c.tokens, q.Counts().Ready)
		}
	})
}

// plain hides that a store is Overlapping.
type plain struct{ core.Store }

// A store that is not Overlapping has each group take effect before the next one.
func TestGroupsFollowEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newOverlapping()
		asked := s.asked
		s.asked = nil
		b := open(t, plain{s})
		declare(t, b, "q", durable(core.QueueOptions{}))
		synctest.Wait()
		s.asked = asked
		p, c := b.Default().NewPublisher(0), &confirmations{}
		for n := uint64(1); n < 6; n++ {
			sendTokens(t, p, c, n)
			if n > 1 {
				s.done <- nil
			}
			<-s.asked
			if len(c.tokens) != int(n-1) {
				t.Errorf("confirmed %d when %d is on its way", c.tokens, n)
			}
		}
		s.asked = nil
		s.done <- nil
		b.Close()
		if !slices.Equal(c.tokens, []uint64{1, 2, 3, 4, 5}) {
			t.Errorf("confirmed %d", c.tokens)
		}
	})
}

// What is too much for one group takes effect once, in order, and never before it is
// on the disk; nor does what comes after it, in slices that are used again.
func TestManyGroupsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, s := overlapped(t)
		p, c := b.Default().NewPublisher(0), &confirmations{}
		sendTokens(t, p, c, 1)
		<-s.asked
		const more = 21 // of 200 KiB are the first to pass 4 MiB
		for n := range uint64(more + 1) {
			m := &core.Message{Body: make([]byte, 200<<10), Durable: n < more}
			if n == more {
				m.Body = nil
			}
			if err := p.Publish(&core.Publication{Message: m, To: core.QueueAddress("q"), Confirm: c, Token: 2 + n}); err != nil {
				t.Fatal(err)
			}
		}
		p.Flush()
		last, before := uint64(more+2), 1
		for n := last + 1; n < last+8; n++ {
			synctest.Wait()
			s.done <- nil
			<-s.asked
			if len(c.tokens) != before {
				t.Errorf("confirmed %d, not %d of them", c.tokens, before)
			}
			if before = int(n) - 1; n == last+1 {
				before = int(last)
			}
			sendTokens(t, p, c, n)
			if len(c.tokens) >= int(n) {
				t.Errorf("%d is confirmed and not on the disk", n)
			}
		}
		s.done <- nil
		<-s.asked
		s.asked = nil
		s.done <- nil
		b.Close()
		for i, n := range c.tokens {
			if n != uint64(i+1) {
				t.Fatalf("confirmed %d", c.tokens)
			}
		}
		if len(c.tokens) != int(last+7) {
			t.Errorf("confirmed %d", c.tokens)
		}
	})
}
