package protocols

import (
	"context"
	"errors"
	"fmt"
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
	ErrServerClosed     = errors.New("the server was shut down")
)

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

// Start accepts connections of ln for h, in a goroutine that ends with
// Shutdown. The server owns ln from here on.
func (s *Server) Start(ln net.Listener, protocol string, h Handler) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		_ = ln.Close() // nothing was accepted from it
		return ErrServerClosed
	}
	s.listeners = append(s.listeners, ln)
	s.accepting.Go(func() { s.accept(ln, protocol, h) })
	return nil
}

// run is the goroutine of one connection.
func (s *Server) run(ctx context.Context, c *Conn, h Handler) {
	defer s.forget(c)
	s.serve(ctx, c, h)
	c.finish()
}

// serve calls the handler; what it panics with ends this connection only.
func (s *Server) serve(ctx context.Context, c *Conn, h Handler) {
	defer func() {
		if p := recover(); p != nil {
			s.stats.Panics.Add(1)
			s.cfg.Log.Error("connection handler panicked", "protocol", c.protocol, "remote", c.remote,
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
