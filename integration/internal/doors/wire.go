package doors

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// Streams are the doors that have a connection, and Wires what it may go over.
var (
	Streams = []string{"mqtt", "amqp", "stomp"}
	Wires   = []string{"tcp", "tls", "ws", "wss"}
)

// subprotocols are what WebSocket calls the doors.
var subprotocols = map[string]string{"mqtt": "mqtt", "amqp": "amqp", "stomp": "v12.stomp"}

// anyBroker is for a certificate that was made a moment ago; integration/mqtt and
// integration/transport have the tests of certificates.
var anyBroker = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above

// Config writes a configuration in which every door also speaks TLS, with a
// certificate of its own, and what else there is to say, and returns its path.
func Config(t testing.TB, more string) string {
	t.Helper()
	certs, file := t.TempDir(), filepath.Join(t.TempDir(), "slipway.yaml")
	if code, out := daemon.Command(t, "cert", "--dir", certs); code != 0 {
		t.Fatal(out)
	}
	text := fmt.Sprintf("tls: {certificate: %q, key: %q}\n", filepath.Join(certs, "server.pem"), filepath.Join(certs, "server.key"))
	for _, door := range append([]string{"aws", "websocket"}, Streams...) {
		text += door + ": {tls_listen: [\"127.0.0.1:0\"]}\n"
	}
	if err := os.WriteFile(file, []byte(text+more), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Dial opens a connection to one of Streams over one of Wires, up to where the
// protocol itself begins. Over WebSocket a Write is a message.
func Dial(b *daemon.Broker, door, wire string) (net.Conn, error) {
	return DialTLS(b, door, wire, anyBroker)
}

// DialTLS is Dial with what the client trusts and shows over tls and wss.
func DialTLS(b *daemon.Broker, door, wire string, config *tls.Config) (net.Conn, error) {
	switch wire {
	case "tcp":
		return net.Dial("tcp", b.Doors[door])
	case "tls":
		return tls.Dial("tcp", b.Doors[door+"-tls"], config)
	}
	url := "ws://" + b.Doors["websocket"]
	if wire == "wss" {
		url = "wss://" + b.Doors["websocket-tls"]
	}
	d := websocket.Dialer{Subprotocols: []string{subprotocols[door]}, TLSClientConfig: config, HandshakeTimeout: client.Patience}
	c, res, err := d.Dial(url, nil)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close() // of a handshake: empty
	return &socket{Conn: c.NetConn(), ws: c}, nil
}

// socket is the bytes of a WebSocket's messages.
type socket struct {
	net.Conn
	ws   *websocket.Conn
	rest io.Reader // of the message that is being read

	mu sync.Mutex // one message is written at a time
}

func (s *socket) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(b), s.ws.WriteMessage(websocket.BinaryMessage, b)
}

func (s *socket) Read(b []byte) (int, error) {
	for {
		if s.rest == nil {
			_, r, err := s.ws.NextReader()
			if err != nil {
				return 0, err
			}
			s.rest = r
		}
		n, err := s.rest.Read(b)
		if errors.Is(err, io.EOF) {
			s.rest = nil
			if err = nil; n == 0 {
				continue
			}
		}
		return n, err
	}
}
