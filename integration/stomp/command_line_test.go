package stomp

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// output can be read while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) has(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.text.String(), text)
}

// TestCommandLine has the program stomp, of stomp.py, do what a person types.
func TestCommandLine(t *testing.T) {
	daemon.Need(t, "stomp")
	b := startBroker(t)
	for _, version := range []string{"1.0", "1.1", "1.2"} {
		for _, transport := range []string{"tcp", "tls"} {
			t.Run(version+" "+transport, func(t *testing.T) {
				if b.address[transport] == "" {
					t.Skip("the broker has no TLS")
				}
				typed(t, b, version, transport)
			})
		}
	}
}

func typed(t *testing.T, b broker, version, transport string) {
	host, port, err := net.SplitHostPort(b.address[transport])
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-H", host, "-P", port, "-U", b.user, "-W", b.password, "-S", version, "--verbose"}
	if transport == "tls" {
		args = append(args, "--ssl", "--ssl-ca-file="+b.ca)
	}
	out := &output{}
	cmd := exec.Command("stomp", args...)
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Log(out.text.String())
			_ = cmd.Process.Kill()
		}
	}()
	say := func(format string, args ...any) {
		if _, err := fmt.Fprintf(io.Writer(in), format+"\n", args...); err != nil {
			t.Fatal(err)
		}
	}
	queue := "/queue/" + newTag()
	say("subscribe %s", queue)
	say("send %s good morning", queue)
	daemon.Eventually(t, patience, "the message", func() bool { return out.has("good morning") })
	say("begin")
	say("send %s in a transaction", queue)
	say("commit")
	daemon.Eventually(t, patience, "the message of the transaction", func() bool { return out.has("in a transaction") })
	say("quit")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
