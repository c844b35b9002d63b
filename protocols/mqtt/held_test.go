package mqtt

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// A reader is a subscriber at QoS 0 that reads the bytes of a flood.
type reader struct {
	*client
	got  chan int // bytes, when it has ended
	stop chan struct{}
}

// reads has it read so many bytes each ms; 0: as fast as they come.
func (w *world) reads(id, filter string, each int64) *reader {
	r := &reader{w.connected(4, "id="+id+" clean"), make(chan int, 1), make(chan struct{})}
	r.send("subscribe id=1 %s:0", filter)
	r.want("suback id=1 codes=00")
	go func() {
		n := int64(0)
		for err := error(nil); err == nil; {
			part := each
			if part == 0 {
				part = 64 << 10
			}
			var k int64
			k, err = io.CopyN(io.Discard, r.nc, part)
			n += k
			select {
			case <-r.stop:
				err = io.EOF
			case <-time.After(time.Millisecond):
			}
		}
		r.got <- int(n)
	}()
	return r
}

// flood publishes n messages, so many each ms; 0: as fast as it can.
func (w *world) flood(c *client, topic string, n, each int) {
	packet := encodeText(c.t, 4, fmt.Sprintf("publish topic=%s payload=%s", topic, strings.Repeat("z", 1000)))
	for i := range n {
		if each > 0 && i%each == 0 {
			pass(time.Millisecond)
		}
		if _, err := c.nc.Write(packet); err != nil {
			c.t.Error(err)
			return
		}
	}
}

// Publishers that flood a subscriber who reads as fast as it can are slowed, and
// nothing is dropped.
func TestFloodWithoutLoss(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		sub := w.reads("sub", "x", 0)
		const publishers, each = 4, 4000
		done := make(chan *client)
		for i := range publishers {
			pub := w.connected(4, fmt.Sprintf("id=%d clean", i))
			go func() {
				w.flood(pub, "x", each, 0)
				done <- pub
			}()
		}
		for range publishers {
			(<-done).quiet()
		}
		pass(time.Second)
		w.cut(sub.client)
		if n, want := <-sub.got, publishers*each*(1000+2+1+3); n < want*99/100 { // the reader may have been cut in a piece
			t.Errorf("%d bytes of %d", n, want)
		}
		if n := w.h.Stats().Dropped.Load(); n > 0 {
			t.Errorf("%d dropped", n)
		}
	})
}

// One that takes nothing holds up a flood once, for a moment.
func TestStuckAtQoS0HoldsUpNobody(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		stuck := w.connected(4, "id=stuck clean")
		stuck.send("subscribe id=1 x:0")
		stuck.want("suback id=1 codes=00")
		pubs := []*client{w.connected(4, "id=a clean"), w.connected(4, "id=b clean")}
		began := time.Now()
		for range 20 {
			for _, pub := range pubs {
				w.flood(pub, "x", 200, 0)
				pub.quiet()
			}
		}
		if d := time.Since(began); d > 200*time.Millisecond {
			t.Errorf("held up for %v", d)
		}
		if w.h.Stats().Dropped.Load() == 0 {
			t.Error("nothing was dropped: it was not stuck")
		}
	})
}

// One that reads slowly costs who publishes to it alone a tenth of its time; where
// most subscribers keep up it costs nothing.
func TestSlowAtQoS0HoldsUpLittle(t *testing.T) {
	for others, most := range map[int]time.Duration{0: 1100 * time.Millisecond, 2: 0} {
		inTime(t, func(t *testing.T, w *world) {
			all := []*reader{w.reads("slow", "#", 100)}
			for i := range others {
				all = append(all, w.reads(fmt.Sprintf("fast%d", i), "#", 0))
			}
			pub := w.connected(4, "id=pub clean")
			const n, each = 30_000, 3
			began := time.Now()
			w.flood(pub, "x", n, each)
			pub.quiet()
			if d := time.Since(began) - n/each*time.Millisecond; d > most {
				t.Errorf("%d others: held up for %v", others, d)
			}
			if w.h.Stats().Dropped.Load() == 0 {
				t.Error("nothing was dropped: it was not slow")
			}
			for _, r := range all {
				close(r.stop)
				w.cut(r.client)
				<-r.got
			}
		})
	}
}
