package amqp091

import (
	"context"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A channel goes on publishing to an exchange that somebody else deletes and
// declares again as another kind: it is the new one that counts.
func TestExchangeIsDeclaredAgainAsAnotherKind(t *testing.T) {
	w := newWorld(t)
	dial := func() *amqp.Channel {
		conn, err := amqp.Dial("amqp://guest:guest@" + w.addr + "/")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return channelOf(t, conn)
	}
	publisher, other := dial(), dial()
	if err := publisher.Confirm(false); err != nil {
		t.Fatal(err)
	}
	q, err := other.QueueDeclare("q", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		name string
		args amqp.Table
		now  bool
	}{
		{"fanout", nil, true},
		{"x-delayed-message", amqp.Table{"x-delayed-type": "fanout"}, false},
		{"fanout", nil, true},
	} {
		if err := other.ExchangeDelete("x", false, false); err != nil {
			t.Fatal(err)
		}
		if err := other.ExchangeDeclare("x", kind.name, false, false, false, false, kind.args); err != nil {
			t.Fatal(err)
		}
		if err := other.QueueBind(q.Name, "", "x", false, nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		d, err := publisher.PublishWithDeferredConfirmWithContext(ctx, "x", "", true, false, amqp.Publishing{
			Headers: amqp.Table{"x-delay": int32(3_600_000)}, Body: []byte("m"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := d.WaitContext(ctx); !ok || err != nil {
			t.Fatal(kind.name, ok, err)
		}
		cancel()
		if _, now, err := other.Get(q.Name, true); err != nil || now != kind.now {
			t.Fatalf("%s: at once %v, want %v; %v", kind.name, now, kind.now, err)
		}
	}
}
