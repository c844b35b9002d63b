package ws

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func twoDoors() []Door {
	return []Door{
		{Name: "stream", Subprotocols: []string{"stream", "streamv2"}, First: func(b []byte) bool { return b[0] == 'S' }},
		{Name: "framed", Subprotocols: []string{"v2.framed", "v1.framed"}, Messages: true, First: func(b []byte) bool { return b[0] == 'F' }},
	}
}

// accepted is what Upgrade returns.
type accepted struct {
	nc   net.Conn
	door string
	err  error
}

// pair connects gorilla's client, which asks for path and subprotocols, with an
// Upgrader.
func pair(t *testing.T, cfg Config, path string, subprotocols ...string) (*websocket.Conn, func() accepted) {
	t.Helper()
	if cfg.Doors == nil {
		cfg.Doors = twoDoors()
	}
	here, there := net.Pipe()
	got := make(chan accepted, 1)
	go func() {
		nc, door, err := New(cfg).Upgrade(there)
		if err != nil {
			_ = there.Close()
		}
		got <- accepted{nc, door, err}
	}()
	header := http.Header{}
	if len(subprotocols) > 0 {
		header.Set("Sec-WebSocket-Protocol", strings.Join(subprotocols, ", "))
	}
	d := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return here, nil }}
	c, _, err := d.Dial("ws://localhost"+path, header) //nolint:bodyclose // there is none
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(); _ = there.Close() })
	return c, func() accepted {
		a := <-got
		if a.nc != nil {
			t.Cleanup(func() { _ = a.nc.Close() })
		}
		return a
	}
}

func TestDoor(t *testing.T) {
	for _, tt := range []struct {
		path         string
		subprotocols []string
		first        string
		door, says   string // the door, and the subprotocol of the answer
	}{
		{"/", []string{"stream"}, "", "stream", "stream"},
		{"/framed", []string{"streamv2"}, "", "stream", "streamv2"},
		{"/", []string{"unknown", "v1.framed", "v2.framed"}, "", "framed", "v1.framed"},
		{"/framed", nil, "", "framed", ""},
		{"/stream/", []string{"unknown"}, "", "stream", ""},
		{"/ws", nil, "SEND", "stream", ""},
		{"", nil, "FRAME", "framed", ""},
		{"/ws", nil, "what?", "", ""},
	} {
		c, got := pair(t, Config{}, tt.path, tt.subprotocols...)
		if tt.first != "" {
			go func() { _ = c.WriteMessage(opBinary, []byte(tt.first)) }()
		}
		if tt.door == "" {
			wantClose(t, c, websocket.ClosePolicyViolation)
		}
		a := got()
		if a.door != tt.door || c.Subprotocol() != tt.says || (a.err == nil) != (tt.door != "") {
			t.Errorf("%s %q %q: door %q, subprotocol %q, %v", tt.path, tt.subprotocols, tt.first, a.door, c.Subprotocol(), a.err)
		}
		if tt.first != "" && a.err == nil {
			b := make([]byte, 100)
			if n, err := a.nc.Read(b); err != nil || string(b[:n]) != tt.first {
				t.Errorf("what found the door is %q, %v", b[:n], err)
			}
		}
	}
}

// wantClose reads until the connection ends, and wants a code.
func wantClose(t *testing.T, c *websocket.Conn, code int) {
	t.Helper()
	for {
		_, _, err := c.ReadMessage()
		if websocket.IsCloseError(err, code) {
			return
		}
		if err != nil {
			t.Errorf("got %v, want code %d", err, code)
			return
		}
	}
}

