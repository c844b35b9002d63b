package stomp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/doortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a broker with the door open.
type world struct {
	t      testing.TB
	store  core.Store
	cfg    Config
	net    protocols.Config
	open   bool // strangers are let in although there are users
	pipe   bool // over net.Pipe, for fake time
	limits core.Limits

	door *doortest.Door
	b    *core.Broker
	srv  *protocols.Server
	addr string
}

func newWorld(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, store: memstore.New(memstore.Options{})}
	w.net.Log = slog.New(slog.DiscardHandler)
	w.cfg.Log = w.net.Log
	for _, f := range change {
		f(w)
	}
	w.start()
	t.Cleanup(w.close)
	return w
}

func (w *world) start() {
	w.t.Helper()
	w.door = doortest.Open(w.t, doortest.Config{
		Protocol: "stomp", Store: w.store, Net: w.net, Pipes: w.pipe,
		Options: core.Options{Dialects: map[string]core.Dialect{DialectName: Dialect()}, Limits: w.limits},
		Handler: func(b *core.Broker) protocols.Handler {
			cfg := w.cfg
			cfg.Broker = b
			return New(cfg).AllowAnonymous(w.open)
		},
	})
	w.b, w.srv, w.addr = w.door.Broker, w.door.Server, w.door.Addr
}

// close stops the door and the broker; what is still connected is cut.
func (w *world) close() {
	if w.door != nil {
		w.door.Close()
		w.door = nil
	}
}

// restart is a clean stop and a start on the same store.
func (w *world) restart() {
	w.t.Helper()
	w.close()
	w.start()
}

// A client sends frames that are written as text and compares what it gets with
// text. It has a small codec of its own, so that ours is not its own judge.
//
//	SEND destination:/queue/a; selector:a = 1 | body
type client struct {
	t    testing.TB
	w    *world
	nc   net.Conn
	r    *bufio.Reader
	v    string
	last frame
}

type frame struct {
	command string
	headers [][2]string
	body    string
}

func (f frame) get(name string) string {
	for _, h := range f.headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

func (w *world) client() *client {
	w.t.Helper()
	nc := w.door.Dial(w.t)
	w.t.Cleanup(func() { _ = nc.Close() })
	return &client{t: w.t, w: w, nc: nc, r: bufio.NewReader(nc)}
}

// connected is a client of a version that was let in.
func (w *world) connected(v string, more ...string) *client {
	w.t.Helper()
	c := w.client()
	c.send("CONNECT %s", strings.Join(append([]string{"accept-version:" + v}, more...), "; "))
	c.want("CONNECTED version:%s", v)
	c.v = v
	return c
}

var escapes = strings.NewReplacer("\\", "\\\\", "\n", "\\n", ":", "\\c", "\r", "\\r")

func parseText(line string) (f frame) {
	head, body, _ := strings.Cut(line, " | ")
	f.body = strings.ReplaceAll(body, "\\0", "\x00")
	command, rest, _ := strings.Cut(head, " ")
	f.command = command
	for _, h := range strings.Split(rest, "; ") {
		if name, value, ok := strings.Cut(h, ":"); ok {
			f.headers = append(f.headers, [2]string{name, strings.ReplaceAll(value, "\\n", "\n")})
		}
	}
	return f
}

func (c *client) send(format string, args ...any) {
	c.t.Helper()
	f := parseText(fmt.Sprintf(format, args...))
	var b bytes.Buffer
	b.WriteString(f.command + "\n")
	for _, h := range f.headers {
		if c.v == "1.1" || c.v == "1.2" {
			h[0], h[1] = escapes.Replace(h[0]), escapes.Replace(h[1])
		}
		b.WriteString(h[0] + ":" + h[1] + "\n")
	}
	if strings.Contains(f.body, "\x00") {
		fmt.Fprintf(&b, "content-length:%d\n", len(f.body))
	}
	b.WriteString("\n" + f.body + "\x00\n")
	c.raw(b.String())
}

func (c *client) raw(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, text); err != nil {
		c.t.Fatalf("send %q: %v", text, err)
	}
}

