package amqp091

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core/store/storetest"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// While publishes are not admitted, whatever the reason, the connection that
// published is still served: it gets deliveries, settles them, cancels, declares
// and publishes on, and when there is room all of it comes, in order.
func TestBlockedIsReadOn(t *testing.T) {
	store := &storetest.Troubled{}
	w := newWorld(t, func(w *world) { store.Store, w.store = w.store, store })
	for reason, set := range map[string]func(bool){
		"low on disk": store.Low.Store,
		"an alarm": func(on bool) {
			w.b.HoldPublishes(map[bool]string{true: "an alarm"}[on])
		},
	} {
		t.Run(reason, func(t *testing.T) {
			w.t = t
			c, q := w.client(2), reason // not the queue of a client that may still be there
			c.declare(q, true)
			c.send(1, &wire.ConfirmSelect{})
			c.want("1 confirm.select-ok")
			for i := range 3 {
				c.publish(1, "", q, fmt.Sprint("before ", i), false, persistent)
			}
			for acked := 0; acked < 3; {
				acked = confirmedTo(t, c.get())
			}
			set(true)
			c.publish(1, "", q, "meanwhile 0", false, persistent)
			c.want("0 connection.blocked {Reason:%s}", reason)
			c.publish(2, "", q, "meanwhile 1", false)
			c.publish(1, "", q, "meanwhile 2", false, persistent)
			c.send(1, &wire.BasicGet{Queue: q})
			c.want("1 basic.get-ok {DeliveryTag:1 Redelivered:false Exchange: RoutingKey:%s MessageCount:2}", q)
			c.get()
			c.want("1 body before 0")
			c.send(1, &wire.BasicAck{DeliveryTag: 1})
			c.consume(1, q, "t", false)
			for i := range 2 {
				c.want("1 basic.deliver t %d ", i+2)
				c.get()
				c.want("1 body before %d", i+1)
			}
			c.send(1, &wire.BasicAck{DeliveryTag: 3, Multiple: true})
			c.send(1, &wire.BasicCancel{ConsumerTag: "t"})
			c.want("1 basic.cancel-ok")
			c.send(1, &wire.ChannelClose{})
			c.want("1 channel.close-ok")
			c.quiet(2)
			set(false)
			c.want("0 connection.unblocked")
			c.consume(2, q, "u", false)
			for i := range 3 {
				c.want("2 basic.deliver u %d ", i+1)
				c.get()
				c.want("2 body meanwhile %d", i)
			}
			c.send(2, &wire.BasicAck{Multiple: true})
			c.quiet(2)
		})
	}
}

// confirmedTo is the number that a basic.ack confirms up to.
func confirmedTo(t *testing.T, ack string) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(ack, "1 basic.ack {DeliveryTag:%d", &n); err != nil {
		t.Fatalf("%q: %v", ack, err)
	}
	return n
}

// A client that publishes on past what may be parked is not read, holds no more
// memory than that, and loses nothing.
func TestBlockedIsBounded(t *testing.T) {
	store := &storetest.Troubled{}
	w := newWorld(t, func(w *world) {
		store.Store, w.store = w.store, store
		w.opt.Limits.ParkedBytes = 100_000
	})
	c, other := w.client(), w.client()
	c.declare("q", true)
	store.Low.Store(true)
	const n = 5000
	body := strings.Repeat("x", 4000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range n {
			if _, err := c.nc.Write(message(1, "", "q", body, false, persistent)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	c.want("0 connection.blocked {Reason:low on disk}")
	other.quiet(1) // it publishes nothing, and is not told
	select {
	case <-done:
		t.Error("twenty megabytes were read")
	default:
	}
	store.Low.Store(false)
	<-done
	c.want("0 connection.unblocked")
	for {
		c.send(1, &wire.QueueDeclare{Queue: "q", Passive: true})
		if strings.HasPrefix(c.get(), fmt.Sprintf("1 queue.declare-ok {Queue:q MessageCount:%d ", n)) {
			break
		}
	}
}

// A client that could not be read for long is not taken for silent afterwards.
func TestBlockedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe, w.opt.Limits.ParkedBytes = true, 1 })
		defer w.close()
		r := w.raw()
		r.bytes([]byte(wire.ProtocolHeader))
		r.want("0 connection.start")
		r.send(0, &wire.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00guest\x00guest"})
		r.want("0 connection.tune")
		r.send(0, &wire.ConnectionTuneOk{FrameMax: 4096, Heartbeat: 10})
		r.send(0, &wire.ConnectionOpen{VirtualHost: "/"})
		r.want("0 connection.open-ok")
		r.send(1, &wire.ChannelOpen{})
		r.want("1 channel.open-ok")
		r.declare("q", true)
		w.b.HoldPublishes("an alarm")
		r.publish(1, "", "q", "m", false, persistent)
		for start := time.Now(); time.Since(start) < 2*time.Minute; {
			r.want("heartbeat")
		}
		w.b.HoldPublishes("")
		r.quiet(1)
		r.nc.Close()
	})
}
