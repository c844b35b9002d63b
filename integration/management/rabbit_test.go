package management

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// rabbitServer is Debian's. SLIPWAY_TEST_RABBITMQ names another place of it.
const rabbitServer = "/usr/lib/rabbitmq/bin/rabbitmq-server"

func needRabbit(t *testing.T) string {
	t.Helper()
	daemon.Need(t, "epmd", "erl")
	server := os.Getenv("SLIPWAY_TEST_RABBITMQ")
	if server == "" {
		server = rabbitServer
	}
	if _, err := os.Stat(server); err != nil {
		daemon.Missing(t, "rabbitmq-server")
	}
	return server
}

// startRabbit starts a RabbitMQ as whoever runs this, with a port mapper of its own.
func startRabbit(t *testing.T) *side {
	t.Helper()
	server := needRabbit(t)
	dir, ports := t.TempDir(), freePorts(t, 4)
	s := &side{name: "RabbitMQ", amqp: local(ports[0]), api: local(ports[1]), node: "parity@localhost"}
	files := map[string]string{
		"plugins":     "[rabbitmq_management].\n",
		"rabbit.conf": "listeners.tcp.1 = " + s.amqp + "\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = " + strconv.Itoa(ports[1]) + "\ncollect_statistics_interval = 1000\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := append(os.Environ(),
		"HOME="+dir, "ERL_EPMD_ADDRESS=127.0.0.1", fmt.Sprint("ERL_EPMD_PORT=", ports[2]),
		"RABBITMQ_NODENAME="+s.node, "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", fmt.Sprint("RABBITMQ_NODE_PORT=", ports[0]), fmt.Sprint("RABBITMQ_DIST_PORT=", ports[3]),
		"RABBITMQ_MNESIA_BASE="+dir+"/data", "RABBITMQ_LOG_BASE="+dir+"/logs", "RABBITMQ_PID_FILE="+dir+"/pid",
		"RABBITMQ_ENABLED_PLUGINS_FILE="+dir+"/plugins", "RABBITMQ_CONFIG_FILE="+dir+"/rabbit.conf", "RABBITMQ_GENERATED_CONFIG_DIR="+dir+"/generated",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 2:2 +sbwt none",
	)
	child(t, env, dir, "epmd", "-port", strconv.Itoa(ports[2]))
	log := child(t, env, dir, server)
	daemon.Eventually(t, time.Minute, "RabbitMQ", func() bool {
		status, _, err := s.ask(request{who: "guest", password: "guest", method: http.MethodGet, path: "overview"})
		if err != nil && log.ended() {
			t.Fatalf("RabbitMQ ended:\n%s", log)
		}
		return err == nil && status.code == http.StatusOK
	})
	return s
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts are ports that nobody had a moment ago.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close() //nolint:errcheck // it was only asked for its port
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// output is what a child says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
	done chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *output) ended() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// child runs a program with all that it starts until the test ends.
func child(t *testing.T, env []string, dir, program string, args ...string) *output {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir = env, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := &output{done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(out.done)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its group is its own
		<-out.done
	})
	return out
}
