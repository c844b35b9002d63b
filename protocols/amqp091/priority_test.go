package amqp091

import (
	"context"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// A priority of 0 that was said is not one that was not.
func TestLowestPriority(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.declare("q", true)
	for _, lowest := range []bool{true, false} {
		c.publish(1, "", "q", "own", false, func(p *wire.Properties) { p.Set(wire.Priority, lowest) })
		c.quiet(1)
		q, _ := w.b.Default().Queue("q")
		ds, err := q.Receive(context.Background(), core.ReceiveOptions{Max: 1, Lease: 3600e9})
		if err != nil || len(ds) != 1 || ds[0].Message.Lowest != lowest || ds[0].Message.Priority != 0 {
			t.Fatalf("%v, %v", ds, err)
		}
	}
	c.consume(1, "q", "t", true)
	for _, lowest := range []bool{true, false} {
		m := &core.Message{Body: []byte("x"), Lowest: lowest, Type: "t", Origin: core.Origin{Protocol: "mqtt"}}
		if _, err := w.b.Default().Publish(context.Background(), &core.Publication{Message: m, To: core.QueueAddress("q")}); err != nil {
			t.Fatal(err)
		}
		c.get()
		if got := c.get(); strings.Contains(got, "priority=0") != lowest {
			t.Error(got)
		}
		c.get()
	}
}
