package stomp

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// What is published once a durable subscriber has the RECEIPT of its DISCONNECT is
// kept for it: it is not written to the connection that ends, where ack:auto would
// settle it.
func TestNothingAfterDisconnect(t *testing.T) {
	w := newWorld(t)
	connect := func() *client {
		c := w.connected("1.2", "client-id:me")
		c.send("SUBSCRIBE id:s; destination:/topic/news; activemq.subscriptionName:n")
		return c
	}
	for range 50 {
		c := connect()
		c.send("DISCONNECT receipt:bye")
		c.want("RECEIPT receipt-id:bye")
		m := &core.Message{Body: []byte("away"), Durable: true}
		if _, err := w.b.Default().Publish(t.Context(), &core.Publication{Message: m, To: core.TopicAddress("news")}); err != nil {
			t.Fatal(err)
		}
		c.wantEnd()
		c = connect()
		if f := c.want("MESSAGE subscription:s"); f.body != "away" {
			t.Fatalf("%q", f.body)
		}
		c.send("DISCONNECT receipt:bye")
		c.want("RECEIPT receipt-id:bye")
		c.wantEnd()
	}
}
