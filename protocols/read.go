package protocols

import (
	"io"
	"net"
	"syscall"
	"time"
)

// maxUnflushed is how many full buffers in a row are read before the replies to
// them are flushed although more input waits, and what AfterInput has is called
// although they are parts of large bodies.
const maxUnflushed = 4

// A Landing is where the rest of something large goes that a protocol is receiving,
// straight from the socket: it is not copied out of a buffer.
type Landing interface {
	// Room is where what comes next goes, not more than is large; nil: to consume.
	Room() []byte
	// Landed says that the first n bytes of Room came. What came behind them is
	// handed to consume.
	Landed(n int)
}

// LandIn has ReadLoop ask l before it reads. Before the first ReadLoop.
func (c *Conn) LandIn(l Landing) { c.landing = l }

// AfterInput has ReadLoop call f after each call of consume, before Out and Batch are
// flushed; but if a part of what came landed and more is coming, only once for several
// of them: with large bodies it would else be called, and others woken by what it does,
// for each. It is called before ReadLoop waits for anything, and before it returns.
// Before the first ReadLoop.
func (c *Conn) AfterInput(f func()) { c.afterInput = f }

// nowhere is the Landing of who has none.
type nowhere struct{}

func (nowhere) Room() []byte { return nil }
func (nowhere) Landed(int)   {}

// ReadLoop hands everything that arrives to consume, until consume fails, the
// connection ends, or it is asked to stop. buf is lent for the call: consume
// takes all of it and keeps a copy of what it still needs. Whenever the input
// is drained Out and Batch are flushed. While the connection is idle, a plain
// TCP one holds no buffer. Called again after a stop, it reads on.
func (c *Conn) ReadLoop(consume func(buf []byte) error) (err error) {
	defer func() { c.ended = err }()
	r := newReader(c)
	defer r.release()
	defer c.flush()
	full := 0
	for {
		if err := c.waitForRoom(); err != nil {
			return err
		}
		landed, buf, drained, err := r.read(c.landing.Room(), full == 0)
		first := c.bytesIn.Load() == 0
		if landed+len(buf) > 0 {
			c.arrived(landed + len(buf))
			c.landing.Landed(landed)
		}
		if len(buf) > 0 {
			if first && beginsTLS(buf) {
				return ErrTLS
			}
			if cerr := consume(buf); cerr != nil {
				return cerr
			}
		}
		if err != nil {
			return c.readError(err)
		}
		switch full++; {
		case drained, full == maxUnflushed:
			full = 0
			r.release()
			c.flush()
		case landed == 0:
			c.afterInput()
		}
	}
}

// beginsTLS says that buf is a handshake record of TLS (RFC 8446, section 5.1),
// with which no protocol here begins.
func beginsTLS(buf []byte) bool { return len(buf) > 1 && buf[0] == 22 && buf[1] == 3 }

func (c *Conn) arrived(n int) {
	c.bytesIn.Add(uint64(n))
	c.srv.stats.BytesIn.Add(uint64(n))
	c.mu.Lock()
	if c.idle > 0 {
		c.moveDeadline(time.Now())
	}
	c.mu.Unlock()
}

func (c *Conn) flush() {
	c.afterInput()
	c.Batch.Flush()
	c.Out.Flush()
}

// waitForRoom holds back reading while the client leaves twice the output's
// limit unread: every frame read may have to be answered.
func (c *Conn) waitForRoom() error {
	if cause := c.showStop(); cause != nil || !c.Out.choked() {
		return cause
	}
	c.flush()
	select {
	case <-c.Out.relief():
	case <-c.stopping(): // never ready once the stop was shown
	}
	return c.showStop()
}

// reader is the way bytes leave a socket: readiness first where the system can
// tell (read_unix.go), else a blocking read into a small buffer.
type reader interface {
	// read returns what arrived, lent until the next call; the first of it, as
	// much as landed says, is in room. drained says that probably nothing more is
	// readable now. A reader that can tell returns nothing and drained instead of
	// waiting if mayWait is false.
	read(room []byte, mayWait bool) (landed int, buf []byte, drained bool, err error)
	// release gives back the buffer, if one is held.
	release()
}

func newReader(c *Conn) reader {
	if tc, ok := c.nc.(*net.TCPConn); ok {
		if raw, err := tc.SyscallConn(); err == nil {
			if r := newReadyReader(raw); r != nil {
				return r
			}
		}
	}
	return &blockingReader{r: c.nc, small: make([]byte, smallRead)}
}

// rawConn is a socket that can be written to without waiting; nil if nc is none.
func rawConn(nc net.Conn) syscall.RawConn {
	tc, ok := nc.(*net.TCPConn)
	if !ok || !canWaitReady {
		return nil
	}
	raw, err := tc.SyscallConn()
	if err != nil {
		return nil // a closed connection: the ordinary way will say so
	}
	return raw
}

// blockingReader serves TLS, WebSocket and pipes. It waits in a small buffer and
// takes a pooled one only after a full read showed that more is coming.
type blockingReader struct {
	r     io.Reader
	small []byte
	big   *[readSize]byte // nil unless the last read was full
	full  bool
}

func (b *blockingReader) read(room []byte, _ bool) (landed int, buf []byte, drained bool, err error) {
	// Always drained: whether the next read would block cannot be known.
	if len(room) > 0 {
		landed, err = b.r.Read(room)
		b.full = landed == len(room)
		return landed, nil, true, err
	}
	buf = b.small
	if b.full {
		if b.big == nil {
			b.big = readPool.Get().(*[readSize]byte)
		}
		buf = b.big[:]
	}
	n, err := b.r.Read(buf)
	b.full = n == len(buf)
	return 0, buf[:n], true, err
}

func (b *blockingReader) release() {
	if b.big != nil && !b.full {
		readPool.Put(b.big)
		b.big = nil
	}
}
