package stomp

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
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// A conn is one network connection. The version is a value: nothing here exists
// twice for it.
type conn struct {
	h         *Handler        // immutable
	nc        *protocols.Conn // immutable
	ctx       context.Context // immutable; ends when the connection is asked to
	anonymous bool            // immutable

	// Read loop only; version and session are not changed after CONNECTED, so
	// deliveries may look.
	reader    wire.Reader
	version   wire.Version // 0 before CONNECT
	principal *core.Principal
	ns        *core.Namespace
	place     *core.Place
	pub       *core.Publisher
	session   string        // random: names what is only this connection's
	clientID  string        // of durable subscribers
	activeMQ  bool          // it has said what only ActiveMQ has (dialect.go)
	local     *core.Session // who NoLocal means; nil until it is needed
	mark      producer
	subs      map[string]*subscription
	byNumber  map[uint64]*subscription // by their number in acks
	lastSub   uint64
	txs       map[string]*transaction
	temps     temps
	target    target          // of the last SEND
	only      [1]core.Address // scratch: its address, as a list
	idle      time.Duration   // how long the client may be silent; 0: for ever
	holdback  protocols.Holdback
	reading   atomic.Bool // the read loop is at work and flushes when it is through
	beat      heartBeat

	// settles is held while what was sent is settled, so that nobody cancels a
	// consumer in between: that would give back what the client has. It comes
	// before every other lock.
	settles sync.Mutex

	mu       sync.Mutex // guards what follows, and the order of frames in the output
	receipts receipts
	lastAck  uint64
	appended uint64     // bytes, to the output
	looking  bool       // a timer will have the pump look
	backlog  []outgoing // deliveries that wait for room, in order
	settling []*subscription
	opening  []*subscription // whose RECEIPT went out: the pump gives them credit
	paused   bool            // the core was told to deliver nothing
	adjusting,
	pumping, again bool
	ended    bool // no new pump
	live     []*core.Consumer
	wilds    []*subscription
	browsers []*browser

	pumps sync.WaitGroup // the pump, and browsers
}

// Limits before and after CONNECT: a stranger gets little.
const (
	strangerHead = 16 << 10
	maxHead      = 256 << 10
	maxLine      = 64 << 10
	maxHeaders   = 1000
)

func newConn(h *Handler, ctx context.Context, nc *protocols.Conn, anonymous bool) *conn {
	c := &conn{
		h: h, ctx: ctx, nc: nc, anonymous: anonymous, subs: map[string]*subscription{}, byNumber: map[uint64]*subscription{},
		txs: map[string]*transaction{},
	}
	c.receipts.first = 1
	c.reader.Limits = wire.Limits{Head: strangerHead, Line: strangerHead, Headers: 100}
	nc.LandIn(&c.reader)
	nc.AfterInput(c.drained)
	nc.Out.OnWritable(c.kick)
	return c
}

// commands is the one table of frames that a client sends. A handler is given
// the number of the receipt that is asked for, 0 for none, and says whether the
// core will confirm it later.
var commands map[string]func(c *conn, f *wire.Frame, receipt uint64) (later bool, err error)

func init() { // else the table would depend on itself
	commands = map[string]func(c *conn, f *wire.Frame, receipt uint64) (later bool, err error){
		"SEND": (*conn).send, "SUBSCRIBE": (*conn).subscribe, "UNSUBSCRIBE": (*conn).unsubscribe,
		"ACK": (*conn).ack, "NACK": (*conn).nack,
		"BEGIN": (*conn).begin, "COMMIT": (*conn).commit, "ABORT": (*conn).abort,
		"DISCONNECT": (*conn).disconnect,
	}
}

