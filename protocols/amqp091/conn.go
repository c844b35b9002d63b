package amqp091

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// phase is how far a connection has come.
type phase uint8

const (
	wantHeader phase = iota
	wantStartOk
	wantSecureOk
	wantTuneOk
	wantOpen
	running
	closing // connection.close was sent: nothing counts but close-ok
)

// A conn is one network connection. What its channels write goes through its
// one lock and output; what they read is its read loop's.
type conn struct {
	h         *Handler        // immutable
	nc        *protocols.Conn // immutable
	ctx       context.Context // immutable; ends when the connection is asked to
	anonymous bool            // immutable

	// Read loop only.
	phase               phase
	header              []byte // of the protocol, while it is not complete
	reader              wire.Reader
	mechanism           mechanism
	mechanismName, name string // name: what the client calls the connection
	principal           *core.Principal
	user                string // who it said it is
	vhost               string
	ns                  *core.Namespace
	place               *core.Place
	pub                 *core.Publisher
	channels            map[uint16]*channel
	owned               map[string]*core.Queue // exclusive queues
	acked               ackBatch
	holdback            protocols.Holdback
	receiving           int // bytes of bodies that are not all there
	channelMax          uint16
	frameMax            int // 0: no limit; not changed after tune-ok, so deliveries may look
	capabilities        capabilities
	stopBlocked         func()      // ends the watch of connection.blocked
	closer              *time.Timer // the hard close after connection.close

	reading atomic.Bool // the read loop is at work and flushes when it is through
	waiting atomic.Bool // something that it published waits to be admitted
	beat    heartbeat
	gate    gate

	mu         sync.Mutex
	dirty      bool        // guarded by mu: somebody has promised a Flush
	full       bool        // guarded by mu: the core was told to deliver nothing
	adjusting  bool        // guarded by mu
	over       bool        // guarded by mu: nothing is delivered any more
	consumers  []*consumer // guarded by mu; of all channels
	look       []*channel  // guarded by mu; whose credit may have to change
	excess     []excess    // guarded by mu; deliveries over a channel's limit
	confirming []*channel  // guarded by mu; with confirms to send
	listed     []*channel  // guarded by mu; the open channels, for lists
	shown      Info        // guarded by mu; without the channels

	blocked     string // guarded by mu; why publishes are not admitted, ""
	toldBlocked bool   // guarded by mu; the client was told

	allConfirmed chan struct{} // guarded by mu; closed when owing owe nothing; nil: nobody waits
	owing        []*channel    // guarded by mu
}

// capabilities are what the client says that it can do.
type capabilities struct {
	cancelNotify, blocked, authFailureClose bool
}

func newConn(h *Handler, ctx context.Context, nc *protocols.Conn, anonymous bool) *conn {
	c := &conn{h: h, ctx: ctx, nc: nc, anonymous: anonymous, channels: map[uint16]*channel{}, owned: map[string]*core.Queue{}}
	c.reader.Max = wire.MaxHandshake
	nc.LandIn(&c.reader)
	nc.AfterInput(c.drained)
	nc.Out.OnWritable(c.Flush)
	return c
}

// id names the connection as the owner of exclusive queues.
func (c *conn) id() string { return ownerPrefix + formatUint(c.nc.ID()) }

// read takes what comes until the connection is over. When the server drains, it
// reads on until the client has said goodbye to our goodbye.
func (c *conn) read() error {
	err := c.nc.ReadLoop(c.consume)
	if c.phase == closing || c.phase < wantTuneOk || !c.goodbye(err) {
		return err
	}
	c.nc.Out.Flush() // no frame is under way whose end would
	c.await()
	for {
		if err := c.nc.ReadLoop(c.consume); err != nil {
			return err
		}
	}
}

