package driver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Patience is how long an answer may take.
const Patience = 60 * time.Second

// A Command is a program and what it is given.
type Command struct {
	Args []string
	Env  []string // on top of ours
}

// Process is one running driver.
type Process struct {
	lines chan json.RawMessage
	done  chan struct{} // closed when its output has ended

	mu      sync.Mutex
	in      io.WriteCloser                 // guarded by mu
	last    int                            // guarded by mu
	waiting map[int]chan<- json.RawMessage // guarded by mu
	noise   bytes.Buffer                   // its standard error; guarded by mu
}

// noise is a process's standard error.
type noise struct{ p *Process }

func (n noise) Write(b []byte) (int, error) {
	n.p.mu.Lock()
	defer n.p.mu.Unlock()
	return n.p.noise.Write(b)
}

// Start starts a program. When the test ends its input is closed, and it has to
// end by itself.
func Start(t testing.TB, c Command) *Process {
	t.Helper()
	p := &Process{
		lines: make(chan json.RawMessage, 1<<16), done: make(chan struct{}), waiting: map[int]chan<- json.RawMessage{},
	}
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = append(cmd.Environ(), c.Env...)
	cmd.Stderr = noise{p}
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(func() { p.end(t, cmd) })
	return p
}

// read hands out the lines; it ends with the program's output.
func (p *Process) read(out io.Reader) {
	defer close(p.done)
	defer close(p.lines)
	r := bufio.NewReader(out)
	for {
		text, err := r.ReadBytes('\n')
		if err != nil {
			return
		}
		var line struct{ N int }
		if err := json.Unmarshal(text, &line); err != nil {
			fmt.Fprintf(noise{p}, "not JSON: %s", text)
			continue
		}
		p.mu.Lock()
		to := p.waiting[line.N]
		delete(p.waiting, line.N)
		p.mu.Unlock()
		if to == nil {
			p.lines <- text
			continue
		}
		to <- text // has room
	}
}

func (p *Process) end(t testing.TB, cmd *exec.Cmd) {
	p.mu.Lock()
	err := p.in.Close()
	p.mu.Unlock()
	if err != nil {
		t.Error(err)
	}
	select {
	case <-p.done:
	case <-time.After(Patience):
		t.Errorf("%v does not end", cmd.Args)
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-p.done
	}
	if err = cmd.Wait(); err != nil {
		t.Errorf("%v: %v", cmd.Args, err)
	}
	if t.Failed() {
		t.Logf("%v said: %s", cmd.Args, p.noise.String())
	}
}

// Lines are those without a number. It is closed when the program has ended.
func (p *Process) Lines() <-chan json.RawMessage { return p.lines }

// Pending is an answer that is to come.
type Pending struct {
	p  *Process
	to <-chan json.RawMessage
}

// Send writes a request, which must encode as an object; n is added to it.
func (p *Process) Send(t testing.TB, request map[string]any) Pending {
	t.Helper()
	to := make(chan json.RawMessage, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	numbered := map[string]any{"n": p.last}
	for k, v := range request {
		numbered[k] = v
	}
	text, err := json.Marshal(numbered)
	if err != nil {
		t.Fatal(err)
	}
	p.waiting[p.last] = to
	if _, err := p.in.Write(append(text, '\n')); err != nil {
		t.Fatalf("the driver does not listen: %v\n%s", err, p.noise.String())
	}
	return Pending{p, to}
}

// Answer waits for the answer and decodes it.
func (a Pending) Answer(t testing.TB, answer any) {
	t.Helper()
	var text json.RawMessage
	select {
	case text = <-a.to:
	case <-a.p.done:
		select {
		case text = <-a.to: // its last words
		default:
			t.Fatalf("the driver ended: %s", a.p.said())
		}
	case <-time.After(Patience):
		t.Fatalf("no answer within %v: %s", Patience, a.p.said())
	}
	if err := json.Unmarshal(text, answer); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// Ask is Send and Answer.
func (p *Process) Ask(t testing.TB, request map[string]any, answer any) {
	t.Helper()
	p.Send(t, request).Answer(t, answer)
}

func (p *Process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noise.String()
}
