package mqtt

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

// tools drives mosquitto_pub, mosquitto_sub and mosquitto_rr. A connection is
// made when it subscribes, and each publish is one of its own; a clean one
// without will publishes once when it connects, to see that it may.
type tools struct {
	mail *mailbox

	mu  sync.Mutex
	all map[string]*tool // guarded by mu
}

// tool is one connection. Used by its own requests only.
type tool struct {
	connect line.Request
	filters line.Request // the last SUBSCRIBE
	sub     *subscriber
}

// subscriber is a process of mosquitto_sub or mosquitto_rr.
type subscriber struct {
	cmd        *exec.Cmd
	subscribed chan struct{} // closed when SUBACK came
	end        chan struct{} // closed when its output ended
}

func startTools(t *testing.T) driver {
	daemon.Need(t, "mosquitto_pub", "mosquitto_sub", "mosquitto_rr", "stdbuf")
	s := &tools{mail: newMailbox(), all: map[string]*tool{}}
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.all {
			_ = c.stop(syscall.SIGKILL)
		}
	})
	return s
}

func (s *tools) box() *mailbox { return s.mail }

func (s *tools) do(r line.Request) error {
	s.mu.Lock()
	c := s.all[r.C]
	if c == nil {
		c = &tool{}
		s.all[r.C] = c
	}
	s.mu.Unlock()
	switch r.Op {
	case "connect":
		c.connect = r
		switch {
		case r.Clean && r.Will == nil:
			return c.pub(nil, "-t", "probe", "-n", "-i", r.ID)
		case !r.Clean && c.filters.Filters != nil:
			return c.subscribe(s.mail, c.filters)
		}
		return nil
	case "subscribe":
		c.filters = r
		return c.subscribe(s.mail, r)
	case "publish":
		return c.publish(r.Message)
	case "burst":
		var lines bytes.Buffer
		for i := range r.Count {
			fmt.Fprintln(&lines, i)
		}
		args := []string{"-t", r.Message.Topic, "-q", strconv.Itoa(r.Message.QoS), "-l"}
		if !c.connect.Clean {
			args = append(args, "-c", "-i", c.connect.ID)
		}
		return c.pub(&lines, args...)
	case "ask":
		return c.ask(s.mail, r)
	case "disconnect":
		return c.stop(syscall.SIGTERM)
	case "crash":
		return c.stop(syscall.SIGKILL)
	}
	return fmt.Errorf("there is no %s", r.Op)
}

var versionFlags = map[int]string{3: "mqttv31", 4: "mqttv311", 5: "mqttv5"}

func (c *tool) at() []string {
	r := c.connect
	args := []string{"-h", r.Host, "-p", strconv.Itoa(r.Port), "-V", versionFlags[r.Version], "-u", r.User, "-P", r.Password, "-k", "30"}
	if r.CA != "" {
		args = append(args, "--cafile", r.CA)
	}
	return args
}

func (c *tool) pub(in io.Reader, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "mosquitto_pub", append(c.at(), args...)...)
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mosquitto_pub %q: %w: %s", args, err, out)
	}
	return nil
}

func (c *tool) publish(m *line.Message) error {
	args := []string{"-t", m.Topic, "-q", strconv.Itoa(m.QoS)}
	if m.Retain {
		args = append(args, "-r")
	}
	args = append(args, propertyArgs("publish", m.Props)...)
	if len(m.Payload) == 0 {
		return c.pub(nil, append(args, "-n")...)
	}
	return c.pub(bytes.NewReader(m.Payload), append(args, "-s")...)
}

func propertyArgs(command string, p *line.Props) []string {
	if p == nil {
		return nil
	}
	var args []string
	add := func(there bool, name string, value ...string) {
		if there {
			args = append(append(args, "-D", command, name), value...)
		}
	}
	for _, u := range p.User {
		add(true, "user-property", u[0], u[1])
	}
	add(p.Type != "", "content-type", p.Type)
	add(p.Text, "payload-format-indicator", "1")
	add(p.Response != "", "response-topic", p.Response)
	add(p.Correlation != nil, "correlation-data", string(p.Correlation))
	add(p.Expiry > 0, "message-expiry-interval", strconv.Itoa(p.Expiry))
	add(p.Delay > 0, "will-delay-interval", strconv.Itoa(p.Delay))
	return args
}

// format is what mosquitto_sub prints of a message: fields between tabs, which
// no message of the suite has in them.
const format = ">>\t%q\t%r\t%t\t%C\t%D\t%E\t%F\t%R\t%S\t%P\t%x"

