package ws

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"
)

// counted counts what is written.
type counted struct {
	net.Conn
	writes, bytes, largest atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	c.bytes.Add(int64(len(p)))
	c.largest.Store(max(c.largest.Load(), int64(len(p))))
	return c.Conn.Write(p)
}

// framed is a connection of a door with messages, and its socket.
func framed(t *testing.T) (*websocket.Conn, *messageConn, *counted) {
	t.Helper()
	client, got := pair(t, Config{}, "/framed")
	m := got().nc.(*messageConn)
	socket := &counted{Conn: m.socket.Conn}
	m.socket.Conn = socket
	return client, m, socket
}

func send(m *messageConn, text string, more bool) error {
	w, err := m.NextMessage(true, more)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	return err
}

// Messages that there are at once leave together, however many, and stay apart.
func TestMessagesLeaveTogether(t *testing.T) {
	for _, tt := range []struct{ messages, size, writes int }{
		{1, 10, 1}, {1, 20_000, 1}, {100, 10, 1}, {1000, 200, 1000 * 200 / heldMost * 2}, {1, 1_000_000, 40}, {3, 50_000, 4},
	} {
		t.Run(fmt.Sprintf("%d of %d", tt.messages, tt.size), func(t *testing.T) {
			client, m, socket := framed(t)
			done := make(chan error)
			go func() {
				var err error
				for i := range tt.messages {
					if err == nil {
						err = send(m, fmt.Sprint(i, strings.Repeat("x", tt.size)), i < tt.messages-1)
					}
				}
				done <- err
			}()
			for i := range tt.messages {
				_, got, err := client.ReadMessage()
				if err != nil || string(got) != fmt.Sprint(i, strings.Repeat("x", tt.size)) {
					t.Fatalf("message %d: %d bytes, %v", i, len(got), err)
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if n := socket.writes.Load(); n > int64(tt.writes) {
				t.Errorf("%d writes", n)
			}
			if m.socket.held != nil {
				t.Errorf("%d bytes are kept", len(*m.socket.held))
			}
		})
	}
}

// What waits is bounded, also where the door never says that it was the last.
func TestLittleWaits(t *testing.T) {
	client, m, socket := framed(t)
	go func() { _, _ = io.Copy(io.Discard, client.NetConn()) }()
	for range 1000 {
		if err := send(m, strings.Repeat("x", 1000), true); err != nil {
			t.Fatal(err)
		}
		if n := len(*waiting(m)); n >= heldMost {
			t.Fatalf("%d bytes wait", n)
		}
	}
	if socket.bytes.Load() < 1_000_000-heldMost || socket.largest.Load() > 2*heldMost {
		t.Errorf("%d bytes written, %d at once", socket.bytes.Load(), socket.largest.Load())
	}
}

// waiting is what m holds.
func waiting(m *messageConn) *[]byte {
	if m.socket.held == nil {
		return new([]byte)
	}
	return m.socket.held
}

// A goodbye between messages comes behind those before it.
func TestGoodbyeBetweenMessages(t *testing.T) {
	client, m, _ := framed(t)
	done := make(chan error)
	go func() {
		err := send(m, "first", true)
		m.goodbye(websocket.CloseGoingAway)
		if err == nil && send(m, "second", true) == nil {
			err = fmt.Errorf("a message behind the goodbye")
		}
		done <- err
	}()
	if _, got, err := client.ReadMessage(); err != nil || !bytes.Equal(got, []byte("first")) {
		t.Errorf("%q, %v", got, err)
	}
	wantClose(t, client, websocket.CloseGoingAway)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
