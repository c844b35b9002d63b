package mqtt

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// A conn is one network connection. The version is a value in peer: nothing
// here exists twice for it. Its lock is that of its session: a connection
// before CONNECT is nobody's but its reader's.
type conn struct {
	h         *Handler        // immutable
	nc        *protocols.Conn // immutable
	ctx       context.Context // immutable; ends when the connection is asked to
	anonymous bool            // immutable

	// Read loop only; set by CONNECT.
	reader    wire.Reader
	peer      wire.Peer
	principal *core.Principal // not changed after CONNACK, so deliveries may look
	ns        *core.Namespace
	place     *core.Place
	pub       *core.Publisher
	s         *session
	claim     *claim
	enhanced  enhanced
	aliases   map[uint16]string
	topic     topicCache
	acked     ackBatch
	holdback  protocols.Holdback
	credit    int // the client's receive maximum, or what stands for it
	expiry    time.Duration
	bridge    bool // it is a bridge of Mosquitto's, of version 3.x
	stateWill bool // the will is that a bridge is gone (bridge.go)
	keepWill  bool // how it ended makes the will due
	connected bool // CONNACK said yes
	resumed   bool // CONNACK said that the session was there
	told      bool // of a refusal (tellRefused)
	revoked   bool // the session lost a subscription; not changed after CONNACK

	sentAliases sentAliases

	// joining is held while a $queue subscription begins or ends; before the
	// core's locks.
	joining sync.Mutex

	done    chan struct{} // closed when the session is let go of
	reading atomic.Bool   // the read loop is at work and flushes when it is through

	// Guarded by s.mu.
	acks       acks
	replies    []*reply // SUBACKs and UNSUBACKs, in order
	received   int      // QoS 1 and 2 publishes without their last acknowledgement
	quota      int      // how many more deliveries the client takes unacknowledged
	feeds      map[string]*feed
	backlog    []outgoing // deliveries that wait for quota or room, in order
	readable   readable
	discards   []*slot // to be settled although nothing was sent
	retained   []*retainedValues
	unreadable bool              // the store was asked for retained values in vain, just now
	queued     int               // retained values on their way through the session's queue
	orphaned   map[string]orphan // subscriptions whose $queue is gone, by filter
	stopped    []*feed           // of subscriptions that ended while the client had something of them
	creditDue  bool              // a feed at QoS 0 has used half of its credit
	paused     bool              // the core was told to deliver nothing
	adjusting,
	pumping, again bool
	held  bool // the pump records packet ids: deliveries queue up behind it
	ended bool // no new pump

	pumps sync.WaitGroup
}

func newConn(h *Handler, ctx context.Context, nc *protocols.Conn, anonymous bool) *conn {
	return &conn{h: h, ctx: ctx, nc: nc, anonymous: anonymous, done: make(chan struct{}), keepWill: true, feeds: map[string]*feed{}}
}

func (c *conn) version() wire.Version { return c.peer.Version }

// handlers is the one table of packets: what a client may send once it is
// connected. What a type may be in which version the wire.Reader has judged.
var handlers = [wire.AUTH + 1]func(*conn, wire.Frame) error{
	wire.PUBLISH:     (*conn).publish,
	wire.PUBACK:      (*conn).puback,
	wire.PUBREC:      (*conn).pubrec,
	wire.PUBREL:      (*conn).pubrel,
	wire.PUBCOMP:     (*conn).pubcomp,
	wire.SUBSCRIBE:   (*conn).subscribe,
	wire.UNSUBSCRIBE: (*conn).unsubscribe,
	wire.PINGREQ:     (*conn).pingreq,
	wire.DISCONNECT:  (*conn).disconnect,
	wire.AUTH:        (*conn).auth,
}

