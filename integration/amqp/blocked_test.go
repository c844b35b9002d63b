package amqp

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
	"github.com/slipwaymq/slipway/integration/internal/matrix"
)

const blockedName = "blocked"

// TestBlocked fills the broker's disk: who publishes is told that it is blocked,
// who consumes goes on, and when there is room again what was published meanwhile
// is taken.
func TestBlocked(t *testing.T) {
	dir := daemon.SmallDisk(t, "256m")
	d := daemon.Start(t, daemon.Options{Dir: filepath.Join(dir, "data"), Env: []string{"SLIPWAY_LIMITS_MIN_FREE_DISK=64MiB"}})
	b := broker{d.Doors["amqp"], "guest", "guest"}
	var columns []string
	for _, cl := range clients() {
		columns = append(columns, cl.name)
	}
	m := matrix.New(columns, []string{blockedName})
	var ran []string
	for i, cl := range clients() {
		t.Run(cl.name, func(t *testing.T) {
			p := driver.Start(t, cl.start(t))
			ran = append(ran, cl.name)
			m.Run(t, cl.name, blockedName, func(t *testing.T) {
				c := &cell{T: t, driver: p, mail: newMailbox(p), broker: b, tag: "x" + thisRun + "-" + string(rune('a'+i)) + "-"}
				defer c.end()
				blocked(c, d, dir)
			})
		})
	}
	m.Report(t, "amqp-blocked")
	for _, empty := range m.Empty(ran) {
		t.Errorf("an empty cell: %s", empty)
	}
}

func blocked(c *cell, d *daemon.Broker, dir string) {
	producer, consumer := c.connect(), c.connect()
	// Not in confirm mode: pika, which waits for the confirm, tells of nothing meanwhile.
	out, in := producer.channel(false), consumer.channel(true)
	q := in.queue("q", object{"durable": true})
	persistent := func(m *message) { m.Props.Mode = 2 }
	in.publish("", q, "before", persistent)
	own := in.queue("own", object{"durable": true})
	in.publish("", own, "to the producer", persistent)
	empty := sync.OnceFunc(daemon.FillDisk(c, dir, 32<<20))
	defer empty()
	daemon.Eventually(c, patience, "refusal", func() bool { return d.Ready() != nil })
	out.publish("", q, "meanwhile", persistent)
	producer.event("blocked")
	in.consume(q, "one")
	first := in.delivery()
	in.want("consumed while blocked", string(first.Body), "before")
	in.do("ack", object{"tag": first.Tag})
	if e, ok := c.mail.take(100*time.Millisecond, in.is("delivery")); ok {
		c.Fatalf("taken below the watermark: %+v", e)
	}
	// The connection that published is read on.
	out.consume(own, "two")
	d2 := out.delivery()
	out.want("consumed by who is blocked", string(d2.Body), "to the producer")
	out.do("ack", object{"tag": d2.Tag})
	out.do("cancel", object{"consumer": "two"})
	again := producer.channel(false)
	again.want("settled by who is blocked", fmt.Sprint(again.messages(own)), "0")
	empty()
	producer.event("unblocked")
	in.want("published while blocked", string(in.delivery().Body), "meanwhile")
}
