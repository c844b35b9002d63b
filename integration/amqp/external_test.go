package amqp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
)

const byCertificate = `
tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key, client_ca: %[1]s/ca.pem, client_auth: %[2]s}
amqp: {tls_listen: ["127.0.0.1:0"]}
users: [{name: sensor, password_hash: %[3]q, permissions: [{allow: [configure, write, read], queues: ["sensor.*"]}]}]
`

// TestExternal logs in by SASL EXTERNAL: as the user that the certificate names,
// with that user's permissions, and not at all with any other or none. A password
// does where a certificate is optional, and may be renewed.
func TestExternal(t *testing.T) {
	dir := certificates(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{}
	for _, auth := range []string{"optional", "required"} {
		file := filepath.Join(t.TempDir(), "slipway.yaml")
		if err := os.WriteFile(file, fmt.Appendf(nil, byCertificate, dir, auth, hash), 0o600); err != nil {
			t.Fatal(err)
		}
		addresses[auth] = daemon.Start(t, daemon.Options{Config: file}).Doors["amqp-tls"]
	}
	for _, cl := range clients()[:2] { // amqp091-go and pika
		t.Run(cl.name, func(t *testing.T) {
			p := driver.Start(t, cl.start(t))
			c := &cell{T: t, driver: p, mail: newMailbox(p), broker: broker{}, tag: "external-"}
			defer c.end()
			for auth, address := range addresses {
				c.broker.address = address
				loginsBy(c, dir, auth == "required")
			}
		})
	}
}

// certificates makes a CA, a server's certificate of it, and those of two
// clients.
func certificates(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "certs")
	for _, more := range [][]string{nil, {"--client", "sensor"}, {"--client", "stranger"}} {
		if code, out := daemon.Command(t, append([]string{"cert", "--dir", dir}, more...)...); code != 0 {
			t.Fatalf("%d: %s", code, out)
		}
	}
	return dir
}

func loginsBy(c *cell, dir string, required bool) {
	for _, tt := range []struct {
		cert, user, password string
		ok                   bool
	}{
		{"sensor", "", "", true},
		{"stranger", "", "", false},
		{"", "", "", false},
		{"sensor", "sensor", "secret", true},
		{"", "sensor", "secret", !required},
		{"", "sensor", "wrong", false},
	} {
		fields := object{"ca": dir + "/ca.pem"}
		if tt.cert != "" {
			fields["cert"], fields["certKey"] = dir+"/client-"+tt.cert+".pem", dir+"/client-"+tt.cert+".key"
		}
		k, a := c.tryConnect(tt.user, tt.password, "/", fields)
		if (a.Error == "") != tt.ok {
			c.Errorf("certificate %q, required %v, user %q, password %q: %q", tt.cert, required, tt.user, tt.password, a.Error)
		}
		if a.Error != "" {
			continue
		}
		ch := k.channel(false)
		ch.do("queue", object{"name": "sensor.q"})
		if a := ch.ask("queue", object{"name": "other"}); !strings.Contains(a.Error, "refused for user 'sensor'") {
			c.Errorf("certificate %q: declaring what the user may not: %q", tt.cert, a.Error)
		}
		if tt.user != "" {
			renewed(c, k)
		}
	}
}

// renewed renews the password of a connection, and then tries a wrong one.
func renewed(c *cell, k *conn) {
	k.do("updateSecret", object{"secret": "secret"})
	k.channel(false)
	if a := k.ask("updateSecret", object{"secret": "wrong"}); a.Error == "" {
		c.Error("a wrong secret was taken")
	}
	if e := k.event("closed"); e.Code != 530 {
		c.Errorf("a wrong secret: %+v", e)
	}
	k.closed = true
}