// consume takes what the network brought.
func (c *conn) consume(buf []byte) error {
	c.reading.Store(true)
	c.holdback.Begin()
	frames := uint64(0)
	defer func() { c.h.counters.FramesIn.Add(frames) }()
	f := new(wire.Frame) // one for all that is in buf: nobody keeps it
	for len(buf) > 0 {
		next, n, err := c.reader.Next(buf)
		if *f = next; err != nil {
			return err
		}
		if buf = buf[n:]; f.Command == "" {
			return nil
		}
		frames++
		if err := c.frame(f); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) frame(f *wire.Frame) error {
	if c.version == 0 {
		return c.connect(f)
	}
	handle := commands[f.Command]
	id := f.Value("receipt")
	if handle == nil {
		return about(refuse("Unknown command", "%s is no command of a client, or not now", f.Command), id)
	}
	seq := c.expect(id)
	later, err := handle(c, f, seq)
	if err != nil && !errors.Is(err, errGoodbye) {
		c.settle(seq, true)
		return about(err, id)
	}
	if seq != 0 && !later {
		c.settle(seq, false)
	}
	return err
}

// drained finishes what frames began that came together: what publishing appended
// elsewhere is flushed. Our own output the read loop flushes.
func (c *conn) drained() {
	if c.pub != nil {
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

// drainTime is how long receipts may still come when the connection ends.
const drainTime = time.Second

// goodbyeTime is the same for a client that said goodbye and waits.
const goodbyeTime = 10 * time.Second

// end lets go of everything.
func (c *conn) end(err error) {
	c.beat.stop()
	c.place.Leave()
	if c.version != 0 {
		if !errors.Is(err, io.EOF) && !isNetwork(err) {
			c.awaitReceipts(context.Background(), drainTime)
		}
		c.goodbye(err)
		if !isNetwork(err) {
			c.nc.Out.Finish(drainTime)
		}
		c.letGo()
		c.pub.Close()
	} else {
		c.goodbye(err)
	}
	c.log(err)
}

// goodbye tells the client why it loses the connection.
func (c *conn) goodbye(err error) {
	r := &refusal{}
	switch {
	case errors.Is(err, errGoodbye), errors.Is(err, io.EOF), errors.Is(err, protocols.ErrStalled), errors.Is(err, errPanicked),
		errors.Is(err, protocols.ErrHandshakeTimeout): // whose deadline is that of writing too
		return
	case errors.Is(err, protocols.ErrDraining), errors.Is(err, protocols.ErrServerClosed):
		r.short = "Server is shutting down"
	case errors.Is(err, protocols.ErrTLS):
		r.short, r.detail = "Malformed frame", err.Error()
	case errors.Is(err, protocols.ErrIdle):
		r.short, r.detail = "Heart-beat lost", "nothing was received for longer than promised"
	case isNetwork(err):
		return
	case c.ctx.Err() != nil && errors.Is(err, context.Cause(c.ctx)) && core.KindOf(err) == core.Internal && !isRefusal(err):
		r.short, r.detail = "Connection closed", err.Error() // somebody stopped it, for a reason of his own
	default:
		r = refusalOf(err)
	}
	c.h.counters.Refused.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(func(dst []byte) []byte { return c.appendError(dst, r) })
}

func (c *conn) appendError(dst []byte, r *refusal) []byte {
	dst = wire.AppendCommand(dst, "ERROR")
	if c.version == 0 {
		dst = wire.AppendRaw(dst, "version", wire.Versions)
	}
	dst = wire.AppendHeader(dst, c.version, "message", r.short)
	if r.receipt != "" {
		dst = wire.AppendHeader(dst, c.version, "receipt-id", r.receipt)
	}
	if r.detail != "" {
		dst = wire.AppendHeader(dst, c.version, "content-type", "text/plain")
	}
	dst = wire.AppendLength(dst, len(r.detail))
	return append(append(dst, r.detail...), 0)
}

func isRefusal(err error) bool {
	var r *refusal
	var we *wire.Error
	return errors.As(err, &r) || errors.As(err, &we)
}

func isNetwork(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

func (c *conn) log(err error) {
	info := c.nc.Info()
	log := c.h.cfg.Log.With("protocol", "stomp", "remote", info.Remote, "client", info.Client, "user", info.User)
	var login *protocols.LoginRefused
	switch {
	case errors.As(err, &login):
		login.Log(c.h.cfg.Log, "stomp", info.Remote)
	case isRefusal(err), protocols.CutFor(err):
		log.Info("connection closed by us", "reason", err)
	case core.KindOf(err) != core.Internal || errors.Is(err, errGoodbye) || errors.Is(err, io.EOF) || isNetwork(err) || c.ctx.Err() != nil:
		log.Debug("connection ended", "reason", err)
	default:
		log.Error("connection closed over an internal error", "error", err)
	}
}
