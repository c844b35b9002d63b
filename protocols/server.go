package protocols

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

// Why a connection ends. ReadLoop returns one of these, what Conn.Stop was
// given, io.EOF, the error of the consumer, or that of the network.
var (
	ErrDraining         = errors.New("the server is shutting down")
	ErrHandshakeTimeout = errors.New("not authenticated in time")
	ErrIdle             = errors.New("nothing received for longer than promised")
	ErrStalled          = errors.New("the client does not read what must be sent to it")
	ErrTLS              = errors.New("it begins with TLS, which only the addresses of tls_listen speak")
	ErrServerClosed     = errors.New("the server was shut down")
)

// CutFor reports whether a connection ends because the client did not do in time what
// it had to, or came to the wrong port, which the operator is told in a line of level
// info. Nobody else caused it, and the client itself may learn nothing.
func CutFor(err error) bool {
	return errors.Is(err, ErrHandshakeTimeout) || errors.Is(err, ErrIdle) || errors.Is(err, ErrStalled) || errors.Is(err, ErrTLS)
}

// Handler speaks one protocol on a connection. Serve returns when it is over;
// the server then flushes c.Out and closes. ctx ends when the connection is
// asked to stop (its cause says why) and at the latest when it is closed.
type Handler interface {
	Serve(ctx context.Context, c *Conn)
}

// Config of a Server; zero values mean the default in brackets.
type Config struct {
	Log           *slog.Logger  // [slog.Default]
	MaxConns      int           // connections in all [10,000]; negative: no limit
	MaxPerAddress int           // connections of one address [no limit: many devices share a NAT]
	Handshake     time.Duration // from accept to Conn.Established [10 s]
	OutputLimit   int           // bytes an Output queues before it is full [1 MiB]
	Stall         time.Duration // how long bytes that must be sent may not move [30 s]
	StopGrace     time.Duration // from Conn.Stop, or the end of Serve, to a hard close [5 s]
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.MaxConns == 0 {
		c.MaxConns = 10_000
	}
	c.Handshake = orDefault(c.Handshake, 10*time.Second)
	c.Stall = orDefault(c.Stall, 30*time.Second)
	c.StopGrace = orDefault(c.StopGrace, 5*time.Second)
	c.OutputLimit = orDefault(c.OutputLimit, 1<<20)
	return c
}

func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}

// Server owns listeners and their connections.
type Server struct {
	cfg   Config // immutable
	stats Stats

	ctx    context.Context // immutable; parent of every connection's
	cancel context.CancelFunc
	stop   chan struct{} // closed when accepting ends

	accepting sync.WaitGroup // accept loops

	mu        sync.Mutex         // guards what follows
	listeners []net.Listener     //
	conns     map[uint64]*Conn   //
	perAddr   map[netip.Addr]int //
	nextID    uint64             //
	draining  bool               // no new listener or connection
	warned    time.Time          // when the log last said that connections are refused
	empty     chan struct{}      // made by Shutdown, closed with the last connection
}

// NewServer makes a server without listeners.
func NewServer(cfg Config) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	return &Server{
		cfg: cfg.withDefaults(), ctx: ctx, cancel: cancel, stop: make(chan struct{}),
		conns: map[uint64]*Conn{}, perAddr: map[netip.Addr]int{},
	}
}

// Stats returns the live counters.
func (s *Server) Stats() *Stats { return &s.stats }

// Door is a listener and what is behind it.
type Door struct {
	Listener  net.Listener
	Protocol  string // for lists and logs
	Handler   Handler
	Handlers  map[string]Handler // by protocol, where Transport.Upgrade says which
	Transport Transport
}

// Start opens a door that is plain TCP.
func (s *Server) Start(ln net.Listener, protocol string, h Handler) error {
	return s.Open(Door{Listener: ln, Protocol: protocol, Handler: h})
}

// Open accepts connections at a door, in a goroutine that ends with Shutdown.
// The server owns the listener from here on.
func (s *Server) Open(d Door) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		_ = d.Listener.Close() // nothing was accepted from it
		return ErrServerClosed
	}
	s.listeners = append(s.listeners, d.Listener)
	s.accepting.Go(func() { s.accept(d) })
	return nil
}

