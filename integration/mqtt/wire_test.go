package mqtt

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire is the proxy before the broker that one connection goes through. It
// listens as long as its cell runs, so that a client that was cut off can come
// back.
type wire struct {
	listener net.Listener // immutable
	broker   string       // immutable
	sealed   bool         // immutable; what passes are no packets, but TLS or WebSocket
	running  sync.WaitGroup

	mu      sync.Mutex
	open    map[*net.TCPConn]chan struct{} // guarded by mu: the clients' ends; closed when the broker has closed its own
	packets []packet                       // guarded by mu
}

// packet is what is kept of one that passed.
type packet struct {
	up    bool // to the broker
	first byte
	size  int
	head  []byte
}

const (
	keptOfPacket = 64   // bytes
	keptPackets  = 4000 // of a wire
)

func newWire(t *testing.T, broker string, sealed bool) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, broker: broker, sealed: sealed, open: map[*net.TCPConn]chan struct{}{}}
	w.running.Add(1)
	go w.accept()
	return w
}

func (w *wire) port() int { return w.listener.Addr().(*net.TCPAddr).Port }

func (w *wire) accept() {
	defer w.running.Done()
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", w.broker)
		if err != nil {
			client.Close()
			continue
		}
		over := make(chan struct{})
		w.mu.Lock()
		w.open[client.(*net.TCPConn)] = over
		w.mu.Unlock()
		w.running.Add(2)
		go w.toBroker(client.(*net.TCPConn), server.(*net.TCPConn))
		go w.toClient(client.(*net.TCPConn), server.(*net.TCPConn), over)
	}
}

// toBroker ends with the client, and says so to the broker, which then has read
// all that the client sent before it closes.
func (w *wire) toBroker(client, server *net.TCPConn) {
	defer w.running.Done()
	_, _ = io.Copy(server, io.TeeReader(client, w.splitter(true)))
	_ = server.CloseWrite()
}

// toClient ends with the broker.
func (w *wire) toClient(client, server *net.TCPConn, over chan struct{}) {
	defer w.running.Done()
	_, _ = io.Copy(client, io.TeeReader(server, w.splitter(false)))
	_, _ = io.Copy(io.Discard, server) // the client may be gone before the broker is
	client.Close()
	server.Close()
	w.mu.Lock()
	delete(w.open, client)
	w.mu.Unlock()
	close(over)
}

func (w *wire) splitter(up bool) io.Writer {
	if w.sealed {
		return io.Discard
	}
	return &splitter{keep: func(p packet) {
		p.up = up
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.packets) < keptPackets {
			w.packets = append(w.packets, p)
		}
	}}
}

// cut ends what is connected, without any DISCONNECT.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		c.Close()
	}
}

// over waits until the broker has closed all connections.
func (w *wire) over() bool {
	end := time.After(patience)
	w.mu.Lock()
	all := slices.Collect(maps.Values(w.open))
	w.mu.Unlock()
	for _, over := range all {
		select {
		case <-over:
		case <-end:
			return false
		}
	}
	return true
}

func (w *wire) close() {
	w.listener.Close()
	w.cut()
	w.running.Wait()
}

// connack is what the broker last said to a CONNECT.
func (w *wire) connack() (present bool, code int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.packets) - 1; i >= 0; i-- {
		if p := w.packets[i]; !p.up && p.first>>4 == 2 && len(p.head) >= 2 {
			return p.head[0]&1 == 1, int(p.head[1])
		}
	}
	return false, -1
}

// String shows the packets that passed.
func (w *wire) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	const most = 60
	for i, p := range w.packets {
		if i == most && len(w.packets) > 2*most {
			fmt.Fprintf(&b, "  ... %d more\n", len(w.packets)-2*most)
		}
		if i >= most && i < len(w.packets)-most {
			continue
		}
		arrow := "<-"
		if p.up {
			arrow = "->"
		}
		fmt.Fprintf(&b, "  %s %-11s flags %04b, %d bytes: %x %q\n", arrow, packetNames[p.first>>4], p.first&15, p.size, p.head, p.head)
	}
	return b.String()
}

// settled says whether every QoS 1 and 2 message has been acknowledged to the
// broker.
func (w *wire) settled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, p := range w.packets {
		switch kind := p.first >> 4; {
		case kind == 3 && !p.up && p.first&6 != 0:
			n++
		case p.up && (kind == 4 || kind == 7):
			n--
		}
	}
	return n == 0
}

var packetNames = [16]string{
	"0?", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP",
	"SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
}

// splitter finds the packets in one direction's bytes.
type splitter struct {
	keep  func(packet)
	p     packet
	state int // 0: the first byte is next; then of the length; -1: the body
	left  int // of the body
}

func (s *splitter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		switch {
		case s.state == 0:
			s.p = packet{first: b[0]}
			s.state, b = 1, b[1:]
			continue
		case s.state > 0:
			s.p.size |= int(b[0]&127) << (7 * (s.state - 1))
			s.state++
			if b[0] < 128 || s.state > 4 {
				s.state, s.left = -1, s.p.size
			}
			b = b[1:]
		default:
			k := min(len(b), s.left)
			s.p.head = append(s.p.head, b[:min(k, keptOfPacket-len(s.p.head))]...)
			s.left -= k
			b = b[k:]
		}
		if s.state < 0 && s.left == 0 {
			s.keep(s.p)
			s.state = 0
		}
	}
	return n, nil
}
