package stomp

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
	"github.com/slipwaymq/slipway/integration/internal/matrix"
)

// startBroker starts Slipway with a user and a certificate, or takes the one that
// the environment names.
func startBroker(t *testing.T) broker {
	t.Helper()
	if other := os.Getenv("SLIPWAY_TEST_STOMP"); other != "" {
		u, err := url.Parse("stomp://" + other)
		if err != nil || u.User == nil {
			t.Fatalf("SLIPWAY_TEST_STOMP is user:password@host:port, not %q", other)
		}
		password, _ := u.User.Password()
		return broker{address: map[string]string{"tcp": u.Host}, user: u.User.Username(), password: password}
	}
	dir := t.TempDir()
	if code, out := daemon.Command(t, "cert", "--dir", dir); code != 0 {
		t.Fatalf("slipway cert: %d: %s", code, out)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "slipway.yaml")
	text := fmt.Sprintf(`tls: {certificate: %q, key: %q}
stomp: {tls_listen: ["127.0.0.1:0"]}
websocket: {tls_listen: ["127.0.0.1:0"]}
users: [{name: tester, password_hash: %q, permissions: [{allow: [configure, write, read], queues: ["*"], topics: ["#"]}]}]
`, filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"), hash)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	on := daemon.Start(t, daemon.Options{Config: config})
	return broker{
		address: map[string]string{"tcp": on.Doors["stomp"], "tls": on.Doors["stomp-tls"], "wss": on.Doors["websocket-tls"]},
		user:    "tester", password: "secret", ca: filepath.Join(dir, "ca.pem"),
	}
}

// column is a client, a version and a transport.
type column struct {
	cl                 *client
	version, transport string
}

func (c column) name() string {
	name := c.cl.name + " " + c.version
	if c.transport != "tcp" {
		name += " " + c.transport
	}
	return name
}

func (cl *client) columns() (cs []column) {
	for _, v := range cl.versions {
		cs = append(cs, column{cl, v, "tcp"})
	}
	last := cl.versions[len(cl.versions)-1]
	return append(cs, column{cl, last, "tls"}, column{cl, last, "wss"})
}

// TestMatrix runs every behaviour with every client, version and transport.
func TestMatrix(t *testing.T) {
	b := startBroker(t)
	all := clients()
	var names, rows []string
	for i := range all {
		for _, c := range all[i].columns() {
			names = append(names, c.name())
		}
	}
	for _, be := range behaviours() {
		rows = append(rows, be.name)
	}
	table := matrix.New(names, rows)
	var mu sync.Mutex
	var ran []string // guarded by mu
	t.Run("clients", func(t *testing.T) {
		for i := range all {
			cl := &all[i]
			t.Run(cl.name, func(t *testing.T) {
				t.Parallel()
				pl := newPlayer(driver.Start(t, cl.start(t)))
				for _, c := range cl.columns() {
					if b.address[c.transport] == "" {
						continue
					}
					t.Run(c.name(), func(t *testing.T) {
						mu.Lock()
						ran = append(ran, c.name())
						mu.Unlock()
						c.run(t, b, pl, table)
					})
				}
			})
		}
	})
	table.Report(t, "stomp")
	for _, empty := range table.Empty(ran) {
		t.Errorf("an empty cell: %s", empty)
	}
}

var cells struct {
	sync.Mutex
	last int
}

func newTag() string {
	cells.Lock()
	defer cells.Unlock()
	cells.last++
	return fmt.Sprintf("x%d-%d-", os.Getpid(), cells.last)
}

// run fills a column.
func (c column) run(t *testing.T, b broker, pl *player, table *matrix.Table) {
	for _, be := range behaviours() {
		if be.since > c.version {
			table.NotApplicable(c.name(), be.name, "STOMP "+c.version+" does not have it")
			continue
		}
		why := ""
		for _, key := range []string{be.name, c.version + " " + be.name, c.transport + " " + be.name} {
			if w := c.cl.cannot[key]; w != "" {
				why = w
			}
		}
		if why != "" {
			table.NotApplicable(c.name(), be.name, why)
			continue
		}
		table.Run(t, c.name(), be.name, func(t *testing.T) {
			be.run(&cell{T: t, player: pl, broker: b, version: c.version, transport: c.transport, tag: newTag(), proxies: map[string]*proxy{}})
		})
	}
}
