package protocols

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one accepted connection. Its handler's goroutine reads; any goroutine
// may use Out, Stop, Close and Info.
type Conn struct {
	Out *Output // immutable

	// Batch collects the outputs that this connection's input made dirty; ReadLoop
	// flushes them when the input is drained. Read loop only.
	Batch Batch

	srv    *Server                 // immutable, as all up to addr
	cancel context.CancelCauseFunc //
	id     uint64                  //
	since  time.Time               //
	addr   netip.Addr              // guarded by srv.mu until the handler runs, then immutable

	landing    Landing // handler goroutine only, as
	afterInput func()  // this

	bytesIn atomic.Uint64
	sawEnd  bool  // the client closed its side; handler goroutine only, as
	ended   error // why ReadLoop ended

	mu          sync.Mutex    // guards what follows
	nc          net.Conn      // the socket, then what the protocol speaks over; immutable once the handler runs
	remote      string        // as nc
	identity    string        // as nc
	over        string        // as nc
	protocol    string        // as nc
	client      string        //
	user        string        //
	namespace   string        //
	established bool          //
	idle        time.Duration // 0: no keep-alive
	deadlineAt  time.Time     // when the read deadline was last moved
	stopCause   error         // set once by the first stop
	stopChan    chan struct{} // made by a reader that waits for room, closed by the stop
	stopShown   bool          // ReadLoop has returned stopCause
	graceTimer  *time.Timer   // the hard close after Stop
}

func newConn(s *Server, nc net.Conn, protocol string, cancel context.CancelCauseFunc) *Conn {
	c := &Conn{srv: s, nc: nc, cancel: cancel, protocol: protocol, remote: nc.RemoteAddr().String(), since: time.Now(), over: "tcp",
		landing: nowhere{}, afterInput: func() {}}
	c.Out = newOutput(nc, s.cfg.OutputLimit, s.cfg.Stall, &s.stats)
	return c
}

// ID is unique within the server's life.
func (c *Conn) ID() uint64 { return c.id }

// Remote is the client's address, also behind a proxy that tells it.
func (c *Conn) Remote() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote
}

// Identity is the user that a verified client certificate names; "" without
// one. It proves who the client is as a password does (MQTT without a user name,
// SASL EXTERNAL).
func (c *Conn) Identity() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.identity
}

// NetConn is the connection beneath, for its addresses and TLS state. Nobody
// but the Conn reads from, writes to or closes it.
func (c *Conn) NetConn() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nc
}

// talkOver has the protocol speak over nc, which is over the socket.
func (c *Conn) talkOver(nc net.Conn, p peer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nc, c.identity, c.over = nc, p.identity, p.over
	c.protocol = cmp.Or(p.protocol, c.protocol)
	return c.Out.talkOver(nc)
}

// Address is Remote without the port; "" for what is not IP.
func (c *Conn) Address() string {
	if !c.addr.IsValid() {
		return ""
	}
	return c.addr.String()
}

// HandshakeEnds is when a connection that is not Established is given up. Who
// waits for something else than input asks.
func (c *Conn) HandshakeEnds() time.Time { return c.since.Add(c.srv.cfg.Handshake) }

// Info describes the connection.
func (c *Conn) Info() Info {
	c.mu.Lock()
	client, user, remote, over, protocol, namespace := c.client, c.user, c.remote, c.over, c.protocol, c.namespace
	c.mu.Unlock()
	return Info{
		ID: c.id, Protocol: protocol, Transport: over, Remote: remote, Local: c.nc.LocalAddr().String(), Since: c.since, Client: client, User: user, Namespace: namespace,
		BytesIn: c.bytesIn.Load(), BytesOut: c.Out.Written(), Queued: c.Out.Queued(),
	}
}

// Enter says, before Established, in which namespace the client is.
func (c *Conn) Enter(namespace string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.namespace = namespace
}

// Established ends the handshake: the client is known and its timeout lifted.
func (c *Conn) Established(client, user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client, c.user = client, user
	if c.established {
		return
	}
	c.established = true
	_ = c.nc.SetWriteDeadline(time.Time{}) // fails only on a closed connection, which the next read tells
	if c.stopCause == nil || c.stopShown {
		c.deadlineAt = time.Time{}
		_ = c.nc.SetReadDeadline(time.Time{}) // as above
		c.moveDeadline(time.Now())
	}
}

func (c *Conn) known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.established
}

// SetIdle makes ReadLoop end with ErrIdle when nothing arrives for d; 0 turns
// that off. MQTT gives one and a half keep-alives, [MQTT-3.1.2-22].
func (c *Conn) SetIdle(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = d
	c.deadlineAt = time.Time{}
	if d == 0 && c.established && (c.stopCause == nil || c.stopShown) {
		_ = c.nc.SetReadDeadline(time.Time{})
	}
	c.moveDeadline(time.Now())
}