// What is no request for us gets an answer that says so.
func TestRefused(t *testing.T) {
	const asks = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, tt := range []struct{ request, status, text string }{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426", "this is for WebSocket: /stream (subprotocols stream, streamv2); /framed"},
		{"POST / HTTP/1.1\r\n" + asks + "\r\n", "405", "not GET"},
		{"GET / HTTP/1.1\r\n" + strings.Replace(asks, "13", "8", 1) + "\r\n", "400", "unsupported version"},
		{"GET / HTTP/1.1\r\n" + asks + "Origin: http://evil.test\r\n\r\n", "403", "refused, since of the Origin"},
	} {
		here, there := net.Pipe()
		u := New(Config{Doors: twoDoors(), Refuse: func(r *http.Request) string {
			if r.Header.Get("Origin") != "" {
				return "of the Origin"
			}
			return ""
		}})
		got := make(chan error, 1)
		go func() {
			_, _, err := u.Upgrade(there)
			_ = there.Close()
			got <- err
		}()
		go func() { _, _ = io.WriteString(here, tt.request) }()
		answer, err := io.ReadAll(here)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+tt.status) || !strings.Contains(string(answer), tt.text) {
			t.Errorf("%q: %q, %v", tt.request, answer, err)
		}
		if err := <-got; err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%q: %v", tt.request, err)
		}
		_ = here.Close()
	}
}

// A request that does not end is read up to a limit.
func TestLongRequest(t *testing.T) {
	here, there := net.Pipe()
	got := make(chan error, 1)
	go func() {
		_, _, err := New(Config{Doors: twoDoors()}).Upgrade(there)
		_ = there.Close()
		got <- err
	}()
	n, _ := io.WriteString(here, "GET / HTTP/1.1\r\nA: "+strings.Repeat("a", 1<<20))
	if err := <-got; err == nil || n > 2*maxRequest {
		t.Errorf("%d bytes, %v", n, err)
	}
	_ = here.Close()
}

