package stomp

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// client is several columns of the table.
type client struct {
	name     string
	versions []string // the last is run over every transport
	start    func(*testing.T) driver.Command
	cannot   map[string]string // why, by behaviour, or version or transport and behaviour
}

func clients() []client {
	return []client{
		{"go-stomp", []string{"1.0", "1.1", "1.2"}, startGo, nil},
		{"stomp.py", []string{"1.0", "1.1", "1.2"}, startPython, map[string]string{
			"tls heart-beat lost": "the library waits for ever for an answer to its close_notify",
			"tls error":           "the library takes the end of a TLS connection for silence",
			"wss binary, 1 MiB":   "the library decodes what is binary as text",
		}},
		{"@stomp/stompjs", []string{"1.0", "1.1", "1.2"}, startNode, nil},
		{"Spring", []string{"1.1", "1.2"}, startSpring, map[string]string{
			"transactions": "the library has none",
		}},
	}
}

// installed is a folder below SLIPWAY_TEST_CLIENTS, where .ci/run has put what
// a client needs.
func installed(t *testing.T, name string) string {
	t.Helper()
	all := os.Getenv("SLIPWAY_TEST_CLIENTS")
	dir := filepath.Join(all, name)
	if _, err := os.Stat(dir); all == "" || err != nil {
		daemon.Missing(t, "the client "+name+" in $SLIPWAY_TEST_CLIENTS")
	}
	return dir
}

func startGo(t *testing.T) driver.Command {
	daemon.Need(t, "go")
	program := filepath.Join(t.TempDir(), "gostomp")
	run(t, "go", "build", "-o", program, "./clients/gostomp")
	return driver.Command{Args: []string{program}}
}

func startPython(t *testing.T) driver.Command {
	daemon.NeedPython(t, "stomp")
	return driver.Command{Args: []string{"python3", "clients/stomppython/driver.py"}}
}

func startNode(t *testing.T) driver.Command {
	daemon.Need(t, "node")
	dir := installed(t, "stomp-stompjs")
	return driver.Command{Args: []string{"node", "clients/stompjs/driver.mjs"}, Env: []string{"SLIPWAY_STOMPJS=" + dir}}
}

func startSpring(t *testing.T) driver.Command {
	daemon.Need(t, "java", "javac")
	dir := installed(t, "stomp-spring")
	jars, classes := filepath.Join(dir, "*"), t.TempDir()
	run(t, "javac", "-cp", jars, "-d", classes, "clients/spring/Driver.java")
	return driver.Command{Args: []string{"java", "-XX:TieredStopAtLevel=1", "-cp", jars + ":" + classes, "Driver"}}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
