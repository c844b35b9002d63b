package stomp

import (
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// Of a message without a priority JMS says 4, and no other door anything.
func TestNoPriorityIsFour(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:four; destination:/queue/a; selector:JMSPriority = 4")
	c.send("SUBSCRIBE id:zero; destination:/queue/a; selector:JMSPriority = 0")
	c.send("SEND destination:/queue/a | none")
	c.want("MESSAGE subscription:four | none")
	c.send("SEND destination:/queue/a; priority:0 | lowest")
	c.want("MESSAGE subscription:zero; priority:0 | lowest")
	w.publish(core.QueueAddress("a"), &core.Message{Body: []byte("of another door")})
	c.want("MESSAGE subscription:four | of another door")
	w.publish(core.QueueAddress("a"), &core.Message{Body: []byte("of another door"), Lowest: true})
	c.want("MESSAGE subscription:zero; priority:0 | of another door")

	for body, has := range map[string]bool{"none": false, "priority": true} {
		c.send("SEND destination:/queue/b; receipt:r; %s:0 | %s", body, body)
		c.want("RECEIPT")
		q, _ := w.b.Default().Queue("b")
		ds, err := q.Receive(t.Context(), core.ReceiveOptions{Max: 1, Lease: time.Minute})
		if err != nil || len(ds) != 1 || ds[0].Message.HasPriority() != has || ds[0].Message.Priority != 0 {
			t.Errorf("%s: %v", body, err)
		}
	}
}