// What gorilla writes, in whatever pieces, is what we read, and the other way
// round; a deadline in the middle spoils nothing.
func TestBothWays(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	sent := make([]byte, 1<<20)
	for i := range sent {
		sent[i] = byte(rng.Uint32())
	}
	c, got := pair(t, Config{}, "/stream")
	nc := got().nc
	go func() { // the server's side of the other direction, an echo in other pieces
		defer nc.Close()
		buf := make([]byte, 5000)
		for i := 0; ; i++ {
			if i%10 == 0 {
				_ = nc.SetReadDeadline(time.Unix(1, 0))
				if _, err := nc.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("no deadline: %v", err)
				}
				_ = nc.SetReadDeadline(time.Time{})
			}
			n, err := nc.Read(buf[:1+i*37%len(buf)])
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				return
			}
			if _, err := nc.Write(buf[:n]); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	go writePieces(t, c, sent, rng)
	pongs := 0
	c.SetPongHandler(func(string) error { pongs++; return nil })
	var back []byte
	for len(back) < len(sent) {
		kind, b, err := c.ReadMessage()
		if err != nil || kind != opBinary {
			t.Fatalf("after %d bytes: %d, %v", len(back), kind, err)
		}
		back = append(back, b...)
	}
	if !bytes.Equal(back, sent) || pongs == 0 {
		t.Errorf("something else came back, and %d pongs", pongs)
	}
	go func() { // a pipe holds nothing, and a pong may be under way
		if err := c.WriteControl(opClose, websocket.FormatCloseMessage(4000, "done"), time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
	}()
	wantClose(t, c, 4000)
}

// writePieces writes messages of random sizes, some in fragments, with pings
// between them.
func writePieces(t *testing.T, c *websocket.Conn, b []byte, rng *rand.Rand) {
	for len(b) > 0 {
		n := min(len(b), []int{0, 1, 5, 125, 126, 5000, 65_535, 65_536, 100_000}[rng.IntN(9)])
		w, err := c.NextWriter(opBinary)
		for at := 0; at < n && err == nil; {
			m := min(n-at, 1+rng.IntN(20_000))
			_, err = w.Write(b[at : at+m])
			at += m
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil && rng.IntN(3) == 0 {
			err = c.WriteControl(opPing, []byte("there?"), time.Now().Add(time.Minute))
		}
		if err != nil {
			t.Error(err)
			return
		}
		b = b[n:]
	}
}

func TestCloseCodes(t *testing.T) {
	raw := func(b ...byte) func(*websocket.Conn) error {
		return func(c *websocket.Conn) error { _, err := c.NetConn().Write(b); return err }
	}
	for _, tt := range []struct {
		name string
		door string
		do   func(*websocket.Conn) error
		code int
	}{
		{"text for a stream", "stream", func(c *websocket.Conn) error { return c.WriteMessage(opText, []byte("text")) }, 1003},
		{"too big", "stream", func(c *websocket.Conn) error { return c.WriteMessage(opBinary, make([]byte, 1001)) }, 1009},
		{"too big in fragments", "stream", raw(slices.Concat([]byte{2, 0xfe, 2, 0, 0, 0, 0, 0}, make([]byte, 512), []byte{0x80, 0xfe, 2, 0, 0, 0, 0, 0})...), 1009},
		{"not masked", "stream", raw(0x82, 1, 'x'), 1002},
		{"an extension", "stream", raw(0xc2, 0x80, 0, 0, 0, 0), 1002},
		{"opcode", "stream", raw(0x83, 0x80, 0, 0, 0, 0), 1002},
		{"a continuation of nothing", "stream", raw(0x80, 0x80, 0, 0, 0, 0), 1002},
		{"a ping in fragments", "stream", raw(0x09, 0x80, 0, 0, 0, 0), 1002},
		{"a ping too long", "stream", raw(0x89, 0xfe, 0, 126, 0, 0, 0, 0), 1002},
		{"half a code", "stream", raw(0x88, 0x81, 0, 0, 0, 0, 3), 1002},
		{"a code for nobody", "stream", raw(0x88, 0x82, 0, 0, 0, 0, 3, 0xee), 1002},
		{"the client's own", "stream", raw(0x88, 0x82, 0, 0, 0, 0, 3, 0xe9), 1001},
		{"none", "stream", raw(0x88, 0x80, 0, 0, 0, 0), 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, got := pair(t, Config{MaxMessage: 1000}, "/"+tt.door)
			nc := got().nc
			ended := make(chan error, 1)
			go func() {
				b := make([]byte, 100)
				for {
					if _, err := nc.Read(b); err != nil {
						_ = nc.Close()
						ended <- err
						return
					}
				}
			}()
			go func() { _ = tt.do(c) }() // the server may be gone before all is written
			wantClose(t, c, tt.code)
			if err := <-ended; err == nil {
				t.Error("no error")
			}
		})
	}
}

// A door with messages takes and sends text.
func TestMessages(t *testing.T) {
	c, got := pair(t, Config{}, "/framed")
	a := got()
	m := a.nc.(interface {
		NextMessage(text, more bool) (io.WriteCloser, error)
	})
	go func() { _ = c.WriteMessage(opText, []byte("hello")) }()
	b := make([]byte, 100)
	if n, err := a.nc.Read(b); err != nil || string(b[:n]) != "hello" {
		t.Errorf("read %q, %v", b[:n], err)
	}
	for _, text := range []bool{true, false} {
		written := make(chan struct{})
		go func() {
			defer close(written)
			w, err := m.NextMessage(text, false)
			for _, part := range []string{"one ", "two ", strings.Repeat("x", 20_000)} {
				if err == nil {
					_, err = io.WriteString(w, part)
				}
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				t.Error(err)
			}
		}()
		kind, back, err := c.ReadMessage()
		<-written
		if err != nil || (kind == opText) != text || !strings.HasPrefix(string(back), "one two x") || len(back) != 20_008 {
			t.Errorf("%v: %d, %d bytes, %v", text, kind, len(back), err)
		}
	}
}

// The reason of an end is the code that the client gets.
func TestGoodbye(t *testing.T) {
	c, got := pair(t, Config{CloseCode: func(err error) int {
		if errors.Is(err, os.ErrClosed) {
			return websocket.CloseGoingAway
		}
		return websocket.CloseNormalClosure
	}}, "/stream")
	nc := got().nc.(*Conn)
	go func() {
		nc.EndWith(os.ErrClosed)
		if err := nc.CloseWrite(); err != nil {
			t.Error(err)
		}
		if _, err := nc.Read(make([]byte, 10)); !errors.Is(err, io.EOF) {
			t.Errorf("the client's goodbye: %v", err)
		}
		_ = nc.Close()
	}()
	wantClose(t, c, websocket.CloseGoingAway)
}

func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, got := pair(t, Config{Ping: 10 * time.Second}, "/stream")
		nc := got().nc
		ended := make(chan error, 1)
		go func() {
			_, err := nc.Read(make([]byte, 10))
			ended <- err
		}()
		begun, pings := time.Now(), 0
		var silent atomic.Bool
		c.SetPingHandler(func(text string) error {
			if pings++; silent.Load() {
				return nil
			}
			return c.WriteControl(opPong, []byte(text), time.Now().Add(time.Second))
		})
		time.AfterFunc(time.Hour, func() { silent.Store(true) })
		if _, _, err := c.ReadMessage(); err == nil {
			t.Error("no end")
		}
		if err := <-ended; err == nil {
			t.Error("the reader did not notice")
		}
		// Asked after 10 s, answered; the turn after that hears the answer.
		if d := time.Since(begun); d < time.Hour+10*time.Second || d > time.Hour+30*time.Second || pings < 150 {
			t.Errorf("ended after %v and %d pings", d, pings)
		}
		_ = c.Close()
	})
}

