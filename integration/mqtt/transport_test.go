package mqtt

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/matrix"
)

// transports are what MQTT goes over beside TCP, and the line of the banner that
// says where.
var transports = []struct{ name, door string }{
	{"tls", "mqtt-tls"}, {"ws", "websocket"}, {"wss", "websocket-tls"},
}

// sealedOut says that a behaviour is about packets that nobody sees within TLS
// or WebSocket.
func (be behaviour) sealedOut() bool {
	return slices.ContainsFunc(be.steps, func(s step) bool {
		switch s.(type) {
		case crash, inflight, settle:
			return true
		}
		return false
	})
}

// over are the client's transports: mosquitto's tools have no WebSocket before 2.1.
func (cl client) over(transport string) bool { return cl.name != "mosquitto" || transport == "tls" }

// TestTransports runs the behaviours over TLS and WebSocket, in each client's
// latest version of MQTT.
func TestTransports(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	if code, out := daemon.Command(t, "cert", "--dir", dir); code != 0 {
		t.Fatalf("slipway cert: %d: %s", code, out)
	}
	on := daemon.Start(t, daemon.Options{Config: config(t, fmt.Sprintf(
		`tls: {certificate: %[1]q, key: %[2]q}
mqtt: {tls_listen: ["127.0.0.1:0"]}
websocket: {tls_listen: ["127.0.0.1:0"]}`, filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")))})
	b := broker{user: "tester", password: "secret", ca: filepath.Join(dir, "ca.pem")}
	var columns, rows []string
	for _, cl := range clients() {
		for _, tr := range transports {
			if cl.over(tr.name) {
				columns = append(columns, cl.name+" "+tr.name)
			}
		}
	}
	for _, be := range behaviours() {
		if !be.sealedOut() {
			rows = append(rows, be.name)
		}
	}
	table := matrix.New(columns, rows)
	var mu sync.Mutex
	var ran []string // guarded by mu
	t.Run("clients", func(t *testing.T) {
		for _, cl := range clients() {
			t.Run(cl.name, func(t *testing.T) {
				t.Parallel()
				d := cl.start(t)
				for _, tr := range transports {
					if !cl.over(tr.name) {
						continue
					}
					mu.Lock()
					ran = append(ran, cl.name+" "+tr.name)
					mu.Unlock()
					at := b
					at.address = on.Doors[tr.door]
					t.Run(tr.name, func(t *testing.T) { cl.overTransport(t, at, d, tr.name, table) })
				}
			})
		}
	})
	table.Report(t, "mqtt-transports")
	for _, empty := range table.Empty(ran) {
		t.Errorf("an empty cell: %s", empty)
	}
}

func (cl client) overTransport(t *testing.T, b broker, d driver, transport string, table *matrix.Table) {
	version := cl.versions[len(cl.versions)-1]
	if transport == "ws" {
		b.ca = ""
	}
	p := place{table, cl.name + " " + transport}
	for _, be := range behaviours() {
		switch {
		case be.sealedOut():
		case version < be.since:
			table.NotApplicable(p.column, be.name, "the library has no MQTT 5")
		default:
			p.runCell(t, b, d, cl, version, be, transport)
		}
	}
}