// moveDeadline sets the read deadline for the idle time. It is moved at most
// once a second, and set that much later, so that it never comes early. The
// caller holds c.mu.
func (c *Conn) moveDeadline(now time.Time) {
	if c.idle == 0 || !c.established || (c.stopCause != nil && !c.stopShown) {
		return
	}
	slack := min(time.Second, c.idle/4)
	if !c.deadlineAt.IsZero() && now.Sub(c.deadlineAt) < slack {
		return
	}
	c.deadlineAt = now
	_ = c.nc.SetReadDeadline(now.Add(c.idle + slack)) // as above
}

// Stop asks the handler to end: its context ends with the cause, and ReadLoop
// returns it. If the connection is still there after Config.StopGrace it is
// closed.
func (c *Conn) Stop(cause error) {
	c.interrupt(cause)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.graceTimer == nil {
		c.graceTimer = time.AfterFunc(c.srv.cfg.StopGrace, func() { c.Close(cause) })
	}
}

// interrupt is Stop without the hard close.
func (c *Conn) interrupt(cause error) {
	if cause == nil {
		cause = ErrServerClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopCause != nil {
		return
	}
	c.stopCause = cause
	if c.stopChan != nil {
		close(c.stopChan)
	}
	c.cancel(cause)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // wakes the read; fails only if it is closed already
}

// Close cuts the connection at once, without a goodbye.
func (c *Conn) Close(cause error) {
	c.cancel(cause)
	c.Out.Close(cause)
}

// stopping is closed by a stop that ReadLoop has not returned yet; nil, which
// blocks for ever, if it has.
func (c *Conn) stopping() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopShown {
		return nil
	}
	if c.stopChan == nil {
		c.stopChan = make(chan struct{})
		if c.stopCause != nil {
			close(c.stopChan)
		}
	}
	return c.stopChan
}

// showStop returns the cause of a stop the first time it is asked, and gives
// the connection a usable deadline again, for a handler that reads on.
func (c *Conn) showStop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopCause == nil || c.stopShown {
		return nil
	}
	c.stopShown = true
	c.deadlineAt = time.Time{}
	if c.established {
		_ = c.nc.SetReadDeadline(time.Time{})
		c.moveDeadline(time.Now())
	} else {
		_ = c.nc.SetReadDeadline(c.since.Add(c.srv.cfg.Handshake))
	}
	return c.stopCause
}

// readError turns an error of the network into the reason why the connection ends.
func (c *Conn) readError(err error) error {
	if cause := c.showStop(); cause != nil {
		return cause
	}
	if cause := c.Out.Err(); cause != nil {
		c.sawEnd = true
		return cause
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.sawEnd = true
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.established {
		c.srv.stats.IdleTimeouts.Add(1)
		return ErrIdle
	}
	c.srv.stats.HandshakeTimeouts.Add(1)
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.srv.cfg.StopGrace)) // for the goodbye; it was that of the handshake
	return ErrHandshakeTimeout
}

// finish ends the connection after its handler returned: what is queued goes
// out if the client takes it, then the goodbye gets a moment to arrive.
func (c *Conn) finish() {
	if e, ok := c.nc.(interface{ EndWith(error) }); ok { // WebSocket, which tells the client
		e.EndWith(c.ended)
	}
	clean := c.Out.Finish(c.srv.cfg.StopGrace)
	if clean && !c.sawEnd {
		c.linger()
	}
	c.Close(ErrServerClosed)
	c.Out.wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.graceTimer != nil {
		c.graceTimer.Stop()
	}
}

const (
	lingerTime  = 250 * time.Millisecond // of silence
	lingerMost  = 2 * time.Second
	lingerBytes = 256 << 10 // of a stranger
	lingerKnown = 32 << 20  // of who logged in, and may be in the middle of his largest message
	lingerChunk = 32 << 10
)

// linger half-closes a connection that can be and throws away what still comes,
// so that no reset overtakes the last frame.
func (c *Conn) linger() {
	half, ok := c.nc.(interface{ CloseWrite() error }) // TCP, TLS, WebSocket
	if !ok || half.CloseWrite() != nil {
		return
	}
	most, end := int64(lingerBytes), time.Now().Add(lingerMost)
	if c.known() {
		most = lingerKnown
	}
	for n := int64(0); n < most && time.Now().Before(end); {
		_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime)) // without it the limit of bytes and Close still end this
		took, err := io.CopyN(io.Discard, c.nc, lingerChunk)
		if n += took; err != nil {
			return // any end will do
		}
	}
}
