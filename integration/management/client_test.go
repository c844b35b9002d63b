package management

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// clients are AMQP clients, one of each broker, that do the same.
type clients struct {
	*testing.T
	sides []*side
	conns []*amqp.Connection
}

// do takes a step:
//
//	connect USER QUEUE    a connection of a user that consumes from a queue, and confirms
//	closed                the connection was, or soon is, closed by its broker
//	until PATH KEY        RabbitMQ, whose figures lag, has the key in all rows of a list
func (c *clients) do(step []string) {
	c.Helper()
	switch step[0] {
	case "connect":
		for _, s := range c.sides {
			if err := c.connect(s, step[1], step[2]); err != nil {
				c.Fatalf("%s: %v", s.name, err)
			}
		}
	case "closed":
		for _, conn := range c.conns {
			<-conn.NotifyClose(make(chan *amqp.Error, 1))
		}
		c.conns = nil
	case "until":
		daemon.Eventually(c.T, settles, step[1]+" with "+step[2], func() bool { return c.has(step[1], step[2]) })
	default:
		c.Fatalf("no step %q", step)
	}
}

func (c *clients) connect(s *side, user, queue string) error {
	conn, err := amqp.DialConfig(fmt.Sprintf("amqp://%s:%s@%s/", user, user, s.amqp), amqp.Config{
		Heartbeat: 10e9, Locale: "en_US",
		Properties: amqp.Table{"product": "parity", "connection_name": "watcher", "capabilities": amqp.Table{"consumer_cancel_notify": true}},
		Dial: func(network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(context.Background(), network, addr)
			if err == nil {
				s.named(conn)
			}
			return conn, err
		},
	})
	if err != nil {
		return err
	}
	c.conns = append(c.conns, conn)
	c.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err == nil {
		err = ch.Qos(3, 0, false)
	}
	if err == nil {
		err = ch.Confirm(false)
	}
	if err == nil {
		_, err = ch.Consume(queue, "watch", false, false, false, false, amqp.Table{"x-priority": int32(5)})
	}
	return err
}

func (c *clients) has(path, key string) bool {
	a, _, err := c.sides[0].ask(request{who: root, password: root, method: http.MethodGet, path: path})
	if err != nil {
		c.Fatal(err)
	}
	rows, _ := a.body.([]any)
	return len(rows) > 0 && !slices.ContainsFunc(rows, func(x any) bool {
		o, _ := x.(map[string]any)
		return o[key] == nil
	})
}
