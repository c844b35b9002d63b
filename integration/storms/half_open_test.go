package storms

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// halfOpen is how a client of one listener stops halfway: after a part of what it
// must say first, or after all of it and a promise to speak once a second.
type halfOpen struct {
	door   string
	part   string
	silent func(n int) string // nil: it promises nothing
	in     string             // what who is silent is let in with
}

// amqpSilent is a login that agrees to a heartbeat of one second: the header,
// start-ok, tune-ok and open.
func amqpSilent(int) string {
	method := func(body string) string {
		return fmt.Sprintf("\x01\x00\x00\x00\x00\x00%c%s\xce", len(body), body)
	}
	return "AMQP\x00\x00\x09\x01" +
		method("\x00\x0a\x00\x0b\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x0c\x00guest\x00guest\x05en_US") +
		method("\x00\x0a\x00\x1f\x00\x00\x00\x02\x00\x00\x00\x01") + method("\x00\x0a\x00\x28\x01/\x00\x00")
}

var halfOpens = []halfOpen{
	{"mqtt", "\x10\x0d\x00\x04MQ", func(n int) string { return fmt.Sprintf("\x10\x0e\x00\x04MQTT\x04\x02\x00\x01\x00\x02%02d", n) }, "\x20\x02\x00\x00"},
	{"amqp", "AMQP\x00", amqpSilent, "\x00\x0a\x00\x29"},
	{"stomp", "CONNECT\naccept-ver", func(int) string { return "CONNECT\naccept-version:1.2\nhost:/\nheart-beat:500,0\n\n\x00" }, "CONNECTED"},
	{"websocket", "GET /mqtt HTTP/1.1\r\nHost: 127.", nil, ""},
	{"aws", "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-", nil, ""},
	{"mqtt-tls", hello, nil, ""},
	{"amqp-tls", hello, nil, ""},
	{"stomp-tls", hello, nil, ""},
	{"websocket-tls", hello, nil, ""},
	{"websocket", upgrade, nil, ""}, // and no CONNECT in it

}

const (
	hello   = "\x16\x03\x01" // the beginning of a ClientHello
	upgrade = "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)

// Who does not log in in time is cut, as is who falls silent after it; others
// get in and through meanwhile.
func TestHalfOpen(t *testing.T) {
	dir := t.TempDir()
	certs, file := filepath.Join(dir, "certs"), filepath.Join(dir, "slipway.yaml")
	if code, out := daemon.Command(t, "cert", "--dir", certs); code != 0 {
		t.Fatal(out)
	}
	text := fmt.Sprintf("limits: {handshake_timeout: 1s}\ntls: {certificate: %q, key: %q}\n", filepath.Join(certs, "server.pem"), filepath.Join(certs, "server.key"))
	for _, door := range []string{"mqtt", "amqp", "stomp", "websocket"} {
		text += door + ": {tls_listen: [\"127.0.0.1:0\"]}\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := daemon.Start(t, daemon.Options{Dir: filepath.Join(dir, "data"), Config: file})
	client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "steady", nil)
	all := map[string][]net.Conn{}
	for _, h := range halfOpens {
		for i := range 60 {
			all[h.door] = append(all[h.door], h.open(t, b, i))
		}
	}
	for _, door := range doors.Names {
		c := doors.MustOpen(t, b, door, "steady")
		for range 20 {
			echo(t, c, door)
		}
		c.Close()
	}
	steadyTLS(t, b)
	for _, h := range halfOpens {
		for i, c := range all[h.door] {
			if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if err != nil && os.IsTimeout(err) {
				t.Fatalf("%s: connection %d was not cut", h.door, i)
			}
			if i%3 == 2 && !strings.Contains(string(got), h.in) {
				t.Errorf("%s: connection %d was not let in: %q", h.door, i, got)
			}
		}
	}
	b.Stop(t)
}

// open is one connection: a third says nothing, a third says a part, a third falls
// silent later, if there is a promise to break.
func (h halfOpen) open(t *testing.T, b *daemon.Broker, i int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", b.Doors[h.door])
	if err != nil {
		t.Fatalf("%s: %v", h.door, err)
	}
	t.Cleanup(func() { c.Close() })
	switch {
	case i%3 == 1 || i%3 == 2 && h.silent == nil:
		_, err = io.WriteString(c, h.part)
	case i%3 == 2:
		_, err = io.WriteString(c, h.silent(i))
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// steadyTLS: a handshake that hangs holds up no other.
func steadyTLS(t *testing.T, b *daemon.Broker) {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // made a moment ago; integration/transport has the tests of certificates
	c, err := d.DialContext(t.Context(), "tcp", b.Doors["stomp-tls"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "CONNECT\naccept-version:1.2\nhost:/\n\n\x00"); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	if n, err := c.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "CONNECTED") {
		t.Errorf("%q, %v", answer[:n], err)
	}
}
