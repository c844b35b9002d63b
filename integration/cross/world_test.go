package cross

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/gorilla/websocket"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// start starts a broker with every door behind every transport.
func start(t *testing.T) *daemon.Broker {
	t.Helper()
	certs := t.TempDir()
	if code, out := daemon.Command(t, "cert", "--dir", certs); code != 0 {
		t.Fatal(out)
	}
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	text := fmt.Sprintf("tls: {certificate: %q, key: %q}\n", filepath.Join(certs, "server.pem"), filepath.Join(certs, "server.key"))
	for _, door := range []string{"mqtt", "amqp", "stomp", "aws", "websocket"} {
		text += door + ": {tls_listen: [\"127.0.0.1:0\"]}\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return daemon.Start(t, daemon.Options{Config: file})
}

// insecure is for a certificate that was made a moment ago; integration/mqtt has
// the tests of certificates.
var insecure = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above

// subprotocols are what WebSocket calls the doors.
var subprotocols = map[string]string{"mqtt": "mqtt", "amqp": "amqp", "stomp": "v12.stomp"}

// dial opens a connection of a door by the world's transport.
func (w world) dial(door string) (net.Conn, error) {
	switch w.transport {
	case "tcp":
		return net.Dial("tcp", w.b.Doors[door])
	case "tls":
		return tls.Dial("tcp", w.b.Doors[door+"-tls"], insecure)
	}
	d := websocket.Dialer{Subprotocols: []string{subprotocols[door]}, TLSClientConfig: insecure, HandshakeTimeout: patience}
	url := "ws://" + w.b.Doors["websocket"]
	if w.transport == "wss" {
		url = "wss://" + w.b.Doors["websocket-tls"]
	}
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
		if err == io.EOF { //nolint:errorlint // an io.Reader's own
			s.rest = nil
			if err = nil; n == 0 {
				continue
			}
		}
		return n, err
	}
}

// aws is where AWS's clients find the broker.
func (w world) aws() string {
	if w.transport == "tls" || w.transport == "wss" {
		return "https://" + w.b.Doors["aws-tls"]
	}
	return "http://" + w.b.AWS
}

func (w world) http(t *testing.T) *http.Client {
	tr := &http.Transport{TLSClientConfig: insecure}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func (w world) sqs(t *testing.T) *sqs.Client {
	return sqs.New(sqs.Options{BaseEndpoint: aws.String(w.aws()), Region: client.Region, Credentials: anybody, HTTPClient: w.http(t), RetryMaxAttempts: 1})
}

func (w world) sns(t *testing.T) *sns.Client {
	return sns.New(sns.Options{BaseEndpoint: aws.String(w.aws()), Region: client.Region, Credentials: anybody, HTTPClient: w.http(t), RetryMaxAttempts: 1})
}

var anybody = credentials.NewStaticCredentialsProvider("any", "any", "")

// lost are the counters of what was lost, by field and the protocol that could
// not carry it.
func (w world) lost(t *testing.T) map[[2]string]int {
	t.Helper()
	_, text, err := w.b.Get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[[2]string]int{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "slipway_fields_dropped_total{")
		if !ok {
			continue
		}
		labels, value, _ := strings.Cut(rest, "} ")
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		counts[[2]string{label(labels, "field"), label(labels, "to")}] += int(n)
	}
	return counts
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