// consume takes what the network brought.
func (c *conn) consume(buf []byte) error {
	c.reading.Store(true)
	c.holdback.Begin()
	if c.phase == wantHeader {
		var err error
		if buf, err = c.protocolHeader(buf); err != nil || c.phase == wantHeader {
			return err
		}
	}
	for len(buf) > 0 {
		f, n, err := c.reader.Next(buf)
		if err != nil {
			return errors.Join(c.fail(err), errGarbage)
		}
		if buf = buf[n:]; f.Type == 0 {
			return nil
		}
		if err := c.frame(f); err != nil {
			if err = c.fail(err); err != nil {
				return err
			}
		}
	}
	return nil
}

// frame takes one frame.
func (c *conn) frame(f wire.Frame) error {
	switch {
	case f.Type == wire.FrameHeartbeat:
		if f.Channel != 0 {
			return wire.Errorf(wire.FrameError, "a heartbeat on channel %d", f.Channel)
		}
		return nil
	case f.Channel != 0 && c.phase == closing:
		return nil
	case f.Channel != 0 && c.phase != running:
		return wire.Errorf(wire.ChannelError, "a frame on channel %d before the connection is open", f.Channel)
	case f.Channel != 0:
		return c.channelFrame(f)
	case f.Type != wire.FrameMethod:
		return wire.Errorf(wire.UnexpectedFrame, "expected method frame, got non-method frame instead")
	}
	m, args, err := wire.SplitMethod(f.Payload)
	if err != nil {
		return err
	}
	return c.connectionMethod(m, args)
}

// connectionMethods is the table of what is sent on channel 0, and in which
// phase.
var connectionMethods = map[wire.MethodID]struct {
	in     phase
	handle func(*conn, []byte) error
}{
	wire.MethodConnectionStartOk:      {wantStartOk, (*conn).startOk},
	wire.MethodConnectionSecureOk:     {wantSecureOk, (*conn).secureOk},
	wire.MethodConnectionTuneOk:       {wantTuneOk, (*conn).tuneOk},
	wire.MethodConnectionOpen:         {wantOpen, (*conn).open},
	wire.MethodConnectionUpdateSecret: {running, (*conn).updateSecret},
}

func (c *conn) connectionMethod(m wire.MethodID, args []byte) error {
	switch {
	case m == wire.MethodConnectionClose:
		return c.closed(args)
	case m == wire.MethodConnectionCloseOk && c.phase == closing:
		return errGoodbye
	case c.phase == closing:
		return nil
	}
	entry, ok := connectionMethods[m]
	if !ok || entry.in != c.phase {
		return &wire.Error{Code: wire.CommandInvalid, Detail: "unexpected " + m.String(), Method: m}
	}
	return withMethod(entry.handle(c, args), m)
}

// closed is connection.close: the client says goodbye.
func (c *conn) closed(args []byte) error {
	var m wire.ConnectionClose
	if err := m.Decode(args); err != nil {
		return err
	}
	c.settleAcked()
	c.letGo()
	c.write((&wire.ConnectionCloseOk{}).Append)
	return errGoodbye
}

// write appends a method's frame on channel 0.
func (c *conn) write(appendFrame func(dst []byte, channel uint16) []byte) { c.writeOn(0, appendFrame) }

func (c *conn) writeOn(channel uint16, appendFrame func(dst []byte, channel uint16) []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.encode(channel, appendFrame)
}

// encode is writeOn with the lock held.
func (c *conn) encode(channel uint16, appendFrame func(dst []byte, channel uint16) []byte) {
	c.nc.Out.Encode(protocols.Must, func(dst []byte) []byte { return appendFrame(dst, channel) })
}

// drained finishes what frames began that came together: settlements go to the core
// together, and what publishing appended elsewhere is flushed. Our own output
// the read loop flushes.
func (c *conn) drained() {
	if c.pub != nil {
		c.settleAcked()
		c.pub.Flush()
		c.mu.Lock()
		c.sendConfirms()
		c.mu.Unlock()
		c.adjust()
	}
	c.reading.Store(false)
}

// Flush is core.Flusher for everything that is appended to our output.
func (c *conn) Flush() { c.flushBy((*protocols.Output).FlushSoon) }

// FlushNow is core.Prompt.
func (c *conn) FlushNow() { c.flushBy((*protocols.Output).FlushNow) }

