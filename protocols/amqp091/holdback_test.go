package amqp091

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

const flood = 2_000 // messages of 10 KiB: more than outputs and pipes hold, less than a window

// floodQueue publishes transient messages that nobody confirms, numbered, and
// returns how long it was held back.
func floodQueue(c *raw, queue string) time.Duration {
	began := time.Now()
	filler := strings.Repeat("x", 10<<10)
	for i := range flood {
		c.publish(1, "", queue, fmt.Sprintf("%d %s", i, filler), false)
	}
	return time.Since(began)
}

// wantFlood reads it, ten messages each pause.
func wantFlood(t *testing.T, k *raw, pause time.Duration) {
	t.Helper()
	for i := range flood {
		k.want("1 basic.deliver t %d ", i+1)
		k.want("1 header")
		k.want("1 body %d x", i)
		for range 2 {
			k.want("1 body xxx")
		}
		if i%10 == 9 && pause > 0 {
			<-time.After(pause)
		}
	}
}

// A publisher of what nobody confirms is held back while the consumers are behind:
// the queue stays short, however slowly they read, and all of it comes in order.
func TestHeldBackForConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe = true })
		defer w.close()
		k, c := w.client(), w.client()
		k.declare("q", false)
		k.consume(1, "q", "t", true)
		done := make(chan time.Duration)
		go func() { done <- floodQueue(c, "q") }()
		q, _ := w.b.Default().Queue("q")
		most := int64(0)
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					most = max(most, q.Counts().Bytes)
				}
			}
		}()
		wantFlood(t, k, time.Millisecond)
		close(stop)
		if took := <-done; took < 150*time.Millisecond {
			t.Errorf("the publisher was done in %v", took)
		}
		synctest.Wait()
		if most > 4<<20 {
			t.Errorf("%d bytes waited in the queue", most)
		}
	})
}

// One who reads nothing costs a publisher a tenth of a second, once.
func TestHeldBackForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe = true })
		defer w.close()
		k, c := w.client(), w.client()
		k.declare("q", false)
		k.consume(1, "q", "t", true)
		if took := floodQueue(c, "q"); took != 100*time.Millisecond {
			t.Errorf("held back for %v", took)
		}
		wantFlood(t, k, 0)
	})
}

// Who consumes on its connection is not held back: its acknowledgements may be what
// is waited for.
func TestConsumerIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe = true })
		defer w.close()
		c := w.client()
		c.declare("q", false)
		c.send(1, &wire.BasicQos{PrefetchCount: 1})
		c.want("1 basic.qos-ok")
		c.consume(1, "q", "t", false)
		if took := floodQueue(c, "q"); took != 0 {
			t.Errorf("held back for %v", took)
		}
	})
}
