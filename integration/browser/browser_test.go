package browser

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// browser is Chromium, and the server of its pages.
type browser struct {
	process *driver.Process
	port    int
}

func start(t *testing.T) *browser {
	t.Helper()
	daemon.Need(t, "node", "chromium")
	all := os.Getenv("SLIPWAY_TEST_CLIENTS")
	modules := filepath.Join(all, "browser", "node_modules")
	if _, err := os.Stat(modules); all == "" || err != nil {
		daemon.Missing(t, "the client browser in $SLIPWAY_TEST_CLIENTS")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/lib/", http.StripPrefix("/lib/", http.FileServer(http.Dir(modules))))
	mux.Handle("/", http.FileServer(http.Dir("pages")))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // until it is closed
	}()
	t.Cleanup(func() {
		srv.Close()
		<-done
	})
	return &browser{
		driver.Start(t, driver.Command{Args: []string{"node", "client/driver.js"}, Env: []string{"NODE_PATH=" + modules}}),
		ln.Addr().(*net.TCPAddr).Port,
	}
}

// run has a page from host call fn; its result is stored in result.
func (b *browser) run(t *testing.T, host, page, fn string, args map[string]any, result any) {
	t.Helper()
	answer := struct {
		Result any
		Error  string
	}{Result: result}
	b.process.Ask(t, map[string]any{"url": "http://" + host + ":" + strconv.Itoa(b.port) + "/" + page, "fn": fn, "args": args}, &answer)
	if answer.Error != "" {
		t.Fatalf("%s of %s: %s", fn, page, answer.Error)
	}
}

// broker is one with WebSocket listeners, plain and TLS. more is configuration.
func broker(t *testing.T, more string) *daemon.Broker {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "certs")
	if code, out := daemon.Command(t, "cert", "--dir", dir); code != 0 {
		t.Fatalf("slipway cert: %d: %s", code, out)
	}
	file := filepath.Join(dir, "slipway.yaml")
	text := "tls: {certificate: " + dir + "/server.pem, key: " + dir + "/server.key}\n" + more
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return daemon.Start(t, daemon.Options{Config: file})
}

// urls are the broker's, by scheme.
func urls(b *daemon.Broker) map[string]string {
	_, plain, _ := net.SplitHostPort(b.Doors["websocket"])
	_, secure, _ := net.SplitHostPort(b.Doors["websocket-tls"])
	return map[string]string{"ws": "ws://localhost:" + plain, "wss": "wss://localhost:" + secure}
}