func (c *tool) subscribe(mail *mailbox, r line.Request) error {
	if c.sub != nil {
		return errors.New("mosquitto_sub subscribes only once")
	}
	o := c.connect
	args := append(c.at(), "-i", o.ID, "-d", "-F", format, "-q", strconv.Itoa(r.Filters[0].QoS))
	for _, f := range r.Filters {
		args = append(args, "-t", f.Filter)
	}
	if r.SubID > 0 {
		args = append(args, "-D", "subscribe", "subscription-identifier", strconv.Itoa(r.SubID))
	}
	if !o.Clean {
		args = append(args, "-c")
	}
	if o.Expiry != nil {
		args = append(args, "-x", strconv.Itoa(*o.Expiry))
	}
	if o.Receive > 0 {
		args = append(args, "-D", "connect", "receive-maximum", strconv.Itoa(o.Receive))
	}
	if w := o.Will; w != nil {
		args = append(args, "--will-topic", w.Topic, "--will-qos", strconv.Itoa(w.QoS))
		if len(w.Payload) > 0 {
			args = append(args, "--will-payload", string(w.Payload))
		}
		if w.Retain {
			args = append(args, "--will-retain")
		}
		args = append(args, propertyArgs("will", w.Props)...)
	}
	return c.start(mail, r.C, "mosquitto_sub", args)
}

// ask runs mosquitto_rr, which ends with the answer.
func (c *tool) ask(mail *mailbox, r line.Request) error {
	m := r.Message
	args := append(c.at(), "-i", c.connect.ID, "-d", "-F", format, "-q", "1", "-t", m.Topic, "-e", r.Filters[0].Filter, "-m", string(m.Payload))
	if m.Props != nil {
		args = append(args, "-D", "publish", "correlation-data", string(m.Props.Correlation))
	}
	return c.start(mail, r.C, "mosquitto_rr", args)
}

func (c *tool) start(mail *mailbox, name, program string, args []string) error {
	// stdbuf: else what is printed waits for more.
	s := &subscriber{cmd: exec.Command("stdbuf", append([]string{"-oL", program}, args...)...), subscribed: make(chan struct{}), end: make(chan struct{})}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var complaints bytes.Buffer
	s.cmd.Stderr = &complaints
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go s.read(out, mail, name)
	select {
	case <-s.subscribed:
		c.sub = s
		return nil
	case <-s.end:
		return fmt.Errorf("%s: %w: %s", program, s.cmd.Wait(), complaints.String())
	case <-time.After(patience):
		_ = s.cmd.Process.Kill() // ends its output, too
		<-s.end
		return fmt.Errorf("%s: no SUBACK, %w: %s", program, s.cmd.Wait(), complaints.String())
	}
}

// stop ends the process: with DISCONNECT by SIGTERM, if it is connected.
func (c *tool) stop(how syscall.Signal) error {
	s := c.sub
	if s == nil {
		return nil
	}
	c.sub = nil
	s.awaitIdle()
	_ = s.cmd.Process.Signal(how) // it may have ended
	<-s.end
	_ = s.cmd.Wait() // what it says of its end is not what is tested
	return nil
}

// awaitIdle waits until the process sleeps, waiting for packets: mosquitto_sub
// 2.0 deadlocks on a signal that it gets while it handles one.
func (s *subscriber) awaitIdle() {
	end := time.After(patience)
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
		_, state, _ := strings.Cut(string(stat), ") ")
		if err != nil || !strings.HasPrefix(state, "R") {
			return
		}
		select {
		case <-time.After(time.Millisecond):
		case <-end:
			return
		}
	}
}

func (s *subscriber) read(out io.Reader, mail *mailbox, name string) {
	defer close(s.end)
	first := true
	lines := bufio.NewReader(out)
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch fields := strings.Split(strings.TrimSuffix(text, "\n"), "\t"); {
		case fields[0] == ">>" && len(fields) == 12:
			mail.put(name, received(fields))
		case first && strings.Contains(text, "received SUBACK"):
			first = false
			close(s.subscribed)
		}
	}
}

func received(f []string) *line.Message {
	m := &line.Message{Topic: f[3], Retain: f[2] == "1"}
	m.QoS, _ = strconv.Atoi(f[1])
	m.Payload, _ = hex.DecodeString(f[11])
	p := &line.Props{Type: f[4], Correlation: []byte(f[5]), Text: f[7] == "1", Response: f[8]}
	p.Expiry, _ = strconv.Atoi(f[6])
	if n, err := strconv.Atoi(f[9]); err == nil {
		p.SubIDs = []int{n}
	}
	for _, pair := range strings.Fields(f[10]) {
		k, v, _ := strings.Cut(pair, ":")
		p.User = append(p.User, [2]string{k, v})
	}
	m.Props = p
	return m
}
