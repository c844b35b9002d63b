package daemon

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Options of Start and Run; zero values mean the default in brackets.
type Options struct {
	Dir    string   // of the data [one of the test's own]
	Args   []string // more flags
	Env    []string // more variables
	Config string   // path of a configuration file [none]
	Work   string   // working directory [that of the test]
}

// Broker is one running process.
type Broker struct {
	Dir              string
	MQTT, AWS, Admin string            // host:port
	Doors            map[string]string // the same of every line of the banner: mqtt-tls, websocket ...

	cmd  *exec.Cmd
	out  lines
	log  lines
	done chan struct{} // closed when the process has ended
	err  error         // of Wait; readable after done
}

// lines is an output that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// patience is how long a broker may take to start or to stop.
const patience = 30 * time.Second

// Run starts a broker and does not wait for anything.
func Run(t testing.TB, o Options) *Broker {
	t.Helper()
	b := &Broker{Dir: o.Dir, done: make(chan struct{})}
	if b.Dir == "" {
		b.Dir = t.TempDir()
	}
	args := []string{"serve", "--data", b.Dir, "--mqtt-listen", "127.0.0.1:0", "--amqp-listen", "127.0.0.1:0", "--stomp-listen", "127.0.0.1:0", "--websocket-listen", "127.0.0.1:0", "--aws-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}
	if o.Config != "" {
		args = append(args, "--config", o.Config)
	}
	b.cmd = exec.Command(binary, append(args, o.Args...)...)
	b.cmd.Env = append(append(b.cmd.Environ(), "SLIPWAY_LIMITS_MIN_FREE_DISK=64MiB"), o.Env...)
	b.cmd.Dir = o.Work
	b.cmd.Stdout, b.cmd.Stderr = &b.out, &b.log
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		b.err = b.cmd.Wait()
		close(b.done)
	}()
	t.Cleanup(func() {
		if b.Running() {
			b.Kill(t)
		}
		if strings.Contains(b.Log(), "WARNING: DATA RACE") {
			t.Error("the race detector found something")
		}
		if t.Failed() {
			t.Logf("the log of process %d:\n%s", b.cmd.Process.Pid, tail(b.Log()))
		}
	})
	return b
}

// Command runs another command of the binary to its end.
func Command(t testing.TB, args ...string) (code int, output string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// Start starts a broker and returns when it takes messages.
func Start(t testing.TB, o Options) *Broker {
	t.Helper()
	b := Run(t, o)
	Eventually(t, patience, "the banner", func() bool {
		if !b.Running() {
			t.Fatalf("the broker ended: %v\n%s", b.err, tail(b.Log()))
		}
		return b.readBanner()
	})
	Eventually(t, patience, "readiness", func() bool { return b.Ready() == nil })
	return b
}

// readBanner reads the addresses; admin's line is the last.
func (b *Broker) readBanner() bool {
	b.Doors = map[string]string{}
	s := bufio.NewScanner(strings.NewReader(b.out.String()))
	for s.Scan() {
		switch f := strings.Fields(s.Text()); {
		case len(f) != 2:
			continue
		case f[0] == "mqtt":
			b.MQTT = f[1]
		case f[0] == "aws":
			b.AWS = f[1]
		case f[0] == "admin":
			b.Admin = f[1]
		}
		if f := strings.Fields(s.Text()); b.Doors[f[0]] == "" {
			b.Doors[f[0]] = f[1]
		}
	}
	return b.Admin != ""
}

// Ready says why the broker takes no messages.
func (b *Broker) Ready() error {
	status, text, err := b.Get("/readyz")
	if err == nil && status != http.StatusOK {
		err = errors.New(text)
	}
	return err
}

// Get asks the admin door.
func (b *Broker) Get(path string) (status int, text string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.Admin+path, nil)
	if err != nil {
		return 0, "", err
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// PID is the process's id.
func (b *Broker) PID() int { return b.cmd.Process.Pid }

// Running says whether the process has not ended.
func (b *Broker) Running() bool {
	select {
	case <-b.done:
		return false
	default:
		return true
	}
}

// Log is what was written to standard error so far.
func (b *Broker) Log() string { return b.log.String() }

// Signal sends a signal.
func (b *Broker) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := b.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Wait waits for the end and returns the exit code, -1 for a signal's.
func (b *Broker) Wait(t testing.TB) int {
	t.Helper()
	select {
	case <-b.done:
		return b.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		b.Kill(t)
		t.Fatalf("the broker did not end:\n%s", tail(b.Log()))
		return 0
	}
}

// Stop ends the broker as an operator does, and wants it to drain.
func (b *Broker) Stop(t testing.TB) {
	t.Helper()
	b.Signal(t, syscall.SIGTERM)
	if code := b.Wait(t); code != 0 {
		t.Fatalf("SIGTERM: exit code %d\n%s", code, tail(b.Log()))
	}
}

// Kill ends the broker as a crash does.
func (b *Broker) Kill(t testing.TB) {
	t.Helper()
	b.Signal(t, syscall.SIGKILL)
	<-b.done
}

func tail(text string) string {
	const most = 8000
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}

// Eventually wants cond to become true in time. It looks ever less often.
func Eventually(t testing.TB, within time.Duration, what string, cond func() bool) {
	t.Helper()
	end := time.After(within)
	for pause := time.Millisecond; !cond(); pause = min(2*pause, 100*time.Millisecond) {
		select {
		case <-time.After(pause):
		case <-end:
			t.Fatalf("no %s within %v", what, within)
		}
	}
}
