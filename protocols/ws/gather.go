package ws

import (
	"net"
	"sync"
	"time"
)

// heldMost is how much of what is written waits to be sent together.
const heldMost = 64 << 10

// gather is the socket as gorilla writes to it: at least once for each message,
// and for a long one several times. While it holds, that waits for what follows,
// and many small messages cost one system call.
//
// It has no deadlines: those are of protocols, and out of gorilla's reach.
type gather struct {
	net.Conn

	mu    sync.Mutex
	holds bool    // guarded by mu
	held  *[]byte // guarded by mu; nil: nothing
}

// heldPool has the buffers of those who hold something at the moment.
var heldPool = sync.Pool{New: func() any { return new([]byte) }}

// hold says whether what is written from here on may wait. What waits already
// goes with the next write.
func (g *gather) hold(holds bool) {
	g.mu.Lock()
	g.holds = holds
	g.mu.Unlock()
}

// release sends what is held, with nothing.
func (g *gather) release() error {
	g.hold(false)
	_, err := g.Write(nil)
	return err
}

func (g *gather) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		if !g.holds && len(p) > 0 {
			return g.Conn.Write(p)
		}
		g.held = heldPool.Get().(*[]byte)
	}
	*g.held = append(*g.held, p...)
	if g.holds && len(*g.held) < heldMost {
		return len(p), nil
	}
	return len(p), g.send()
}

// send writes what is held; the caller holds mu.
func (g *gather) send() (err error) {
	b := g.held
	g.held = nil
	if len(*b) > 0 {
		_, err = g.Conn.Write(*b)
	}
	if cap(*b) <= 2*heldMost { // not that of somebody's large message
		*b = (*b)[:0]
		heldPool.Put(b)
	}
	return err
}

func (*gather) SetDeadline(time.Time) error      { return nil }
func (*gather) SetReadDeadline(time.Time) error  { return nil }
func (*gather) SetWriteDeadline(time.Time) error { return nil }
