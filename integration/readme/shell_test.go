package readme

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// shell is a bash that lives from fence to fence, so that what one exports the
// next one has.
type shell struct {
	in  io.Writer
	out *bufio.Reader
}

func newShell(ctx context.Context, t *testing.T, dir string) *shell {
	t.Helper()
	cmd := exec.CommandContext(ctx, "bash", "-s")
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // ended by a failed command, which was reported
		r.Close()
	})
	return &shell{in, bufio.NewReader(r)}
}

const endMark = "=== end of fence ==="

// run types text, with nothing to read from, and returns what was printed. A command that fails ends the
// shell, and that is the error.
func (s *shell) run(text string) (string, error) {
	if _, err := fmt.Fprintf(s.in, "set -euo pipefail\n{\n%s\n} </dev/null\nprintf '\\n%s\\n'\n", text, endMark); err != nil {
		return "", err
	}
	var out strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if strings.TrimSpace(line) == endMark {
			return out.String(), nil
		}
		out.WriteString(line)
		if errors.Is(err, io.EOF) {
			return out.String(), errors.New("a command failed")
		}
		if err != nil {
			return out.String(), err
		}
	}
}

// server is a running broker.
type server struct {
	cmd *exec.Cmd
	log *strings.Builder // read after Wait
}

// start runs the command line of a server fence and waits until it says where
// its doors are.
func start(ctx context.Context, t *testing.T, binary, dir, line string) *server {
	t.Helper()
	args, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/slipway")
	if !ok || strings.ContainsAny(args, "|&;\n") {
		t.Fatalf("a server fence is one line, go run ./cmd/slipway and arguments, not %q", line)
	}
	s := &server{exec.CommandContext(ctx, binary, strings.Fields(args)...), new(strings.Builder)}
	s.cmd.Dir, s.cmd.Stderr = dir, s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(strings.TrimSpace(lines.Text()), "admin ") { // the last door
			go io.Copy(io.Discard, out) //nolint:errcheck // ends with the process
			return s
		}
	}
	_ = s.cmd.Wait()
	t.Fatalf("%s did not start:\n%s", line, s.log)
	return nil
}

// stop drains the broker and wants exit code 0.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the broker stopped with %v:\n%s", err, s.log)
	}
}
