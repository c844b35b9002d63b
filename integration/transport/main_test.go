package transport

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// certs makes a CA, a server's certificate and one of the client sensor.
func certs(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "certs")
	for _, args := range [][]string{{"cert", "--dir", dir}, {"cert", "--dir", dir, "--client", "sensor"}, {"cert", "--dir", dir, "--client", "stranger"}} {
		if code, out := daemon.Command(t, args...); code != 0 {
			t.Fatalf("%q: %d: %s", args, code, out)
		}
	}
	return dir
}

func start(t *testing.T, config string) *daemon.Broker {
	t.Helper()
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return daemon.Start(t, daemon.Options{Config: file})
}

// run runs a program, and returns what it prints and whether it was content.
func run(t *testing.T, name string, args ...string) (string, bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	return string(out), err == nil
}
