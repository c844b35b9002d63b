package stomp

import "testing"

// NACK of a client of ActiveMQ: that message alone is dead-lettered, where there is
// somewhere to go. Any other puts back.
func TestNackOfActiveMQ(t *testing.T) {
	for name, tt := range map[string]struct {
		connect, queue, nack string
		ready, dead          int64
	}{
		"activemq":                 {"client-id:me", "x-dead-letter-exchange:; x-dead-letter-routing-key:ActiveMQ.DLQ", "", 1, 1},
		"nowhere to go":            {"client-id:me", "durable:true", "", 2, 0},
		"in RabbitMQ's words":      {"client-id:me", "x-dead-letter-exchange:; x-dead-letter-routing-key:ActiveMQ.DLQ", "; requeue:true", 2, 0},
		"in RabbitMQ's words, too": {"client-id:me", "x-dead-letter-exchange:; x-dead-letter-routing-key:ActiveMQ.DLQ", "; requeue:false", 0, 2},
		"rabbitmq":                 {"", "x-dead-letter-exchange:; x-dead-letter-routing-key:ActiveMQ.DLQ", "", 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.connected("1.2", tt.connect)
			c.send("SEND destination:/queue/ActiveMQ.DLQ; receipt:r | there")
			c.want("RECEIPT")
			w.purge("ActiveMQ.DLQ")
			for _, mode := range []string{"client", "client-individual"} {
				for _, in := range []string{"", "; transaction:t"} {
					for _, body := range []string{"1", "2", "3"} {
						c.send("SEND destination:/queue/q; persistent:true; %s | %s", tt.queue, body)
					}
					c.send("SUBSCRIBE id:s; destination:/queue/q; ack:%s; prefetch-count:3", mode)
					c.want("MESSAGE | 1")
					f := c.want("MESSAGE | 2")
					c.want("MESSAGE | 3")
					if in != "" {
						c.send("BEGIN transaction:t")
					}
					c.send("NACK id:%s%s%s; receipt:n", f.get("ack"), tt.nack, in)
					c.receiptAmong("n")
					if in != "" {
						c.send("COMMIT transaction:t; receipt:c")
						c.receiptAmong("c")
					}
					w.cut(c)
					ready, dead := tt.ready, tt.dead
					if mode != "client" && dead == 2 {
						ready, dead = 1, 1
					}
					if q, d := w.counts("q"), w.counts("ActiveMQ.DLQ"); q.Ready != ready+1 || d.Ready != dead {
						t.Errorf("%s%s: %d are left, %d are dead", mode, in, q.Ready, d.Ready)
					}
					w.purge("q", "ActiveMQ.DLQ")
					c = w.connected("1.2", tt.connect)
				}
			}
		})
	}
}

func (w *world) purge(names ...string) {
	w.t.Helper()
	for _, name := range names {
		q, ok := w.b.Default().Queue(name)
		if !ok {
			w.t.Fatal("no queue " + name)
		}
		if err := q.Purge(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// receiptAmong reads up to a RECEIPT.
func (c *client) receiptAmong(id string) {
	c.t.Helper()
	for {
		f, err := c.read()
		switch {
		case err != nil || f.command == "ERROR":
			c.t.Fatalf("%q, %v", f, err)
		case f.command == "RECEIPT" && f.get("receipt-id") == id:
			return
		}
	}
}

// The configuration may say which dialect all clients are told.
func TestDialectSaid(t *testing.T) {
	const rabbit, active = "MESSAGE redelivered:false; -priority:", "MESSAGE priority:4; -redelivered:"
	for _, tt := range []struct{ dialect, connect, subscribe, want string }{
		{"activemq", "", "", active}, {"activemq", "client-id:me", "selector:TRUE", active},
		{"rabbitmq", "", "", rabbit}, {"rabbitmq", "client-id:me", "selector:TRUE", rabbit},
		{"auto", "", "", rabbit}, {"auto", "client-id:me", "", active}, {"auto", "", "selector:TRUE", active},
	} {
		w := newWorld(t, func(w *world) { w.cfg.Dialect = tt.dialect })
		c := w.connected("1.2", tt.connect)
		c.send("SUBSCRIBE id:s; destination:/queue/a; %s", tt.subscribe)
		c.send("SEND destination:/queue/a | x")
		c.want("%s", tt.want)
	}
}
