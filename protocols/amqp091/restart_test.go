package amqp091

import (
	"testing"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// What was durable and confirmed is there after a restart, with its properties,
// in its order; what was not is gone.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.send(1, &wire.ExchangeDeclare{Exchange: "x", Type: "topic", Durable: true})
	c.want("1 exchange.declare-ok")
	c.send(1, &wire.QueueDeclare{Queue: "q", Durable: true})
	c.want("1 queue.declare-ok")
	c.send(1, &wire.QueueBind{Queue: "q", Exchange: "x", RoutingKey: "#.end"})
	c.want("1 queue.bind-ok")
	c.send(1, &wire.QueueDeclare{Queue: "gone"})
	c.want("1 queue.declare-ok")
	c.send(1, &wire.ConfirmSelect{})
	c.want("1 confirm.select-ok")
	c.publish(1, "x", "a.b.end", "kept", false, persistent, withHeaders(tableOf("k", wire.StringValue("v"))))
	c.want("1 basic.ack")
	w.restart()
	c = w.client()
	c.send(1, &wire.BasicConsume{Queue: "q", ConsumerTag: "t"})
	c.want("1 basic.consume-ok")
	c.want(`1 basic.deliver t 1 redelivered=false "x" "a.b.end"`)
	c.want("1 header 4 mode=2 headers={k:v}")
	c.want("1 body kept")
	c.send(1, &wire.QueueDeclare{Queue: "gone", Passive: true})
	c.want("1 channel.close {ReplyCode:404")
}