// consume takes what the network brought.
func (c *conn) consume(buf []byte) error {
	c.reading.Store(true)
	packets := uint64(0)
	c.holdback.Begin()
	c.h.counters.BytesIn.Add(uint64(len(buf)))
	defer func() { c.h.counters.PacketsIn.Add(packets); c.drained() }()
	for len(buf) > 0 {
		f, n, err := c.reader.Next(buf)
		if err != nil {
			return err
		}
		if buf = buf[n:]; f.Type == 0 {
			return nil
		}
		packets++
		switch {
		case c.connected:
			err = handlers[f.Type](c, f)
		case c.enhanced.connect != nil:
			err = c.authenticating(f)
		default:
			err = c.connect(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drained finishes what a buffer of packets began: acknowledgements go to the
// core together, and what publishing appended elsewhere is flushed. Our own
// output the read loop flushes.
func (c *conn) drained() {
	if c.s != nil {
		c.acked.settle()
		c.pub.Flush()
		if c.behind() {
			c.kick()
		}
	}
	c.reading.Store(false)
}

// Flush is core.Flusher for everything that is appended to our output.
func (c *conn) Flush() { c.flushBy((*protocols.Output).FlushSoon) }

// FlushNow is core.Prompt.
func (c *conn) FlushNow() { c.flushBy((*protocols.Output).FlushNow) }

func (c *conn) flushBy(flush func(*protocols.Output)) {
	if c.behind() {
		c.adjust()
		c.kick()
	}
	if !c.reading.Load() {
		flush(c.nc.Out)
	}
}

// write appends a reply that is sent whatever happens. One that is longer than
// the client takes may not be [MQTT-3.1.2-24], and the client would wait for it
// for ever: the connection ends.
func (c *conn) write(f func(dst []byte) []byte) {
	fits := false
	c.nc.Out.Encode(protocols.Must, func(dst []byte) []byte {
		out := f(dst)
		fits = len(out) > len(dst)
		return out
	})
	if !fits {
		c.nc.Stop(protocolError(wire.PacketTooLarge, "MQTT-3.1.2-24", "an answer has more than the %d bytes that the client takes", c.peer.MaxPacket))
		return
	}
	c.h.counters.PacketsOut.Add(1)
}

// takeOver is called by another connection of the same client id.
func (c *conn) takeOver() {
	select {
	case <-c.done:
	default:
		c.h.counters.Takeovers.Add(1)
		c.nc.Stop(errTakenOver)
	}
}

// drainTime is how long confirmations may still come when the server stops.
const drainTime = time.Second

// end lets go of everything. It waits for nobody but our own pump.
func (c *conn) end(err error) {
	defer close(c.done)
	if c.s == nil {
		c.place.Leave()
		c.log(err)
		return
	}
	if errors.Is(err, protocols.ErrDraining) {
		c.awaitAcks(drainTime)
	}
	c.goodbye(err)
	c.letGo()
	if c.stateWill && c.keepWill {
		c.sayState("0")
	}
	c.pub.Close()
	c.s.core.Detach(c.expiry, c.keepWill)
	c.h.online.remove(c)
	c.place.Leave()
	c.h.claims.drop(c.claim)
	c.log(err)
}

// letGo ends the deliveries: what was never sent goes back as if it had never
// been taken, the rest keeps its packet id for the next connection.
func (c *conn) letGo() {
	s := c.s
	s.conn.CompareAndSwap(c, nil)
	s.mu.Lock()
	c.ended = true
	feeds := c.feeds
	s.mu.Unlock()
	c.pumps.Wait()
	for _, f := range feeds {
		f.leaveGroup()
		f.consumer.AddCredit(-allCredit)
	}
	s.mu.Lock()
	backlog := c.backlog
	c.backlog = nil
	s.mu.Unlock()
	for _, o := range backlog {
		o.consumer.Settle(core.Release, false, []core.Receipt{o.d.Receipt}, nil, nil, nil, 0)
	}
	s.finish()
	for _, f := range feeds {
		f.consumer.Cancel()
	}
	for _, f := range c.stopped {
		f.consumer.Cancel()
	}
	s.mu.Lock()
	s.retained = append(s.retained, c.retained...)
	changes := append(s.leave(), s.recordCursors(s.retained)...)
	s.mu.Unlock()
	for _, change := range changes {
		s.core.SetState(change, nil, 0)
	}
	c.abandon()
}

// goodbye tells a version 5 client why it loses the connection.
func (c *conn) goodbye(err error) {
	code, text := wire.UnspecifiedError, ""
	var we *wire.Error
	switch {
	case errors.As(err, &we):
		code, text = we.Code, we.Detail
	case errors.Is(err, errGoodbye), errors.Is(err, io.EOF), errors.Is(err, errUnconfirmed), errors.Is(err, protocols.ErrStalled):
		return
	case errors.Is(err, errTakenOver):
		code = wire.SessionTakenOver
	case errors.Is(err, protocols.ErrDraining), errors.Is(err, protocols.ErrServerClosed):
		code = wire.ServerShuttingDown
	case errors.Is(err, protocols.ErrIdle):
		code = wire.KeepAliveTimeout
	case errors.Is(err, context.Cause(c.ctx)): // somebody stopped it, for a reason of his own
		code, text = wire.AdministrativeAction, err.Error()
	case isNetwork(err):
		return
	}
	code, props := c.reference(code, text)
	c.write(func(dst []byte) []byte { return wire.AppendDisconnect(dst, c.peer, code, props) })
}

func isNetwork(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

func (c *conn) log(err error) {
	info := c.nc.Info()
	log := c.h.cfg.Log.With("protocol", "mqtt", "remote", info.Remote, "client", info.Client, "user", info.User)
	var we *wire.Error
	var login *protocols.LoginRefused
	switch {
	case errors.As(err, &login):
		login.Log(c.h.cfg.Log, "mqtt", info.Remote)
	case errors.As(err, &we), errors.Is(err, errUnconfirmed), errors.Is(err, errRefused), protocols.CutFor(err):
		log.Info("connection closed by us", "reason", err)
	default:
		log.Debug("connection ended", "reason", err)
	}
}
