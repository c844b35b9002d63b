package doortest

import (
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// CutsStalled has the door's one connection, which consumes a queue and from now on
// reads nothing, be sent a message, and wants it cut after protocols.Config.Stall,
// 30 s, and twice that at most, and the message to be the queue's again. In fake
// time; d is of Pipes, which take nothing that nobody reads.
func (d *Door) CutsStalled(t testing.TB, queue string) {
	t.Helper()
	m := core.Message{Body: []byte("unread"), Durable: true}
	if _, err := d.Broker.Default().Publish(t.Context(), &core.Publication{Message: &m, To: core.QueueAddress(queue)}); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for len(d.Server.Conns()) > 0 && time.Since(begun) < time.Hour {
		<-time.After(time.Second)
	}
	took := time.Since(begun)
	if took < 30*time.Second || took > time.Minute+time.Second || d.Server.Stats().Stalled.Load() != 1 {
		t.Errorf("who does not read was cut after %v", took)
	}
	<-time.After(time.Second)
	q, ok := d.Broker.Default().Queue(queue)
	if !ok {
		t.Fatalf("there is no queue %s", queue)
	}
	if n := q.Counts(); n.Ready != 1 || n.InFlight != 0 || n.Consumers != 0 {
		t.Errorf("then %+v", n)
	}
}
