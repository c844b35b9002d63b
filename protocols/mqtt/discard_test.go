package mqtt

import (
	"runtime"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// The queue delivers while Consume runs, and so before the feed knows its consumer:
// what cannot be sent is settled all the same.
func TestDiscardedBeforeTheFeedKnowsItsConsumer(t *testing.T) {
	w := newWorld(t)
	q, _, err := w.b.Default().DeclareQueue("q", core.QueueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := w.connected(5, "id=a clean p.max=60")
	p := w.connected(5, "id=p clean")
	for id := 1; id <= 3; id++ {
		body := strings.Repeat("x", 100)
		if id == 3 {
			body = "short"
		}
		p.send("publish topic=$queue/q qos=1 id=%d payload=%s", id, body)
		p.want("puback id=%d", id)
	}
	f := &feed{c: w.sessionOf("a").conn.Load(), note: note{qos: 1}, key: "early"}
	k, err := q.Consume(core.ConsumerOptions{Receiver: f, Credit: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Cancel()
	if text := c.get(); !strings.HasSuffix(text, "payload=short") {
		t.Error(text)
	}
	for q.Counts().InFlight > 1 { // the pump's turn
		runtime.Gosched()
	}
}
