package doors

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// Names are the doors.
var Names = []string{"mqtt", "amqp", "stomp", "sqs", "sns"}

// Everywhere are the doors again, those of Streams over each of Wires: mqtt/tcp,
// mqtt/tls ... For a broker that has Config.
var Everywhere = func() (all []string) {
	for _, door := range Names {
		if !slices.Contains(Streams, door) {
			all = append(all, door)
			continue
		}
		for _, wire := range Wires {
			all = append(all, door+"/"+wire)
		}
	}
	return all
}()

// Client is one connection of a door, for one queue. It is used by one goroutine.
type Client interface {
	// Put returns nil when the broker has confirmed a durable message within that
	// time. After an error the client is no longer used but for Close.
	Put(body string, within time.Duration) error
	// Take takes the next message and settles it; ErrNone if there is none within
	// that time.
	Take(within time.Duration) (body string, err error)
	Close()
}

// Errors of clients.
var (
	ErrNone      = errors.New("no message")
	ErrNoConfirm = errors.New("no confirmation")
	ErrRefused   = errors.New("refused")
)

// Open connects to a queue that there is, by one of Names, which is over TCP, or of
// Everywhere. An error is the broker's or that it is gone.
func Open(t testing.TB, b *daemon.Broker, door, queue string) (Client, error) {
	t.Helper()
	door, wire, _ := strings.Cut(door, "/")
	if wire == "" {
		wire = "tcp"
	}
	switch door {
	case "mqtt":
		return openMQTT(b, wire, queue)
	case "amqp":
		return openAMQP(b, wire, queue)
	case "stomp":
		return openSTOMP(b, wire, queue)
	case "sqs":
		return openSQS(t, b, queue), nil
	case "sns":
		return openSNS(t, b, queue)
	}
	t.Fatalf("there is no door %s", door)
	return nil, nil
}

// MustOpen is Open of a broker that lets in.
func MustOpen(t testing.TB, b *daemon.Broker, door, queue string) Client {
	t.Helper()
	c, err := Open(t, b, door, queue)
	if err != nil {
		t.Fatalf("%s: %v", door, err)
	}
	t.Cleanup(c.Close)
	return c
}

// Echo puts one message and takes it.
func Echo(t testing.TB, c Client, what string) {
	t.Helper()
	body := fmt.Sprint(what, time.Now().UnixNano())
	if err := c.Put(body, client.Patience); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for {
		switch got, err := c.Take(client.Patience); {
		case err != nil:
			t.Errorf("%s: %v", what, err)
			return
		case got == body:
			return
		}
	}
}
