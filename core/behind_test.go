package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// tenKiB is a transient message of that size.
func tenKiB(b *core.Broker, p *core.Publisher, queue string, confirm core.Confirm) error {
	err := p.Publish(&core.Publication{
		Message: &core.Message{Body: make([]byte, 10<<10)}, To: core.QueueAddress(queue), Confirm: confirm,
	})
	p.Flush()
	return err
}

// fill publishes until somebody is to be waited for, or n times.
func fill(t *testing.T, b *core.Broker, p *core.Publisher, queue string, n int) core.Laggard {
	t.Helper()
	for range n {
		if err := tenKiB(b, p, queue, nil); err != nil {
			t.Fatal(err)
		}
		if w := p.Laggard(); w != nil {
			return w
		}
	}
	return nil
}

// A queue whose consumers are behind asks those to wait who publish what nobody
// confirms, long before it has to go to the disk, and lets them go on when its
// consumers have caught up.
func TestQueueIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", core.QueueOptions{})
		p := b.Default().NewPublisher(0)
		defer p.Close()
		r := newTape(10_000)
		c, err := q.Consume(core.ConsumerOptions{Receiver: r, NoAck: true, Credit: 0})
		if err != nil {
			t.Fatal(err)
		}
		w := fill(t, b, p, "q", 3_000)
		if w == nil {
			t.Fatal("30 MiB, and nobody is behind")
		}
		if n := q.Counts().Bytes; n > 4<<20 {
			t.Errorf("behind from %d bytes on only", n)
		}
		go func() {
			elapse(20 * time.Millisecond)
			c.AddCredit(10_000)
		}()
		began := time.Now()
		if !w.CatchUp(nil) || time.Since(began) != 20*time.Millisecond {
			t.Errorf("waited %v", time.Since(began))
		}
		if err := tenKiB(b, p, "q", nil); err != nil || p.Laggard() != nil {
			t.Errorf("%v, still behind", err)
		}
	})
}

// Who takes nothing is waited for once, not again until he takes something.
func TestQueueIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", core.QueueOptions{})
		p := b.Default().NewPublisher(0)
		defer p.Close()
		c, err := q.Consume(core.ConsumerOptions{Receiver: newTape(10_000), NoAck: true, Credit: 0})
		if err != nil {
			t.Fatal(err)
		}
		w := fill(t, b, p, "q", 3_000)
		began := time.Now()
		if w.CatchUp(nil) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("waited %v", time.Since(began))
		}
		if w := fill(t, b, p, "q", 1); w != nil {
			t.Error("who is stuck is waited for")
		}
		c.AddCredit(1)
		if w = fill(t, b, p, "q", 1); w == nil {
			t.Fatal("who takes again is not waited for")
		}
		stop := make(chan struct{})
		close(stop)
		if began = time.Now(); !w.CatchUp(stop) || time.Since(began) != 0 {
			t.Errorf("a stop is waited %v for", time.Since(began))
		}
	})
}

// Nobody waits where waiting would not help: without consumers, for what is
// confirmed (its publisher waits anyway), behind what is on the disk already; and
// not where most of those who get a copy keep up. All of it arrives, in order.
func TestNobodyIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", core.QueueOptions{})
		p := b.Default().NewPublisher(0)
		defer p.Close()
		if w := fill(t, b, p, "q", 4_000); w != nil {
			t.Error("nobody consumes, and somebody is waited for")
		}
		synctest.Wait()
		r := newTape(10_000)
		c, err := q.Consume(core.ConsumerOptions{Receiver: r, NoAck: true, Credit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if w := fill(t, b, p, "q", 10); w != nil {
			t.Error("who has a backlog on the disk is waited for")
		}
		c.AddCredit(10_000)
		synctest.Wait()
		if n := len(r.got); n != 4_010 {
			t.Errorf("%d came", n)
		}
		c.AddCredit(-100_000)
		done := newTape(1_000)
		for range 500 {
			if err := tenKiB(b, p, "q", done); err != nil || p.Laggard() != nil {
				t.Fatalf("%v, or who is confirmed waits", err)
			}
		}
	})
}

// One queue of three that is behind holds up nobody, two do.
func TestMostAreBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		p := b.Default().NewPublisher(0)
		defer p.Close()
		var all []*core.Consumer
		for i := range 3 {
			q := declare(t, b, fmt.Sprint("q", i), core.QueueOptions{})
			bindTopic(t, b, q, "t")
			c, err := q.Consume(core.ConsumerOptions{Receiver: newTape(10_000), NoAck: true, Credit: 10_000})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		send := func(n int) core.Laggard {
			for range n {
				if err := p.Publish(&core.Publication{Message: &core.Message{Body: make([]byte, 10<<10)}, To: core.TopicAddress("t")}); err != nil {
					t.Fatal(err)
				}
			}
			return p.Laggard()
		}
		all[0].AddCredit(-10_000)
		if send(1_000) != nil {
			t.Error("one of three holds up its publisher")
		}
		all[1].AddCredit(-100_000)
		if send(1_000) == nil {
			t.Error("two of three hold up nobody")
		}
	})
}
