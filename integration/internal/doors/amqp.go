package doors

import (
	"context"
	"errors"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

type amqpClient struct {
	conn  *amqp.Connection
	ch    *amqp.Channel
	queue string
	got   <-chan amqp.Delivery // nil before the first Take
}

// DialAMQP connects, as guest, over one of Wires.
func DialAMQP(b *daemon.Broker, wire string) (*amqp.Connection, error) {
	return amqp.DialConfig("amqp://guest:guest@"+b.Doors["amqp"]+"/", amqp.Config{
		Dial: func(string, string) (net.Conn, error) { return Dial(b, "amqp", wire) },
	})
}

func openAMQP(b *daemon.Broker, wire, queue string) (Client, error) {
	conn, err := DialAMQP(b, wire)
	if err != nil {
		return nil, err
	}
	ch, err := conn.Channel()
	for _, f := range []func() error{func() error { return ch.Confirm(false) }, func() error { return ch.Qos(1, 0, false) }} {
		if err == nil {
			err = f()
		}
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &amqpClient{conn: conn, ch: ch, queue: queue}, nil
}

func (a *amqpClient) Put(body string, d time.Duration) error {
	m := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)}
	w, err := a.ch.PublishWithDeferredConfirm("", a.queue, true, false, m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	switch ok, err := w.WaitContext(ctx); {
	case err != nil:
		return ErrNoConfirm
	case !ok:
		return ErrRefused
	}
	return nil
}

func (a *amqpClient) Take(d time.Duration) (body string, err error) {
	if a.got == nil {
		if a.got, err = a.ch.Consume(a.queue, "", false, false, false, false, nil); err != nil {
			return "", err
		}
	}
	select {
	case m, ok := <-a.got:
		if !ok {
			return "", ErrRefused // cancelled, or the connection is gone
		}
		return string(m.Body), m.Ack(false)
	case <-time.After(d):
		return "", ErrNone
	}
}

func (a *amqpClient) Close() {
	_ = a.conn.CloseDeadline(time.Now().Add(time.Second)) // the broker may be gone
}