func (c *conn) flushBy(flush func(*protocols.Output)) {
	c.mu.Lock()
	c.dirty = false
	c.sendConfirms()
	c.mu.Unlock()
	c.adjust()
	if !c.reading.Load() {
		flush(c.nc.Out)
	}
}

// soil reports whether a Flush is now due that was not due before. Lock held.
func (c *conn) soil() bool {
	was := c.dirty
	c.dirty = true
	return !was
}

// waits is for what may take the disk's time: what was answered so far goes
// out, and others may flush meanwhile.
func (c *conn) waits(f func() error) error {
	c.pub.Flush()
	c.mu.Lock()
	c.sendConfirms()
	c.mu.Unlock()
	c.nc.Out.Flush()
	c.reading.Store(false)
	defer c.reading.Store(true)
	return f()
}

// How long a goodbye is waited for.
const (
	closeTime = 3 * time.Second
	drainTime = time.Second
)

// goodbye tells the client why it loses the connection, and reports whether its
// answer can be waited for.
func (c *conn) goodbye(err error) bool {
	we := (*wire.Error)(nil)
	switch {
	case errors.Is(err, protocols.ErrDraining), errors.Is(err, protocols.ErrServerClosed):
		c.awaitConfirms(drainTime)
		we = wire.Errorf(wire.ConnectionForced, "broker forced connection closure with reason 'shutdown'")
	case errors.Is(err, context.Cause(c.ctx)) && context.Cause(c.ctx) != nil && !errors.Is(err, protocols.ErrStalled):
		we = wire.Errorf(wire.ConnectionForced, "%v", err) // an administrator
	default:
		return false
	}
	c.closeWith(we)
	return true
}

// closeWith sends connection.close; from here on only its answer counts.
func (c *conn) closeWith(e *wire.Error) {
	c.letGo()
	c.phase = closing
	m := wire.ConnectionClose{ReplyCode: uint16(e.Code), ReplyText: e.Text(), ClassID: e.Method.Class(), MethodID: e.Method.Method()}
	c.write(m.Append)
}

// await bounds how long the answer to our connection.close is waited for.
func (c *conn) await() {
	if c.closer == nil {
		c.closer = time.AfterFunc(closeTime, func() { c.nc.Close(errSilent) })
	}
}

// fail turns an error of a frame into what the client is told: nil if the
// connection goes on.
func (c *conn) fail(err error) error {
	var we *wire.Error
	switch {
	case errors.Is(err, errGoodbye), !errors.As(err, &we):
		return err
	case c.phase == closing:
		return nil
	case c.phase < wantTuneOk:
		return c.refuse(we)
	}
	c.h.cfg.Log.Info("connection closed by us", "protocol", "amqp", "remote", c.nc.Remote(), "user", c.user, "reason", we)
	c.closeWith(we)
	c.await()
	return nil
}

// letGo ends all channels, and with them what they hold.
func (c *conn) letGo() {
	c.settleAcked()
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	for _, ch := range c.channels {
		ch.end()
	}
	clear(c.channels)
	for name, q := range c.owned {
		_ = c.ns.DeleteQueue(name) // NotFound: somebody was faster
		_ = q
	}
	clear(c.owned)
	if c.stopBlocked != nil {
		c.stopBlocked()
		c.stopBlocked = nil
	}
	c.beat.stop()
	c.place.Leave()
}

// end lets go of everything.
func (c *conn) end(err error) {
	c.letGo()
	if c.closer != nil {
		c.closer.Stop()
	}
	if c.pub != nil {
		c.pub.Close()
	}
	log := c.h.cfg.Log.With("protocol", "amqp", "remote", c.nc.Remote(), "user", c.user)
	var we *wire.Error
	refused := errors.Is(err, errRefused) && (!errors.As(err, &we) || we.Code != wire.AccessRefused) // of which loginRefused told
	if refused || protocols.CutFor(err) {
		log.Info("connection closed by us", "reason", err)
		return
	}
	log.Debug("connection ended", "reason", err)
}
