package amqp091

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// TestWithGoClient is one turn of everything ordinary with amqp091-go, which is
// no code of ours.
func TestWithGoClient(t *testing.T) {
	w := newWorld(t)
	conn, err := amqp.Dial("amqp://guest:guest@" + w.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch := channelOf(t, conn)
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	q, err := ch.QueueDeclare("orders", true, false, false, false, nil)
	if err != nil || q.Name != "orders" {
		t.Fatal(q, err)
	}
	if err := ch.QueueBind("orders", "eu.*", "amq.topic", false, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	big := strings.Repeat("x", 300_000)
	for i, body := range []string{"one", "two", "", big} {
		exchange, key := "", "orders"
		if i%2 == 1 {
			exchange, key = "amq.topic", "eu.new"
		}
		d, err := ch.PublishWithDeferredConfirmWithContext(ctx, exchange, key, true, false, amqp.Publishing{
			DeliveryMode: 2, Body: []byte(body), MessageId: fmt.Sprint(i), Headers: amqp.Table{"n": int32(i), "s": "text"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := d.WaitContext(ctx); !ok || err != nil {
			t.Fatal(i, ok, err)
		}
	}
	got, err := ch.Consume("orders", "me", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range []string{"one", "two", "", big} {
		d := <-got
		if string(d.Body) != body || d.MessageId != fmt.Sprint(i) || d.Headers["n"] != int32(i) || d.Redelivered || d.ConsumerTag != "me" {
			t.Fatalf("%d: %.20q %+v", i, d.Body, d.Headers)
		}
		if err := d.Ack(false); err != nil {
			t.Fatal(err)
		}
	}
	if err := ch.Cancel("me", false); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := ch.Get("orders", false); ok || err != nil {
		t.Fatal(ok, err)
	}
}

func channelOf(t testing.TB, conn *amqp.Connection) *amqp.Channel {
	t.Helper()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}
