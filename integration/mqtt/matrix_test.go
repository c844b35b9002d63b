package mqtt

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/matrix"
)

// broker is what is tested.
type broker struct {
	address, user, password string
	ca                      string // a file; "" without TLS
}

// startBroker starts Slipway with a user, or takes the one that the environment
// names.
func startBroker(t *testing.T) broker {
	t.Helper()
	if other := os.Getenv("SLIPWAY_TEST_MQTT"); other != "" {
		u, err := url.Parse("mqtt://" + other)
		if err != nil || u.User == nil {
			t.Fatalf("SLIPWAY_TEST_MQTT is user:password@host:port, not %q", other)
		}
		password, _ := u.User.Password()
		return broker{address: u.Host, user: u.User.Username(), password: password}
	}
	return broker{address: daemon.Start(t, daemon.Options{Config: config(t, "")}).MQTT, user: "tester", password: "secret"}
}

// config is a file with the user, and more.
func config(t *testing.T, more string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	users := fmt.Sprintf(more+`
users: [{name: tester, password_hash: %q, permissions: [{allow: [configure, write, read], queues: ["*"], topics: ["#"]}]}]`, hash)
	if err := os.WriteFile(file, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tables are one for what every version has, one for what MQTT 5 adds.
type tables struct{ all, five *matrix.Table }

// of is the table that a behaviour is in.
func (ts tables) of(be behaviour) *matrix.Table {
	if be.since == 5 {
		return ts.five
	}
	return ts.all
}

func newTables() tables {
	var all, five, columns, columnsOfFive []string
	for _, be := range behaviours() {
		if be.since == 5 {
			five = append(five, be.name)
		} else {
			all = append(all, be.name)
		}
	}
	for _, cl := range clients() {
		columns = append(columns, cl.columns()...)
		if slices.Contains(cl.versions, 5) {
			columnsOfFive = append(columnsOfFive, column(cl, 5))
		}
	}
	return tables{matrix.New(columns, all), matrix.New(columnsOfFive, five)}
}

// TestMatrix runs every behaviour with every client and version.
func TestMatrix(t *testing.T) {
	b := startBroker(t)
	ts := newTables()
	var mu sync.Mutex
	var ran, ranFive []string // guarded by mu: columns
	t.Run("clients", func(t *testing.T) {
		for _, cl := range clients() {
			t.Run(cl.name, func(t *testing.T) {
				t.Parallel()
				d := cl.start(t)
				mu.Lock()
				ran = append(ran, cl.columns()...)
				if slices.Contains(cl.versions, 5) {
					ranFive = append(ranFive, column(cl, 5))
				}
				mu.Unlock()
				for _, version := range cl.versions {
					t.Run(versionNames[version], func(t *testing.T) {
						for _, be := range behaviours() {
							if version >= be.since {
								place{ts.of(be), column(cl, version)}.runCell(t, b, d, cl, version, be, "")
							}
						}
					})
				}
			})
		}
	})
	ts.all.Report(t, "mqtt")
	ts.five.Report(t, "mqtt5")
	for _, empty := range append(ts.all.Empty(ran), ts.five.Empty(ranFive)...) {
		t.Errorf("an empty cell: %s", empty)
	}
}

var versionNames = map[int]string{3: "3.1", 4: "3.1.1", 5: "5"}

func column(cl client, version int) string { return cl.name + " " + versionNames[version] }

func (cl client) columns() []string {
	var names []string
	for _, version := range cl.versions {
		names = append(names, column(cl, version))
	}
	return names
}

// thisRun tells this run's client ids from those of earlier ones on the same broker.
var thisRun = fmt.Sprintf("%04x", rand.IntN(1<<16))

var cells struct {
	sync.Mutex
	last int
}

func newTag() string {
	cells.Lock()
	defer cells.Unlock()
	cells.last++
	return fmt.Sprintf("x%s-%d-", thisRun, cells.last)
}

// place is a column of a table.
type place struct {
	table  *matrix.Table
	column string
}

// runCell fills one cell. transport is "" for TCP.
func (p place) runCell(t *testing.T, b broker, d driver, cl client, version int, be behaviour, transport string) {
	for _, key := range []string{be.name, versionNames[version] + " " + be.name, transport + " " + be.name} {
		if why := cl.cannot[key]; why != "" {
			p.table.NotApplicable(p.column, be.name, why)
			return
		}
	}
	p.table.Run(t, p.column, be.name, func(t *testing.T) {
		tag := newTag()
		c := &cell{
			t: t, driver: d, broker: b, version: version, tag: tag, prefix: "t/" + strings.Trim(tag, "-"), transport: transport,
			wires: map[string]*wire{}, online: map[string]bool{}, bursts: map[string]chan error{},
		}
		defer c.end()
		for i, s := range be.steps {
			if s.run(c); t.Failed() {
				t.Fatalf("step %d: %T %+v", i+1, s, s)
			}
		}
	})
}
