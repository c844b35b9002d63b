package admin

import (
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// What an AMQP client does is seen, and ended, with rabbitmqadmin.
func TestRabbitMQAdminSeesClients(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	r := newTool(t, b)
	conn, err := amqp.DialConfig("amqp://guest:guest@"+b.Doors["amqp"]+"/", amqp.Config{Properties: amqp.Table{"connection_name": "shop"}})
	if err != nil {
		t.Fatal(err)
	}
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	// Declared at one door, declared again at the other.
	if _, err := ch.QueueDeclare("orders", true, false, false, false, amqp.Table{"x-max-length": int32(9)}); err != nil {
		t.Fatal(err)
	}
	r.says("queue declared", "declare", "queue", "name=orders", `arguments={"x-max-length":9}`)
	r.refuses("inequivalent arg 'x-max-length'", "declare", "queue", "name=orders", `arguments={"x-max-length":8}`)
	r.says("queue declared", "declare", "queue", "name=bills", `arguments={"x-message-ttl":60000,"x-dead-letter-exchange":"amq.fanout"}`)
	if _, err := ch.QueueDeclare("bills", true, false, false, false, amqp.Table{"x-message-ttl": 60000, "x-dead-letter-exchange": "amq.fanout"}); err != nil {
		t.Fatal(err)
	}
	if err := ch.QueueBind("orders", "key", "amq.headers", false, amqp.Table{"a": int32(1)}); err != nil {
		t.Fatal(err)
	}
	r.says("binding declared", "declare", "binding", "source=amq.headers", "destination=orders", "routing_key=key", `arguments={"a":1}`)
	if got := r.list("bindings", "source"); got != "  amq.headers" {
		t.Errorf("sources %q: the same binding at both doors is two", got)
	}
	if err := ch.Qos(7, 0, false); err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	deliveries, err := ch.Consume("orders", "tag", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.says("published", "publish", "routing_key=orders", "payload=one")
	select {
	case <-deliveries:
	case <-time.After(patience):
		t.Fatal("nothing was delivered")
	}
	name := r.list("connections", "name")
	if !strings.HasSuffix(name, " -> "+b.Doors["amqp"]) {
		t.Errorf("connection %q", name)
	}
	r.says("AMQP 0-9-1", "list", "connections", "name", "protocol", "channels", "client_properties.connection_name")
	r.says("shop", "list", "connections", "client_properties.connection_name")
	r.says("True", "list", "channels", "confirm", "prefetch_count", "messages_unacknowledged", "consumer_count")
	if got := r.list("channels", "name"); got != name+" (1)" {
		t.Errorf("channel %q", got)
	}
	r.says(name+" (1)", "list", "consumers", "consumer_tag", "channel_details.name", "prefetch_count")
	r.says("connection closed", "close", "connection", "name="+name)
	select {
	case e := <-closed:
		if e == nil || e.Code != amqp.ConnectionForced {
			t.Errorf("closed with %v", e)
		}
	case <-time.After(patience):
		t.Error("it was not closed")
	}
}