// want reads a frame, which has at least the headers given, with those values;
// `name:*` is any value, `-name:` no such header.
func (c *client) want(format string, args ...any) *frame {
	c.t.Helper()
	line := fmt.Sprintf(format, args...)
	want := parseText(line)
	got, err := c.read()
	if err != nil {
		c.t.Fatalf("no %s: %v", line, err)
	}
	bad := got.command != want.command || strings.Contains(line, " | ") && got.body != want.body
	for _, h := range want.headers {
		name, absent := strings.CutPrefix(h[0], "-")
		has := slices.ContainsFunc(got.headers, func(g [2]string) bool { return g[0] == name })
		bad = bad || absent == has || !absent && h[1] != "*" && got.get(name) != h[1]
	}
	if bad {
		c.t.Fatalf("got  %q\nwant %s", got, line)
	}
	c.last = got
	return &got
}

// wantEnd reads the end of the connection.
func (c *client) wantEnd() {
	c.t.Helper()
	f, err := c.read()
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("got %q, %v, not the end", f, err)
	}
}

// refused sends a frame that is answered by ERROR and the end.
func (c *client) refused(line, message string) {
	c.t.Helper()
	c.send("%s", line)
	f := c.want("ERROR message:*")
	if !strings.Contains(f.get("message")+" "+f.body, message) {
		c.t.Fatalf("%s: %q %q, not %q", line, f.get("message"), f.body, message)
	}
	c.wantEnd()
}

// patience is how long a frame may take.
const patience = 20 * time.Second

func (c *client) read() (f frame, err error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(patience)) // fails at the end, which the read tells
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return f, err
		}
		if line = strings.TrimSuffix(line, "\n"); f.command == "" {
			f.command = line // heart-beats are empty
			continue
		}
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return f, fmt.Errorf("header %q", line)
		}
		if (c.v == "1.1" || c.v == "1.2") && f.command != "CONNECTED" {
			name, value = unescaped(name), unescaped(value)
		}
		f.headers = append(f.headers, [2]string{name, value})
	}
	if text := f.get("content-length"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return f, err
		}
		body := make([]byte, n+1)
		if _, err := io.ReadFull(c.r, body); err != nil {
			return f, err
		}
		if body[n] != 0 {
			return f, fmt.Errorf("no NUL but %q", body[n])
		}
		f.body = string(body[:n])
		return f, nil
	}
	body, err := c.r.ReadString(0)
	f.body = strings.TrimSuffix(body, "\x00")
	return f, err
}

func unescaped(s string) string {
	return strings.NewReplacer("\\\\", "\\", "\\n", "\n", "\\c", ":", "\\r", "\r").Replace(s)
}

// sync shows that everything sent before was taken, and that nothing is on its
// way: the next frame is the receipt.
func (c *client) sync() {
	c.t.Helper()
	c.send("BEGIN transaction:sync; receipt:sync")
	c.want("RECEIPT receipt-id:sync")
	c.send("ABORT transaction:sync")
}

// cut ends a connection without a word and waits until the broker has noticed.
func (w *world) cut(c *client) {
	me := c.nc.LocalAddr().String()
	_ = c.nc.Close()
	if w.pipe {
		synctest.Wait()
		return
	}
	for slices.ContainsFunc(w.srv.Conns(), func(i protocols.Info) bool { return i.Remote == me }) {
		runtime.Gosched()
	}
}

// eventually waits for something that follows from what was sent.
func (w *world) eventually(what string, f func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !f(); runtime.Gosched() {
		if time.Now().After(end) {
			w.t.Fatalf("%s did not come to be", what)
		}
	}
}

// counts are those of a queue.
func (w *world) counts(name string) core.QueueCounts {
	w.t.Helper()
	q, ok := w.b.Default().Queue(name)
	if !ok {
		w.t.Fatalf("there is no queue %s", name)
	}
	return q.Counts()
}
