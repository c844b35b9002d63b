package mqtt

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

// driver does what requests say, with one client.
type driver interface {
	do(r line.Request) error
	box() *mailbox
}

// program is a driver in another process.
type program struct {
	mail *mailbox
	end  chan struct{} // closed when its output has ended

	mu      sync.Mutex
	in      io.Writer           // guarded by mu
	last    int                 // guarded by mu: request
	waiting map[int]chan string // guarded by mu: errors by request
}

// startProgram runs a driver until the test ends.
func startProgram(t *testing.T, env []string, name string, args ...string) driver {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{mail: newMailbox(), end: make(chan struct{}), in: in, waiting: map[int]chan string{}}
	go p.read(out)
	t.Cleanup(func() {
		in.Close() // drivers end with their input
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		<-p.end
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("%s: %v\n%s", name, err, complaints.String())
		}
		late.Stop()
	})
	return p
}

func (p *program) box() *mailbox { return p.mail }

func (p *program) read(out io.Reader) {
	defer close(p.end)
	lines := bufio.NewReader(out)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var o line.Output
		if err := json.Unmarshal(text, &o); err != nil {
			o = line.Output{C: "?", Message: &line.Message{Payload: text}}
		}
		if o.Message != nil {
			p.mail.put(o.C, o.Message)
			continue
		}
		p.mu.Lock()
		if answer := p.waiting[o.N]; answer != nil {
			answer <- o.Error
			delete(p.waiting, o.N)
		}
		p.mu.Unlock()
	}
}

func (p *program) do(r line.Request) error {
	answer := make(chan string, 1)
	p.mu.Lock()
	p.last++
	r.N = p.last
	p.waiting[r.N] = answer
	text, err := json.Marshal(r)
	if err == nil {
		_, err = p.in.Write(append(text, '\n'))
	}
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("the driver: %w", err)
	}
	select {
	case text := <-answer:
		if text != "" {
			return errors.New(text)
		}
		return nil
	case <-p.end:
		return errors.New("the driver has ended")
	case <-time.After(patience + patience/2):
		return fmt.Errorf("no answer to %s", r.Op)
	}
}
