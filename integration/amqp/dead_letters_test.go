package amqp

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// deaths is the x-death header.
func deaths(m *message) []object {
	list, _ := m.Props.Headers["x-death"].([]any)
	var all []object
	for _, d := range list {
		if o, ok := d.(object); ok {
			all = append(all, o)
		}
	}
	return all
}

func deadLetters(c *cell) {
	k := c.connect()
	ch := k.channel(true)
	dead, dlx := ch.queue("dead"), c.name("dlx")
	ch.do("exchange", object{"name": dlx, "kind": "topic"})
	ch.do("bind", object{"name": dead, "exchange": dlx, "key": "#"})
	q := ch.queue("q", args("x-dead-letter-exchange", dlx))
	rerouted := ch.queue("rerouted", args("x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead))
	for _, name := range []string{q, rerouted} {
		ch.publish("", name, "no", func(m *message) { m.Props.Headers = object{"mine": "kept"} })
		m := ch.do("get", object{"name": name}).Message
		ch.do("reject", object{"tag": m.Tag, "requeue": false})
		m = ch.waitFor(dead)
		ds := deaths(m)
		if string(m.Body) != "no" || len(ds) != 1 || m.Props.Headers["mine"] != "kept" {
			c.Fatalf("%+v", m)
		}
		d := ds[0]
		if d["queue"] != name || d["reason"] != "rejected" || d["count"] != 1.0 || d["exchange"] != "" || !reflect.DeepEqual(d["routing-keys"], []any{name}) || d["time"] == nil {
			c.Errorf("x-death: %v", d)
		}
		if h := m.Props.Headers; h["x-first-death-queue"] != name || h["x-first-death-reason"] != "rejected" || h["x-first-death-exchange"] != "" {
			c.Errorf("x-first-death: %v", h)
		}
		if name == q && (m.Exchange != dlx || m.Key != q) || name == rerouted && (m.Exchange != "" || m.Key != dead) {
			c.Errorf("came by %q %q", m.Exchange, m.Key)
		}
	}
}

// trail is every entry of x-death in its order, each with its fields, and the
// x-first-death headers.
func (c *cell) trail(m *message) string {
	var all []string
	for _, d := range deaths(m) {
		if n, ok := d["time"].(float64); !ok || time.Since(time.Unix(int64(n), 0)).Abs() > 24*time.Hour { // pika: of no zone
			c.Errorf("x-death: the time is %v", d["time"])
		}
		delete(d, "time")
		all = append(all, fmt.Sprint(d)) // ordered by name
	}
	h := m.Props.Headers
	text := fmt.Sprintf("%s first %v, %v, %v", strings.Join(all, " "), h["x-first-death-queue"], h["x-first-death-reason"], h["x-first-death-exchange"])
	return strings.ReplaceAll(text, c.name(""), "")
}

// deathTrail has messages die more than once: in a circle of two queues, with the
// counts of both, and by three reasons in three queues. What an entry tells is of
// the first time.
func deathTrail(c *cell) {
	ch := c.connect().channel(true)
	dlx := c.name("dlx")
	ch.do("exchange", object{"name": dlx, "kind": "direct"})
	retry := ch.queue("retry", args("x-dead-letter-exchange", dlx, "x-dead-letter-routing-key", "again", "x-message-ttl", 50))
	work := ch.queue("work", args("x-dead-letter-exchange", "", "x-dead-letter-routing-key", retry))
	for _, key := range []string{"first", "copy", "again"} {
		ch.do("bind", object{"name": work, "exchange": dlx, "key": key})
	}
	ch.publish(dlx, "first", "x", func(m *message) {
		m.Props.Expiration, m.Props.Headers = "60000", object{"CC": []any{"copy"}, "mine": "kept"}
	})
	for n := range 4 {
		m := ch.waitForUnsettled(work)
		if n > 0 {
			ch.want("a circle", c.trail(m), fmt.Sprintf("map[count:%d exchange: queue:retry reason:expired routing-keys:[retry]] "+
				"map[count:%d exchange:dlx original-expiration:60000 queue:work reason:rejected routing-keys:[first copy]] first work, rejected, dlx", n, n))
			if m.Props.Headers["CC"] != nil || m.Props.Headers["mine"] != "kept" || m.Props.Expiration != "" {
				c.Errorf("%+v", m)
			}
		}
		ch.do("reject", object{"tag": m.Tag, "requeue": false})
	}
	ch.do("ack", object{"tag": ch.waitForUnsettled(work).Tag})

	last := ch.queue("last")
	third := ch.queue("third", args("x-dead-letter-exchange", "", "x-dead-letter-routing-key", last))
	second := ch.queue("second", args("x-dead-letter-exchange", "", "x-dead-letter-routing-key", third, "x-message-ttl", 50))
	one := ch.queue("one", args("x-dead-letter-exchange", "", "x-dead-letter-routing-key", second, "x-max-length", 1))
	ch.publish("", one, "pushed out")
	ch.publish("", one, "stays")
	ch.do("reject", object{"tag": ch.waitForUnsettled(third).Tag, "requeue": false})
	const latest = "map[count:1 exchange: queue:third reason:rejected routing-keys:[third]] "
	const before, oldest = "map[count:1 exchange: queue:second reason:expired routing-keys:[second]] ", "map[count:1 exchange: queue:one reason:maxlen routing-keys:[one]] "
	ch.want("three queues", c.trail(ch.waitFor(last)), latest+oldest+before+"first one, maxlen, ") // as RabbitMQ 3.10 turns them
}
