package ws

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// controlWait is how long a control frame waits for a message that is being
// written; then it is left out.
const controlWait = time.Second

// Conn is the stream of bytes that a WebSocket's messages are pieces of. One
// goroutine reads; one at a time writes; any may close.
type Conn struct {
	nc       net.Conn        // immutable, as all up to frames
	g        *websocket.Conn // writes only
	socket   *gather         // that g writes to
	cfg      *Config         //
	messages bool            // of the door, and true as long as that is not known; the reader's

	frames        // the reader's, as are
	ahead  []byte // read to find the door
	ended  error  // what every further Read says

	code    atomic.Int32 // to tell the client at the end
	saidBye atomic.Bool  // a close frame is written or being written

	pings
}

func newConn(nc net.Conn, g *websocket.Conn, cfg *Config, messages bool) *Conn {
	c := &Conn{nc: nc, g: g, socket: g.NetConn().(*gather), cfg: cfg, messages: messages}
	c.frames.max, c.frames.control = cfg.MaxMessage, c.controlFrame
	c.code.Store(websocket.CloseNormalClosure)
	c.startPings(c)
	return c
}

// Read reads into p what the messages hold; never nothing without an error. A
// deadline that passes spoils nothing: reading goes on where it was.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.ahead) > 0 {
		n := copy(p, c.ahead)
		c.ahead = c.ahead[n:]
		return n, nil
	}
	for c.ended == nil {
		c.waits.Store(true)
		n, err := c.nc.Read(p)
		c.waits.Store(false)
		if n > 0 {
			c.heard.Store(true)
			if n, ferr := c.take(p[:n]); n > 0 || ferr != nil {
				return n, ferr
			}
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, c.ended
}

// take decodes. What came before the end is worth reading.
func (c *Conn) take(b []byte) (int, error) {
	n, err := c.decode(b)
	if err == nil && c.text && !c.messages {
		n, err = 0, errText
	}
	if err != nil {
		c.ended = c.fail(err)
		if n == 0 {
			return 0, c.ended
		}
	}
	return n, nil
}

// fail tells the client what it did wrong.
func (c *Conn) fail(err error) error {
	var bad *errFrame
	if errors.As(err, &bad) {
		c.goodbye(bad.code)
	}
	return err
}

// controlFrame answers a control frame (5.5).
func (c *Conn) controlFrame(op byte, payload []byte) error {
	switch op {
	case opPing:
		_ = c.g.WriteControl(opPong, payload, time.Now().Add(controlWait)) // without it the client asks again
	case opClose:
		code, err := closeCode(payload)
		if err != nil {
			return err
		}
		c.goodbye(code)
		return io.EOF
	}
	return nil
}

// closeCode reads a close frame (5.5.1, 7.4) and returns the code to answer with.
func closeCode(payload []byte) (int, error) {
	if len(payload) == 0 {
		return websocket.CloseNormalClosure, nil
	}
	if len(payload) == 1 {
		return 0, badFrame("half a close code")
	}
	code := int(binary.BigEndian.Uint16(payload))
	private := code >= 3000 && code < 5000
	known := code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006
	if !private && !known {
		return 0, badFrame("a close code that nobody may send")
	}
	if !utf8.Valid(payload[2:]) {
		return 0, &errFrame{websocket.CloseInvalidFramePayloadData, "a reason that is not UTF-8"}
	}
	return code, nil
}

// goodbye writes the close frame, once.
func (c *Conn) goodbye(code int) {
	if c.saidBye.Swap(true) {
		return
	}
	text := websocket.FormatCloseMessage(code, "")
	_ = c.g.WriteControl(opClose, text, time.Now().Add(controlWait)) // as good as it goes
}

// EndWith notes why the connection is about to end, for the close frame.
func (c *Conn) EndWith(cause error) { c.code.Store(int32(c.cfg.CloseCode(cause))) }

// CloseWrite says goodbye; what the client still sends may be read.
func (c *Conn) CloseWrite() error {
	c.goodbye(int(c.code.Load()))
	return nil
}

// Close closes the connection, without a goodbye.
func (c *Conn) Close() error {
	c.stopPings()
	return c.nc.Close()
}

// Write sends p as one message; nothing as none.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.g.WriteMessage(opBinary, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// messageConn is a Conn whose protocol has a frame in each message.
type messageConn struct {
	*Conn
	message message // that is being written
}

// NextMessage begins a message, which its Close ends. One at a time is written.
// If there are more at once, this one may be sent with the next, heldMost bytes at
// a time.
func (c *messageConn) NextMessage(text, more bool) (io.WriteCloser, error) {
	kind := opBinary
	if text {
		kind = opText
	}
	c.socket.hold(true)
	w, err := c.g.NextWriter(kind)
	if err != nil {
		return nil, errors.Join(err, c.socket.release()) // of messages before, and of a goodbye
	}
	c.message = message{WriteCloser: w, socket: c.socket, more: more}
	return &c.message, nil
}

type message struct {
	io.WriteCloser
	socket *gather
	more   bool
}

func (m *message) Close() error {
	if !m.more {
		m.socket.hold(false)
	}
	return m.WriteCloser.Close()
}

// LocalAddr is that of the socket, as are RemoteAddr and the deadlines.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr is the socket's.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// SetDeadline is the socket's.
func (c *Conn) SetDeadline(t time.Time) error { return c.nc.SetDeadline(t) }

// SetReadDeadline is the socket's.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.nc.SetReadDeadline(t) }

// SetWriteDeadline is the socket's.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.nc.SetWriteDeadline(t) }

// pings ask a silent client whether it is there. A timer, not a goroutine: most
// connections are idle.
type pings struct {
	heard atomic.Bool // something came since the timer's last turn
	waits atomic.Bool // the reader waits for the client, and not the client for us

	mu      sync.Mutex
	timer   *time.Timer // guarded by mu; nil after the end
	asked   bool        // guarded by mu; a ping has had no answer yet
	writing bool        // guarded by mu; a ping is being written
}

func (p *pings) startPings(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(c.cfg.Ping, c.ping)
}

func (p *pings) stopPings() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// ping is the timer's. A client whose bytes we do not read, because it has not
// taken ours or the broker holds it back, is not silent.
func (c *Conn) ping() {
	switch silent, dead := c.turn(); {
	case dead:
		_ = c.Close() // the reader finds out
	case silent:
		err := c.g.WriteControl(opPing, nil, time.Now().Add(controlWait))
		c.mu.Lock()
		c.writing, c.asked = false, err == nil // behind a message that is being written it was left out
		c.mu.Unlock()
	}
}

func (c *Conn) turn() (silent, dead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		return false, false
	}
	heard := c.heard.Swap(false) || !c.waits.Load()
	switch {
	case heard:
		c.asked = false
	case c.asked:
		return false, true
	case !c.writing:
		c.writing, silent = true, true
	}
	c.timer.Reset(c.cfg.Ping)
	return silent, false
}
