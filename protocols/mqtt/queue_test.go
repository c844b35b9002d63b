package mqtt

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// That a queue is missing is no answer for the whole connection.
func TestQueueMadeLater(t *testing.T) {
	w := newWorld(t)
	c := w.connected(5, "id=a clean")
	c.send("publish topic=$queue/late qos=1 id=1 payload=1")
	c.want("puback id=1 code=90 p.reason=there is no queue late")
	if _, _, err := w.b.Default().DeclareQueue("late", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	c.send("publish topic=$queue/late qos=1 id=1 payload=2")
	c.want("puback id=1")
	if err := w.b.Default().DeleteQueue("late"); err != nil {
		t.Fatal(err)
	}
	c.send("publish topic=$queue/late qos=1 id=1 payload=3")
	c.want("puback id=1 code=90 p.reason=there is no queue late")
}
