package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Peer is a broker that this program can start.
type Peer struct {
	Name string
	// Durable says what a confirmation of it means on disk, for the table.
	Durable string
	// For says in which scenarios it is measured. Nil: wherever it has the protocol.
	For func(*Scenario) bool
	// Missing says what has to be installed, "" if nothing.
	Missing func(t *tools) string
	// Start starts it with data in dir.
	Start func(t *tools, dir string) (*Running, error)
}

// tools is where what is not in Debian is, and the binary of Slipway.
type tools struct {
	dir     string
	slipway string
}

func (t *tools) path(parts ...string) string {
	return filepath.Join(append([]string{t.dir}, parts...)...)
}

// Running is a broker at work.
type Running struct {
	Name    string
	Durable string
	For     func(*Scenario) bool
	Addrs   map[string]string // protocol -> host:port
	PID     int               // of the process whose family is the broker; 0: unknown

	QueueType string       // what AMQP queues are to be; empty: as they come
	Collect   func() error // collects its garbage; nil: it cannot be told to

	processes []*process
	log       string
}

// Stop ends every process of the broker.
func (r *Running) Stop() {
	for _, p := range r.processes {
		p.stop()
	}
}

// A process is a child in a group of its own.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func launch(cmd *exec.Cmd, logTo io.Writer) (*process, error) {
	cmd.Stdout, cmd.Stderr = logTo, logTo
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(p.done)
	}()
	return p, nil
}

// stop asks, and insists after five seconds.
func (p *process) stop() {
	group := -p.cmd.Process.Pid
	descendants := family(p.cmd.Process.Pid)
	_ = syscall.Kill(group, syscall.SIGTERM) // gone is what it should be
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	for _, d := range descendants { // those that made groups of their own
		_ = syscall.Kill(d.pid, syscall.SIGKILL)
	}
	<-p.done
}

// start launches a peer's process and waits until all addresses answer.
func start(name, dir string, cmd *exec.Cmd, addrs map[string]string) (*Running, error) {
	path := filepath.Join(dir, "log")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // a log
	p, err := launch(cmd, f)
	if err != nil {
		return nil, err
	}
	r := &Running{Name: name, Addrs: addrs, PID: cmd.Process.Pid, processes: []*process{p}, log: path}
	for _, addr := range addrs {
		if err := answers(p, addr); err != nil {
			r.Stop()
			return nil, fmt.Errorf("%w: %s", err, lastLines(path))
		}
	}
	return r, nil
}

// answers waits until a connection to addr is taken.
func answers(p *process, addr string) error {
	by := time.Now().Add(60 * time.Second)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.done:
			return errors.New("it ended")
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(by) {
			return fmt.Errorf("%s does not answer: %w", addr, err)
		}
	}
}

func lastLines(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}

// freePorts are n ports of the loopback that nobody listens at.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:errcheck // only after all are found, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// remote is a broker given by its addresses:
// name=mqtt://127.0.0.1:1883,sqs://127.0.0.1:4566,pid:1234.
func remote(text string) (*Running, error) {
	name, rest, ok := strings.Cut(text, "=")
	r := &Running{Name: name, Durable: "as it is set up", Addrs: map[string]string{}}
	for _, part := range strings.Split(rest, ",") {
		if pid, is := strings.CutPrefix(part, "pid:"); is {
			n, err := strconv.Atoi(pid)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", text, err)
			}
			r.PID = n
			continue
		}
		protocol, addr, found := strings.Cut(part, "://")
		if _, known := clients[protocol]; !ok || !found || !known {
			return nil, fmt.Errorf("%q: want name=protocol://host:port,..., with a protocol that has a client", text)
		}
		r.Addrs[protocol] = strings.TrimSuffix(addr, "/")
	}
	return r, nil
}

// has says what is missing if a program is.
func has(program, install string) string {
	if _, err := exec.LookPath(program); err != nil {
		return program + ": " + install
	}
	return ""
}

// hasFile is has for something under the tools.
func hasFile(path string) string {
	if found, _ := filepath.Glob(path); len(found) == 0 { // the pattern is fine
		return filepath.Base(path) + ": go run ./integration/bench -install"
	}
	return ""
}
