package amqp091

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
	"github.com/slipwaymq/slipway/protocols/doortest"
)

// gated is a store that can hold answers back.
type gated struct{ doortest.Gated }

// held shuts the gate, does something on one connection, shows that its answer
// does not come while another is served, opens the gate and gets it.
func (g *gated) held(c, other *raw, want string, do func()) {
	c.t.Helper()
	g.Shut(func() {
		do()
		other.quiet(1)
		_ = c.nc.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if n, err := c.nc.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			c.t.Fatalf("before the disk had it came %d bytes, %v", n, err)
		}
	})
	c.want("%s", want)
}

// DESIGN section 5's table: each answer comes after the disk has what it
// promises.
func TestNoAnswerBeforeTheDisk(t *testing.T) {
	g := &gated{}
	w := newWorld(t, func(w *world) { g.Store, w.store = w.store, g })
	c, other := w.client(), w.client()
	c.send(1, &wire.QueueDeclare{Queue: "q", Durable: true})
	c.want("1 queue.declare-ok")
	g.held(c, other, "1 queue.declare-ok", func() { c.send(1, &wire.QueueDeclare{Queue: "d", Durable: true}) })
	g.held(c, other, "1 exchange.declare-ok", func() { c.send(1, &wire.ExchangeDeclare{Exchange: "x", Type: "fanout", Durable: true}) })
	g.held(c, other, "1 queue.bind-ok", func() { c.send(1, &wire.QueueBind{Queue: "q", Exchange: "x"}) })
	c.send(1, &wire.ConfirmSelect{})
	c.want("1 confirm.select-ok")
	g.held(c, other, "1 basic.ack {DeliveryTag:1 ", func() { c.publish(1, "x", "", "m", false, persistent) })
	tx := w.client()
	tx.send(1, &wire.TxSelect{})
	tx.want("1 tx.select-ok")
	tx.publish(1, "", "q", "m", false, persistent)
	g.held(tx, other, "1 tx.commit-ok", func() { tx.send(1, &wire.TxCommit{}) })
	tx.send(1, &wire.QueueDeclare{Queue: "q", Passive: true})
	tx.want("1 queue.declare-ok {Queue:q MessageCount:2")
}
