package transport

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

const haproxyConfig = `
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen v1
  bind 127.0.0.1:%[1]d
  server slipway %[5]s send-proxy
listen v2
  bind 127.0.0.1:%[2]d
  server slipway %[5]s send-proxy-v2
listen tlvs
  bind 127.0.0.1:%[3]d ssl crt %[7]s
  server slipway %[5]s send-proxy-v2-ssl-cn proxy-v2-options crc32c,unique-id,authority
listen aws
  bind 127.0.0.1:%[4]d
  server slipway %[6]s send-proxy-v2
`

// Behind HAProxy clients have their own addresses; without a header nobody is let
// in from where it is.
func TestHAProxy(t *testing.T) {
	daemon.Need(t, "haproxy")
	dir := certs(t)
	on := start(t, "proxy_protocol: {from: [127.0.0.1]}")
	ports := haproxy(t, on, dir)
	for i, name := range []string{"v1", "v2", "tlvs"} {
		c := dialMQTT(t, ports[i], name == "tlvs", dir)
		if got := remoteOf(t, on); got != c.LocalAddr().String() {
			t.Errorf("%s: the client is listed at %s, and is at %s", name, got, c.LocalAddr())
		}
		c.Close()
		daemon.Eventually(t, client.Patience, "end", func() bool { return remoteOf(t, on) == "" })
	}
	if _, err := client.SQS(t, fmt.Sprintf("127.0.0.1:%d", ports[3])).ListQueues(t.Context(), nil); err != nil {
		t.Errorf("aws: %v", err)
	}
	direct, err := net.Dial("tcp", on.MQTT)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	if _, err := direct.Write([]byte(connect)); err != nil {
		t.Fatal(err)
	}
	if n, err := direct.Read(make([]byte, 10)); err == nil {
		t.Errorf("without a header there are %d bytes of an answer", n)
	}
	daemon.Eventually(t, client.Patience, "line in the log", func() bool { return strings.Contains(on.Log(), "no PROXY protocol header") })
}

// haproxy starts one before on, and returns its ports.
func haproxy(t *testing.T, on *daemon.Broker, dir string) [4]int {
	t.Helper()
	var ports [4]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	pem := filepath.Join(dir, "both.pem")
	var both []byte
	for _, name := range []string{"server.pem", "server.key"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	file := filepath.Join(dir, "haproxy.cfg")
	text := fmt.Sprintf(haproxyConfig, ports[0], ports[1], ports[2], ports[3], on.MQTT, on.AWS, pem)
	for name, text := range map[string][]byte{pem: both, file: []byte(text)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("haproxy", "-db", "-f", file)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Log(said.String())
		}
	})
	daemon.Eventually(t, client.Patience, "haproxy", func() bool {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", ports[3]), time.Second)
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
	return ports
}

const connect = "\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05proxy"

// dialMQTT connects to a port and logs in.
func dialMQTT(t *testing.T, port int, secure bool, dir string) net.Conn {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		c = tls.Client(c, &tls.Config{RootCAs: pool(t, dir), ServerName: "localhost"})
	}
	t.Cleanup(func() { c.Close() })
	connack := make([]byte, 4)
	if _, err := c.Write([]byte(connect)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, connack); err != nil || string(connack) != "\x20\x02\x00\x00" {
		t.Fatalf("CONNACK %x, %v", connack, err)
	}
	return c
}

// remoteOf is where the only MQTT client is; "" if there is none.
func remoteOf(t *testing.T, on *daemon.Broker) string {
	t.Helper()
	status, text, err := on.Get("/v1/connections")
	if err != nil || status != 200 {
		t.Fatalf("%d, %v: %s", status, err, text)
	}
	var list struct {
		Connections []struct{ Protocol, Remote string }
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Connections {
		if c.Protocol == "mqtt" {
			return c.Remote
		}
	}
	return ""
}
