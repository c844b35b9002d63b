package protocols

import (
	"log/slog"
	"net"
	"sync"
	"time"
)

// Preparation bounds what a listener of Prepared does before its connections
// are accepted.
type Preparation struct {
	Log       *slog.Logger
	Protocol  string        // for logs
	Handshake time.Duration // from the socket to the end of its handshakes
	Most      int           // connections in their handshakes at once; more are closed
}

// Prepared is a listener for servers that are not ours, such as net/http's: it
// accepts what ln does once PROXY header and TLS handshake are over, so that
// RemoteAddr is the client's, and one who is slow at it holds up nobody else.
func (t Transport) Prepared(ln net.Listener, p Preparation) net.Listener {
	if t.plain() {
		return ln
	}
	l := &prepared{Listener: ln, t: t, p: p, ready: make(chan net.Conn), failed: make(chan error), done: make(chan struct{})}
	l.busy.m = map[net.Conn]struct{}{}
	l.all.Go(l.accept)
	return l
}

type prepared struct {
	net.Listener
	t      Transport   // immutable, as all up to busy
	p      Preparation //
	ready  chan net.Conn
	failed chan error
	done   chan struct{} // closed by Close
	all    sync.WaitGroup

	busy struct {
		mu     sync.Mutex
		closed bool
		m      map[net.Conn]struct{} // in their handshakes
	}
}

// accept ends with Close.
func (l *prepared) accept() {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			select {
			case l.failed <- err: // http.Server tries again when that makes sense
				continue
			case <-l.done:
				return
			}
		}
		if !l.begin(nc) {
			_ = nc.Close() // over the limit, or too late
			continue
		}
		l.all.Go(func() { l.prepare(nc) })
	}
}

func (l *prepared) begin(nc net.Conn) bool {
	l.busy.mu.Lock()
	defer l.busy.mu.Unlock()
	if l.busy.closed || len(l.busy.m) >= l.p.Most {
		return false
	}
	l.busy.m[nc] = struct{}{}
	return true
}

func (l *prepared) prepare(nc net.Conn) {
	up, err := l.shakeHands(nc)
	l.busy.mu.Lock()
	delete(l.busy.m, nc)
	l.busy.mu.Unlock()
	if err != nil {
		logUnmet(l.p.Log, l.p.Protocol, nc.RemoteAddr().String(), err)
		_ = nc.Close() // it failed
		return
	}
	select {
	case l.ready <- up:
	case <-l.done:
		_ = nc.Close() // too late
	}
}

func (l *prepared) shakeHands(nc net.Conn) (net.Conn, error) {
	if err := nc.SetDeadline(time.Now().Add(l.p.Handshake)); err != nil {
		return nil, err
	}
	who, err := l.t.meet(nc)
	if err != nil {
		return nil, err
	}
	at := &arrival{Conn: nc, from: &net.TCPAddr{}} // nowhere, if a proxy does not say where
	if who.addr.IsValid() {
		if at.from, err = net.ResolveTCPAddr("tcp", who.remote); err != nil {
			return nil, err
		}
	}
	up, err := l.t.secure(at, &who)
	if err != nil {
		return nil, err
	}
	return up, nc.SetDeadline(time.Time{})
}

func (l *prepared) Accept() (net.Conn, error) {
	select {
	case nc := <-l.ready:
		return nc, nil
	case err := <-l.failed:
		return nil, err
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close also ends the handshakes that are under way.
func (l *prepared) Close() error {
	err := l.Listener.Close()
	l.busy.mu.Lock()
	first := !l.busy.closed
	l.busy.closed = true
	for nc := range l.busy.m {
		_ = nc.Close() // wakes who shakes hands
	}
	l.busy.mu.Unlock()
	if first {
		close(l.done)
	}
	l.all.Wait()
	return err
}

// arrival is a socket whose other end is where a proxy says.
type arrival struct {
	net.Conn
	from net.Addr
}

func (a *arrival) RemoteAddr() net.Addr { return a.from }

// CloseWrite is that of the socket.
func (a *arrival) CloseWrite() error {
	if half, ok := a.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