// A client is not silent whose bytes nobody reads.
func TestPingsWaitForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, got := pair(t, Config{Ping: 10 * time.Second}, "/stream")
		nc := got().nc
		time.Sleep(time.Hour)
		go func() { _ = c.WriteMessage(opBinary, []byte("x")) }()
		if n, err := nc.Read(make([]byte, 10)); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		_ = nc.Close()
		_ = c.Close()
	})
}

// FuzzFrames: however input is cut into pieces, the payload is the same, no
// longer than the input, and so is the error.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x82, 0x83, 1, 2, 3, 4, 'a', 'b', 'c', 0x89, 0x80, 0, 0, 0, 0}, uint64(1))
	f.Add([]byte{0x02, 0xfe, 0, 3, 9, 9, 9, 9, 1, 2, 3, 0x80, 0x80, 0, 0, 0, 0, 0x88, 0x82, 0, 0, 0, 0, 3, 0xe8}, uint64(2))
	f.Add([]byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		run := func(piece func(left int) int) (payload, control string, err error) {
			var out, ctl []byte
			fr := frames{max: 1000, control: func(op byte, b []byte) error {
				ctl = append(append(ctl, op), b...)
				if op == opClose {
					return io.EOF
				}
				return nil
			}}
			for rest := bytes.Clone(in); len(rest) > 0 && err == nil; {
				n := piece(len(rest))
				var m int
				m, err = fr.decode(rest[:n])
				out = append(out, rest[:m]...)
				rest = rest[n:]
			}
			return string(out), string(ctl), err
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		a, actl, aerr := run(func(left int) int { return left })
		b, bctl, berr := run(func(left int) int { return 1 + rng.IntN(min(left, 7)) })
		if a != b || actl != bctl || (aerr == nil) != (berr == nil) || aerr != nil && aerr.Error() != berr.Error() {
			t.Errorf("whole: %q %q %v; in pieces: %q %q %v", a, actl, aerr, b, bctl, berr)
		}
		if len(a) > len(in) {
			t.Errorf("%d bytes of %d", len(a), len(in))
		}
	})
}