// run is the goroutine of one connection.
func (s *Server) run(ctx context.Context, c *Conn, d *Door) {
	defer s.forget(c)
	protocol, err := s.shakeHands(c, &d.Transport)
	if err != nil {
		s.unmet(c, err)
		return
	}
	h := d.Handler
	if protocol != "" {
		h = d.Handlers[protocol]
	}
	s.serve(ctx, c, h)
	c.finish()
}

// shakeHands does what the transport wants before the protocol's first byte. It
// returns the protocol that the client asked for, if it could.
func (s *Server) shakeHands(c *Conn, t *Transport) (protocol string, err error) {
	if t.plain() {
		return "", nil
	}
	socket := c.NetConn()
	p, err := t.meet(socket)
	if err == nil {
		err = s.meet(c, p)
	}
	if err != nil {
		return "", err
	}
	nc, err := t.secure(socket, &p)
	if err == nil {
		nc, err = t.upgrade(nc, &p)
	}
	if err != nil {
		return "", err
	}
	return p.protocol, c.talkOver(nc, p)
}

// unmet ends a connection whose handshake failed.
func (s *Server) unmet(c *Conn, err error) {
	if cause := c.readError(err); errors.Is(cause, ErrHandshakeTimeout) || errors.Is(cause, ErrDraining) {
		err = cause
	}
	s.stats.HandshakesFailed.Add(1)
	logUnmet(s.cfg.Log, c.Info().Protocol, c.Remote(), err)
	c.Close(err)
}

// logUnmet tells of a failed handshake. One who never said anything had a look at
// the port; a proxy that does not do as configured is the operator's to mend.
func logUnmet(log *slog.Logger, protocol, remote string, err error) {
	level := slog.LevelInfo
	switch {
	case errors.Is(err, errNotLocal) || errors.Is(err, errProxyHeader):
		level = slog.LevelWarn
	case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, ErrDraining):
		level = slog.LevelDebug
	}
	log.Log(context.Background(), level, "connection refused", "protocol", protocol, "remote", remote, "error", err)
}

// serve calls the handler; what it panics with ends this connection only.
func (s *Server) serve(ctx context.Context, c *Conn, h Handler) {
	defer func() {
		if p := recover(); p != nil {
			s.stats.Panics.Add(1)
			s.cfg.Log.Error("connection handler panicked", "protocol", c.Info().Protocol, "remote", c.Remote(),
				"conn", c.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.Close(fmt.Errorf("handler panicked: %v", p))
		}
	}()
	h.Serve(ctx, c)
}

// Shutdown stops accepting, asks every connection to stop with ErrDraining,
// waits until all have ended or ctx does, then closes the rest. The error says
// how many had to be closed.
func (s *Server) Shutdown(ctx context.Context) error {
	empty := s.beginDrain()
	s.accepting.Wait()
	for _, c := range s.snapshot() {
		c.interrupt(ErrDraining)
	}
	select {
	case <-empty:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	left := s.snapshot()
	s.cancel()
	for _, c := range left {
		c.Close(ErrServerClosed)
	}
	// A closed socket fails every read and write, so handlers end by themselves;
	// one that waits for something else is not waited for longer than the grace.
	grace := time.NewTimer(s.cfg.StopGrace)
	defer grace.Stop()
	select {
	case <-empty:
		return fmt.Errorf("%d connections closed without a goodbye: %w", len(left), ctx.Err())
	case <-grace.C:
		return fmt.Errorf("%d connection handlers did not return: %w", len(s.snapshot()), ctx.Err())
	}
}

// beginDrain ends accepting and returns the channel that closes with the last
// connection.
func (s *Server) beginDrain() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return s.empty
	}
	s.draining = true
	s.empty = make(chan struct{})
	if len(s.conns) == 0 {
		close(s.empty)
	}
	close(s.stop)
	for _, ln := range s.listeners {
		_ = ln.Close() // only accepting ends here; what fails to close is closed by exit
	}
	return s.empty
}
