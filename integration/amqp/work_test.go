package amqp

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// environment tells a program of the broker, and of names of its own.
func (b broker) environment(queue string) []string {
	return []string{fmt.Sprintf("AMQP_URL=amqp://%s:%s@%s", b.user, b.password, b.address), "QUEUE=x" + thisRun + "." + queue}
}

// TestCelery has a worker do what Celery's users have it do: groups, chains,
// retries, countdowns, failures, priorities, results by rpc:// and remote control,
// on classic queues and on quorum ones.
func TestCelery(t *testing.T) {
	daemon.NeedPython(t, "celery")
	b := startBroker(t)
	for name, more := range map[string]string{"classic": "QUORUM=", "quorum": "QUORUM=yes"} {
		t.Run(name, func(t *testing.T) { celery(t, append(b.environment("celery-"+name), more)) })
	}
}

func celery(t *testing.T, env []string) {
	driver.Start(t, driver.Command{Args: []string{"python3", "clients/celery/tasks.py", "worker"}, Env: env})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "python3", "clients/celery/tasks.py", "work")
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var out struct {
		Sums               []int
		Retried, Error     string
		Ping, Chain, Later int
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Sums) != 50 || out.Sums[49] != 98 || out.Retried != "größer after 2 retries" || out.Error != "on purpose" || out.Ping != 1 || out.Chain != 6 || out.Later != 21 {
		t.Errorf("%s", text)
	}
}

// TestSpring runs what a Spring AMQP application does.
func TestSpring(t *testing.T) {
	daemon.Need(t, "java")
	jars := filepath.Join(installed(t, "amqp-spring"), "*")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "java", "-XX:TieredStopAtLevel=1", "-cp", jars, "clients/spring/Work.java")
	cmd.Env = append(os.Environ(), startBroker(t).environment("spring")...)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\ndone\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
