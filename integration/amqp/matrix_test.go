package amqp

import (
	"fmt"
	"math/rand/v2"
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

// broker is what is tested.
type broker struct{ address, user, password string }

// startBroker starts Slipway with a user, or takes the one that the environment
// names.
func startBroker(t *testing.T) broker {
	t.Helper()
	if other := os.Getenv("SLIPWAY_TEST_AMQP"); other != "" {
		u, err := url.Parse("amqp://" + other)
		if err != nil || u.User == nil {
			t.Fatalf("SLIPWAY_TEST_AMQP is user:password@host:port, not %q", other)
		}
		password, _ := u.User.Password()
		return broker{u.Host, u.User.Username(), password}
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	users := fmt.Sprintf(`users: [{name: tester, password_hash: %q, permissions: [{allow: [configure, write, read], queues: ["*"], topics: ["#"]}]}]`, hash)
	if err := os.WriteFile(file, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	return broker{daemon.Start(t, daemon.Options{Config: file}).Doors["amqp"], "tester", "secret"}
}

// TestMatrix runs every behaviour with every client.
func TestMatrix(t *testing.T) {
	b := startBroker(t)
	var rows, columns []string
	for _, be := range behaviours() {
		rows = append(rows, be.name)
	}
	for _, cl := range clients() {
		columns = append(columns, cl.name)
	}
	m := matrix.New(columns, rows)
	var mu sync.Mutex
	var ran []string // guarded by mu
	t.Run("clients", func(t *testing.T) {
		for i, cl := range clients() {
			t.Run(cl.name, func(t *testing.T) {
				t.Parallel()
				p := driver.Start(t, cl.start(t))
				mail := newMailbox(p)
				mu.Lock()
				ran = append(ran, cl.name)
				mu.Unlock()
				for j, be := range behaviours() {
					if why := cl.cannot[be.name]; why != "" {
						m.NotApplicable(cl.name, be.name, why)
						continue
					}
					m.Run(t, cl.name, be.name, func(t *testing.T) {
						c := &cell{T: t, driver: p, mail: mail, broker: b, tag: fmt.Sprintf("x%s-%d-%d-", thisRun, i, j)}
						defer c.end()
						be.run(c)
					})
				}
			})
		}
	})
	m.Report(t, "amqp")
	for _, empty := range m.Empty(ran) {
		t.Errorf("an empty cell: %s", empty)
	}
}

// thisRun tells this run's names from those of earlier ones on the same broker.
var thisRun = fmt.Sprintf("%04x", rand.IntN(1<<16))
