package storms

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// halfOpen is how a client stops halfway: after nothing, after a part of what it
// must say first, or after all of it and a promise to speak once a second.
type halfOpen struct {
	door string
	wire string // of doors.Wires, and TLS and WebSocket are through; "": a bare socket to any listener
	part string
}

var halfOpens = []halfOpen{
	{"websocket", "", "GET /mqtt HTTP/1.1\r\nHost: 127."},
	{"aws", "", "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-"},
	{"mqtt-tls", "", hello},
	{"amqp-tls", "", hello},
	{"stomp-tls", "", hello},
	{"websocket-tls", "", hello},
	{"websocket", "", upgrade}, // and no CONNECT in it
	{"mqtt", "tcp", halfMQTT}, {"mqtt", "tls", halfMQTT}, {"mqtt", "ws", halfMQTT}, {"mqtt", "wss", halfMQTT},
	{"amqp", "tcp", halfAMQP}, {"amqp", "tls", halfAMQP}, {"amqp", "ws", halfAMQP}, {"amqp", "wss", halfAMQP},
	{"stomp", "tcp", halfSTOMP}, {"stomp", "tls", halfSTOMP}, {"stomp", "ws", halfSTOMP}, {"stomp", "wss", halfSTOMP},
}

const (
	halfMQTT  = "\x10\x0d\x00\x04MQ"
	halfAMQP  = "AMQP\x00"
	halfSTOMP = "CONNECT\naccept-ver"

	hello   = "\x16\x03\x01" // the beginning of a ClientHello
	upgrade = "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)

// Who does not log in in time is cut, as is who falls silent after it; others
// get in and through meanwhile.
func TestHalfOpen(t *testing.T) {
	b := daemon.Start(t, daemon.Options{Config: doors.Config(t, "limits: {handshake_timeout: 1s}\n")})
	client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "steady", nil)
	all := map[halfOpen][]net.Conn{}
	for _, h := range halfOpens {
		for i := range 45 {
			all[h] = append(all[h], h.open(t, b, i))
		}
	}
	for _, door := range doors.Names {
		c := doors.MustOpen(t, b, door, "steady")
		for range 20 {
			doors.Echo(t, c, door)
		}
		c.Close()
	}
	steadyTLS(t, b)
	for _, h := range halfOpens {
		for i, c := range all[h] {
			if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if err != nil && os.IsTimeout(err) {
				t.Fatalf("%s %s: connection %d was not cut", h.door, h.wire, i)
			}
			if h.wire != "" && (i%3 == 2) != strings.Contains(string(got), doors.Admitted[h.door]) {
				t.Errorf("%s %s: connection %d was answered %q", h.door, h.wire, i, got)
			}
		}
	}
	b.Stop(t)
	told(t, b.Log())
}

// told: the operator has a line for each connection of the stream doors that was cut.
func told(t *testing.T, log string) {
	t.Helper()
	for _, door := range doors.Streams {
		for reason, each := range map[string]int{"not authenticated in time": 30, "nothing received for longer than promised": 15} {
			n := 0
			for line := range strings.Lines(log) {
				if strings.Contains(line, "connection closed by us\" protocol="+door+" ") && strings.Contains(line, reason) {
					n++
				}
			}
			if want := each * len(doors.Wires); n < want {
				t.Errorf("%s: %d lines say %q; at least %d connections were cut for it", door, n, reason, want)
			}
		}
	}
}

// open is one connection: a third says nothing, a third says a part, a third falls
// silent later, if there is a promise to break.
func (h halfOpen) open(t *testing.T, b *daemon.Broker, i int) net.Conn {
	t.Helper()
	c, err := net.Conn(nil), error(nil)
	if h.wire == "" {
		c, err = net.Dial("tcp", b.Doors[h.door])
	} else {
		c, err = doors.Dial(b, h.door, h.wire)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", h.door, h.wire, err)
	}
	t.Cleanup(func() { c.Close() })
	switch {
	case i%3 == 1 || i%3 == 2 && h.wire == "":
		_, err = io.WriteString(c, h.part)
	case i%3 == 2:
		_, err = io.WriteString(c, doors.Login(h.door, fmt.Sprint(h.wire, i), true))
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// steadyTLS: a handshake that hangs holds up no other.
func steadyTLS(t *testing.T, b *daemon.Broker) {
	t.Helper()
	for _, wire := range []string{"tls", "wss"} {
		c, err := doors.Dial(b, "stomp", wire)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, doors.Login("stomp", "", false)); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 100)
		if n, err := c.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "CONNECTED") {
			t.Errorf("%s: %q, %v", wire, answer[:n], err)
		}
	}
}
