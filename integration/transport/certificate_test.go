package transport

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

const byCertificate = `
tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key, client_ca: %[1]s/ca.pem, client_auth: %[2]s}
mqtt: {tls_listen: ["127.0.0.1:0"]}
users: [{name: sensor, permissions: [{allow: [write], topics: ["sensors/#"]}]}]
`

// A client is the user that its certificate names, with that user's permissions.
func TestClientCertificates(t *testing.T) {
	daemon.Need(t, "mosquitto_pub")
	dir := certs(t)
	for _, auth := range []string{"optional", "required"} {
		on := start(t, fmt.Sprintf(byCertificate, dir, auth))
		_, port, _ := net.SplitHostPort(on.Doors["mqtt-tls"])
		for _, tt := range []struct {
			name, cert, topic, user string
			ok                      bool
			says                    string
		}{
			{"sensor", "sensor", "sensors/1", "", true, ""},
			{"sensor, by name", "sensor", "sensors/1", "sensor", true, ""},
			{"sensor, what it may not", "sensor", "other", "", true, "Not authorized"}, // said, and exit code 0
			{"sensor, as another", "sensor", "sensors/1", "other", false, "Bad User Name or Password"},
			{"a user that there is not", "stranger", "sensors/1", "", false, "Not authorized"},
			{"no certificate", "", "sensors/1", "", false, map[string]string{"optional": "Not authorized", "required": ""}[auth]},
		} {
			args := []string{"-h", "localhost", "-p", port, "-V", "mqttv5", "--cafile", dir + "/ca.pem", "-t", tt.topic, "-q", "1", "-m", "x", "-d"}
			if tt.cert != "" {
				args = append(args, "--cert", dir+"/client-"+tt.cert+".pem", "--key", dir+"/client-"+tt.cert+".key")
			}
			if tt.user != "" {
				args = append(args, "-u", tt.user)
			}
			out, ok := run(t, "mosquitto_pub", args...)
			if ok != tt.ok || !strings.Contains(strings.ToLower(out), strings.ToLower(tt.says)) {
				t.Errorf("%s, %s: content %v:\n%s", auth, tt.name, ok, out)
			}
		}
	}
}

// A client that does not trust the certificate goes with an alert that crypto/tls
// cannot read, if it is OpenSSL's and of TLS 1.3: the operator is told what it means.
func TestUntrustedIsSaid(t *testing.T) {
	daemon.Need(t, "mosquitto_pub")
	dir, foreign := certs(t), certs(t)
	on := start(t, fmt.Sprintf("tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key}\nmqtt: {tls_listen: [\"127.0.0.1:0\"]}\n", dir))
	_, port, _ := net.SplitHostPort(on.Doors["mqtt-tls"])
	if out, ok := run(t, "mosquitto_pub", "-h", "localhost", "-p", port, "--cafile", foreign+"/ca.pem", "-t", "t", "-m", "x"); ok {
		t.Errorf("content:\n%s", out)
	}
	daemon.Eventually(t, client.Patience, "line in the log", func() bool { return strings.Contains(on.Log(), "does not trust") })
}

// A certificate that changes is shown to who comes next; who is there stays, and
// one that cannot be used changes nothing.
func TestNewCertificate(t *testing.T) {
	dir := certs(t)
	on := start(t, fmt.Sprintf("tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key}\nmqtt: {tls_listen: ['127.0.0.1:0']}", dir))
	trust := &tls.Config{RootCAs: pool(t, dir), ServerName: "localhost"}
	o := mqtt.NewClientOptions().AddBroker("ssl://" + on.Doors["mqtt-tls"]).SetClientID("old").SetTLSConfig(trust).SetAutoReconnect(false)
	old := client.MQTT(t, o)
	got := make(chan string, 10)
	client.Done(t, old.Subscribe("news", 1, func(_ mqtt.Client, m mqtt.Message) { got <- string(m.Payload()) }))
	first := shown(t, on, trust)

	if code, out := daemon.Command(t, "cert", "--dir", dir); code != 0 {
		t.Fatal(out)
	}
	on.Signal(t, syscall.SIGHUP)
	daemon.Eventually(t, 20*time.Second, "new certificate", func() bool { return shown(t, on, trust) != first })
	second := shown(t, on, trust)

	if err := os.WriteFile(filepath.Join(dir, "server.key"), []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	on.Signal(t, syscall.SIGHUP)
	daemon.Eventually(t, 20*time.Second, "line in the log", func() bool { return strings.Contains(on.Log(), "certificates cannot be used") })
	if shown(t, on, trust) != second {
		t.Error("the certificate before the broken one did not stay")
	}

	// Without a signal: the files are looked at, whoever replaced them.
	if code, out := daemon.Command(t, "cert", "--dir", dir); code != 0 {
		t.Fatal(out)
	}
	daemon.Eventually(t, 30*time.Second, "third certificate", func() bool { return shown(t, on, trust) != second })

	client.Done(t, old.Publish("news", 1, false, "still here"))
	select {
	case text := <-got:
		if text != "still here" {
			t.Errorf("got %q", text)
		}
	case <-time.After(client.Patience):
		t.Error("who was connected before is not any more")
	}
}

func pool(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(text)
	return p
}

// shown is the serial number of the certificate that a new client sees.
func shown(t *testing.T, on *daemon.Broker, trust *tls.Config) string {
	t.Helper()
	c, err := tls.Dial("tcp", on.Doors["mqtt-tls"], trust)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}
