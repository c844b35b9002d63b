package transport

import (
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// limits.max_connections_per_address counts the connections of every protocol
// together: who is over it is cut at once, the log says so, and the place is free
// again when one of the others goes.
func TestConnectionsPerAddress(t *testing.T) {
	on := start(t, "limits: {max_connections_per_address: 2}")
	dial := func(door string) (c net.Conn, served bool) {
		c, err := net.Dial("tcp", on.Doors[door])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, "CONNECT\naccept-version:1.2\nhost:/\n\n\x00"); err != nil {
			return c, false // cut before
		}
		if err := c.SetReadDeadline(time.Now().Add(client.Patience)); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 9)
		n, _ := io.ReadFull(c, answer)
		return c, string(answer[:n]) == "CONNECTED"
	}
	_, text, _ := net.SplitHostPort(on.MQTT)
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	mqtt := dialMQTT(t, port, false, "")
	first, served := dial("stomp")
	if !served {
		t.Fatal("the second connection is not let in")
	}
	for _, door := range []string{"stomp", "amqp", "mqtt", "websocket"} {
		if _, served := dial(door); served {
			t.Errorf("%s: a third connection is let in", door)
		}
	}
	daemon.Eventually(t, client.Patience, "line in the log", func() bool {
		return strings.Contains(on.Log(), "connections are refused") && strings.Contains(on.Log(), "max_connections_per_address")
	})
	first.Close()
	daemon.Eventually(t, client.Patience, "a free place", func() bool { _, served := dial("stomp"); return served })
	mqtt.Close()
}
