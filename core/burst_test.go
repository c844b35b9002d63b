package core_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/slipwaymq/slipway/core"
)

// valve is a receiver that is full at some bytes, which it knows when it is
// flushed, as an output does.
type valve struct {
	mu       sync.Mutex
	consumer *core.Consumer
	limit    int
	got      int
	full     bool
}

func (v *valve) Deliver(_ *core.Consumer, d core.Delivery) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.got += len(d.Message.Body)
	return true
}

func (v *valve) Flush() {
	v.mu.Lock()
	shut := v.got >= v.limit && !v.full
	v.full = v.full || shut
	v.mu.Unlock()
	if shut {
		v.consumer.AddCredit(-1 << 40)
	}
}

func (v *valve) Cancelled(*core.Consumer, error) bool { return false }

// However much a queue has in memory, a consumer that is full once it has been
// flushed gets little more; one that is not gets all of it.
func TestNoBurst(t *testing.T) {
	const messages, size = 1200, 16 << 10
	for _, limit := range []int{64 << 10, 1 << 30} {
		synctest.Test(t, func(t *testing.T) {
			b := fresh(t)
			defer b.Close()
			q := declare(t, b, "q", core.QueueOptions{})
			for range messages {
				publish(t, b, core.QueueAddress("q"), core.Message{Body: make([]byte, size)})
			}
			v := &valve{limit: limit}
			c, err := q.Consume(core.ConsumerOptions{Receiver: v, NoAck: true})
			if err != nil {
				t.Fatal(err)
			}
			v.consumer = c
			c.AddCredit(1 << 30)
			synctest.Wait()
			if limit < messages*size && v.got > 3<<20 {
				t.Errorf("%d bytes for one that is full at %d", v.got, limit)
			}
			if limit > messages*size && v.got != messages*size {
				t.Errorf("%d bytes of %d", v.got, messages*size)
			}
		})
	}
}
