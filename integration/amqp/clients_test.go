package amqp

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// client is a column of the table.
type client struct {
	name   string
	start  func(*testing.T) driver.Command
	cannot map[string]string // why, by behaviour
}

func clients() []client {
	return []client{
		{"amqp091-go", startGo, nil},
		{"pika", startPython, nil},
		{"amqplib", startNode, map[string]string{
			"transactions": "the library has none",
		}},
		{"amqp-client (Java)", startJava, nil},
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
	program := filepath.Join(t.TempDir(), "amqp091go")
	run(t, "go", "build", "-o", program, "./clients/amqp091go")
	return driver.Command{Args: []string{program}}
}

func startPython(t *testing.T) driver.Command {
	daemon.NeedPython(t, "pika")
	return driver.Command{Args: []string{"python3", "clients/pika/driver.py"}}
}

func startNode(t *testing.T) driver.Command {
	daemon.Need(t, "node")
	dir := installed(t, "amqp-amqplib")
	return driver.Command{Args: []string{"node", "clients/amqplib/driver.js"}, Env: []string{"NODE_PATH=" + filepath.Join(dir, "node_modules")}}
}

func startJava(t *testing.T) driver.Command {
	daemon.Need(t, "java", "javac")
	dir := installed(t, "amqp-java")
	jars, classes := filepath.Join(dir, "*"), t.TempDir()
	run(t, "javac", "-cp", jars, "-d", classes, "clients/java/Driver.java", "clients/java/Link.java", "clients/java/Messages.java")
	return driver.Command{Args: []string{"java", "-XX:TieredStopAtLevel=1", "-cp", jars + ":" + classes, "Driver"}}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
