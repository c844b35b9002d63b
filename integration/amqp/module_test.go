package amqp

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

const module = "github.com/rabbitmq/amqp091-go"

// TestModule runs the integration tests that amqp091-go carries, against a
// broker that says that it is RabbitMQ, with the management API where they look
// for it.
func TestModule(t *testing.T) {
	if os.Getenv("CI") != "true" {
		t.Skip("set CI=true to run this: it takes two minutes, and port 15672")
	}
	b := daemon.Start(t, daemon.Options{
		Args: []string{"--admin-listen", "127.0.0.1:15672"}, Env: []string{"SLIPWAY_AMQP_PRODUCT=RabbitMQ"},
	})
	left := exceptions(t)
	var skip []string
	for name := range left {
		skip = append(skip, "^"+regexp.QuoteMeta(name)+"$")
	}
	// Those that lose connections wait much: they run beside the others.
	parts := [][]string{{"-run", "Recovery", "-skip", strings.Join(skip, "|")}, {"-skip", strings.Join(append(skip, "Recovery"), "|")}}
	var wg sync.WaitGroup
	var mu sync.Mutex
	passed, failed := 0, map[string]string{}
	for _, args := range parts {
		wg.Go(func() {
			n, bad := runModule(t, b.Doors["amqp"], args...)
			mu.Lock()
			defer mu.Unlock()
			passed += n
			for name, output := range bad {
				failed[name] = output
			}
		})
	}
	wg.Wait()
	// Some give the broker a second, on a machine that may be busy: what failed
	// has to pass alone.
	for name, output := range failed {
		t.Logf("%s is tried again:\n%s", name, output)
		if n, _ := runModule(t, b.Doors["amqp"], "-run", "^"+name+"$"); n != 1 {
			t.Run(name, func(t *testing.T) { t.Errorf("%s", output) })
			continue
		}
		passed++
	}
	// v1.16.0 has 383 tests, those within tests counted.
	if passed < 350 {
		t.Errorf("only %d tests passed", passed)
	}
	for name, why := range left {
		t.Logf("left out: %s: %s", name, why)
	}
}

// alarmTest is the one test of the module that raises an alarm.
const alarmTest = "TestConnection_Close_WhenMemoryAlarmIsActive"

// TestModuleAlarm runs it with a stand-in for rabbitmqctl. It does all its work:
// an alarm is raised, a publish is held back, the connection is closed, the alarm
// ends and publishes go on. Only what it wants of the close is the opposite of what
// we promise, which is why it is among the exceptions: RabbitMQ reads no connection
// that published during an alarm and so does not answer.
func TestModuleAlarm(t *testing.T) {
	if os.Getenv("CI") != "true" {
		t.Skip("set CI=true to run this: it compiles amqp091-go's tests")
	}
	b := daemon.Start(t, daemon.Options{Env: []string{"SLIPWAY_AMQP_PRODUCT=RabbitMQ"}})
	program := filepath.Join(t.TempDir(), "rabbitmqctl")
	run(t, "go", "build", "-o", program, "./clients/rabbitmqctl")
	t.Setenv("RABBITMQ_RABBITMQCTL_PATH", program)
	t.Setenv("SLIPWAY_ADMIN", b.Admin)
	_, failed := runModule(t, b.Doors["amqp"], "-run", "^"+alarmTest+"$")
	said, ok := failed[alarmTest]
	if errors := regexp.MustCompile(`connection_test\.go:\d+: (.*)`).FindAllStringSubmatch(said, -1); !ok || len(errors) != 1 || errors[0][1] != "expected error, got nil" {
		t.Errorf("it failed %v, and said:\n%s", ok, said)
	}
	for _, line := range []string{"publishes held", "publishes released"} {
		if strings.Count(b.Log(), line) != 1 {
			t.Errorf("the log has not one %q:\n%s", line, b.Log())
		}
	}
}

// runModule runs tests of the module, and returns what those that failed or were
// skipped said.
func runModule(t *testing.T, address string, args ...string) (passed int, failed map[string]string) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1", "-vet=off", "-json", "-tags", "integration", "-timeout=4m", module}, args...)...)
	cmd.Env = append(os.Environ(), "AMQP_URL=amqp://guest:guest@"+address+"/")
	out, err := cmd.Output()
	passed, failed, bad := results(string(out))
	if bad == nil && err != nil && len(failed) == 0 {
		bad = fmt.Errorf("%w\n%s", err, out)
	}
	if bad != nil {
		t.Errorf("%s: %v", cmd, bad)
	}
	return passed, failed
}

// results reads the output of go test -json.
func results(text string) (passed int, failed map[string]string, err error) {
	failed = map[string]string{}
	output := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct{ Action, Test, Output string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return 0, nil, err
		}
		switch {
		case e.Test == "":
		case e.Action == "output":
			output[e.Test] += e.Output
		case e.Action == "pass":
			passed++
		case e.Action == "fail", e.Action == "skip":
			failed[e.Test] = output[e.Test]
		}
	}
	return passed, failed, lines.Err()
}

// exceptions are the tests left out, with the reason.
func exceptions(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/module_exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, why, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("an exception without a reason: %q", line)
		}
		all[name] = why
	}
	return all
}
