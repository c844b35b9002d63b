package protocols

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestEchoAndRegistry(t *testing.T) {
	ended := make(chan error, 2)
	s, addr := start(t, Config{}, echo(ended))
	a, b := dial(t, addr), dial(t, addr)
	write(t, a, "hello")
	expect(t, a, "hello")
	write(t, b, "you")
	expect(t, b, "you")

	list := s.Conns()
	if len(list) != 2 || list[0].ID >= list[1].ID {
		t.Fatalf("list %+v", list)
	}
	byRemote := map[string]Info{list[0].Remote: list[0], list[1].Remote: list[1]}
	got := byRemote[a.LocalAddr().String()]
	if got.Protocol != "test" || got.Client != "echo" || got.User != "nobody" || got.BytesIn != 5 || got.Since.IsZero() {
		t.Fatalf("info %+v", got)
	}

	reason := errors.New("an administrator said so")
	if !s.CloseConn(got.ID, reason) || s.CloseConn(9999, reason) {
		t.Fatal("CloseConn found the wrong connections")
	}
	if err := <-ended; !errors.Is(err, reason) {
		t.Fatalf("ended with %v", err)
	}
	expect(t, a, "bye")
	expectEnd(t, a)
	if s.CloseAll(reason) == 0 {
		t.Fatal("CloseAll found nobody")
	}
	expect(t, b, "bye")
}

// Of users who may not go on no connection stays, nor any that could still turn
// out to be theirs; all others do.
func TestCloseUsers(t *testing.T) {
	reason, ended := errors.New("changed"), make(chan error, 3)
	s, addr := start(t, Config{}, handlerFunc(func(_ context.Context, c *Conn) {
		err := c.ReadLoop(func(buf []byte) error {
			if user := string(buf); user != "?" {
				c.Established(user, user)
			}
			c.Out.Write(Must, buf)
			return nil
		})
		ended <- err
	}))
	conns := map[string]net.Conn{}
	for _, user := range []string{"a", "b", "?"} {
		conns[user] = dial(t, addr)
		write(t, conns[user], user)
		expect(t, conns[user], user)
	}
	if n := s.CloseUsers([]string{"a", "c"}, reason); n != 2 {
		t.Errorf("%d closed", n)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, reason) {
			t.Errorf("ended with %v", err)
		}
	}
	expectEnd(t, conns["a"])
	expectEnd(t, conns["?"])
	write(t, conns["b"], "b")
	expect(t, conns["b"], "b")
}

func TestPortInUse(t *testing.T) {
	_, addr := start(t, Config{}, echo(nil))
	_, err := Listen("mqtt", addr)
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "mqtt cannot listen on "+addr+": another program uses this port") {
		t.Fatalf("error %v", err)
	}
}

// logged keeps what a server logs.
type logged struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestLimits(t *testing.T) {
	for _, tc := range []struct {
		name    string
		limit   string
		cfg     Config
		refused func(*Stats) uint64
	}{
		{"in all", "max_connections", Config{MaxConns: 1}, func(s *Stats) uint64 { return s.RefusedTotal.Load() }},
		{"per address", "max_connections_per_address", Config{MaxPerAddress: 1}, func(s *Stats) uint64 { return s.RefusedAddress.Load() }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var lines logged
			tc.cfg.Log = slog.New(slog.NewTextHandler(&lines, nil))
			s, addr := start(t, tc.cfg, echo(nil))
			a := dial(t, addr)
			write(t, a, "x")
			expect(t, a, "x")
			expectEnd(t, dial(t, addr))
			if n := tc.refused(s.Stats()); n != 1 {
				t.Fatalf("refused %d", n)
			}
			expectEnd(t, dial(t, addr))
			if text := lines.String(); strings.Count(text, "connections are refused") != 1 || !strings.Contains(text, "limit="+tc.limit+" address=127.0.0.1") {
				t.Errorf("the log says %q", text)
			}
			_ = a.CloseWrite()
			expect(t, a, "bye")
			expectEnd(t, a)
			// The place is free again as soon as the first has been forgotten.
			for {
				b := dial(t, addr)
				_, _ = b.Write([]byte("y"))
				one := make([]byte, 1)
				if _, err := io.ReadFull(b, one); err == nil {
					break
				}
			}
		})
	}
}

func TestHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		s, p, stop := startPipes(t, Config{Handshake: 3 * time.Second}, handlerFunc(func(_ context.Context, c *Conn) {
			ended <- c.ReadLoop(func([]byte) error { return nil })
		}))
		defer stop()
		began := time.Now()
		loris := p.dial()
		gone := make(chan struct{})
		go func() { // a byte each 100 ms buys no time
			defer close(gone)
			for {
				if _, err := loris.Write([]byte{'x'}); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}()
		if err := <-ended; !errors.Is(err, ErrHandshakeTimeout) || time.Since(began) != 3*time.Second {
			t.Fatalf("ended with %v after %v", err, time.Since(began))
		}
		if s.Stats().HandshakeTimeouts.Load() != 1 {
			t.Fatal("not counted")
		}
		<-gone
	})
}

func TestIdleIsNeverEarlyAndAtMostASecondLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		_, p, stop := startPipes(t, Config{}, handlerFunc(func(_ context.Context, c *Conn) {
			c.Established("", "")
			c.SetIdle(10 * time.Second)
			ended <- c.ReadLoop(func([]byte) error { return nil })
		}))
		defer stop()
		c := p.dial()
		defer c.Close()
		for range 50 { // longer than the handshake timeout
			time.Sleep(700 * time.Millisecond)
			write(t, c, "x")
		}
		last := time.Now()
		err := <-ended
		if d := time.Since(last); !errors.Is(err, ErrIdle) || d < 10*time.Second || d > 11*time.Second {
			t.Fatalf("ended with %v after %v", err, d)
		}
	})
}

func TestDrainSaysGoodbye(t *testing.T) {
	ended := make(chan error, 1)
	s, addr := start(t, Config{}, echo(ended))
	c := dial(t, addr)
	write(t, c, "x")
	expect(t, c, "x")
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrDraining) {
		t.Fatalf("ended with %v", err)
	}
	expect(t, c, "bye")
	expectEnd(t, c)
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Fatal("still accepts")
	}
	if ln, err := Listen("test", addr); err != nil || s.Start(ln, "test", echo(nil)) == nil {
		t.Fatalf("a drained server starts again, or keeps the port: %v", err)
	}
}

func TestDrainReadsOnUntilDone(t *testing.T) {
	serving, draining := make(chan struct{}), make(chan struct{})
	done := errors.New("done")
	s, addr := start(t, Config{}, handlerFunc(func(ctx context.Context, c *Conn) {
		c.Established("", "")
		close(serving)
		_ = c.ReadLoop(func([]byte) error { return nil })
		if !errors.Is(context.Cause(ctx), ErrDraining) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		close(draining)
		if err := c.ReadLoop(func([]byte) error { return done }); !errors.Is(err, done) {
			t.Errorf("reading on: %v", err)
		}
	}))
	c := dial(t, addr)
	<-serving // else the connection may still wait to be accepted, and is reset
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(t.Context()) }()
	<-draining
	write(t, c, "the last acknowledgement")
	if err := <-down; err != nil {
		t.Fatal(err)
	}
}

func TestDrainDeadlineCutsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, _ := startPipes(t, Config{}, handlerFunc(func(_ context.Context, c *Conn) {
			c.Established("", "")
			for !errors.Is(c.ReadLoop(func([]byte) error { return nil }), ErrServerClosed) {
			}
		}))
		c := p.dial()
		defer c.Close()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := s.Shutdown(ctx); err == nil || !strings.HasPrefix(err.Error(), "1 connections closed without a goodbye") {
			t.Fatalf("error %v", err)
		}
		if time.Since(began) != 3*time.Second {
			t.Fatalf("took %v", time.Since(began))
		}
	})
}

func TestPanicEndsOneConnection(t *testing.T) {
	var log bytes.Buffer
	inner := echo(nil)
	s, addr := start(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, handlerFunc(func(ctx context.Context, c *Conn) {
		if c.ID() == 1 {
			_ = c.ReadLoop(func([]byte) error { panic("planted") })
		}
		inner.Serve(ctx, c)
	}))
	a, b := dial(t, addr), dial(t, addr)
	write(t, a, "x")
	write(t, b, "x")
	one := make([]byte, 1)
	_, errA := io.ReadFull(a, one)
	_, errB := io.ReadFull(b, one)
	if (errA == nil) == (errB == nil) {
		t.Fatalf("exactly one should live: %v, %v", errA, errB)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Stats().Panics.Load() != 1 || !strings.Contains(log.String(), "panic=planted") || !strings.Contains(log.String(), "server_test.go") {
		t.Fatalf("panics %d, log %s", s.Stats().Panics.Load(), &log)
	}
}

// failing accepts nothing but errors for a while.
type failing struct {
	*pipes
	left  int
	times []time.Time
}

func (f *failing) Accept() (net.Conn, error) {
	f.times = append(f.times, time.Now())
	if f.left > 0 {
		f.left--
		return nil, syscall.EMFILE
	}
	return f.pipes.Accept()
}

func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f := &failing{pipes: newPipes(), left: 10}
		s := NewServer(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err := s.Start(f, "test", echo(nil)); err != nil {
			t.Fatal(err)
		}
		c := f.dial() // waits until accepting works again
		_ = c.Close()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.Stats().AcceptErrors.Load(); n != 10 || strings.Count(log.String(), "cannot accept") != 1 {
			t.Fatalf("%d errors, log %s", n, &log)
		}
		first, last := f.times[1].Sub(f.times[0]), f.times[10].Sub(f.times[9])
		if first != minBackoff || last != maxBackoff {
			t.Fatalf("waited %v first and %v last", first, last)
		}
	})
}

func TestShutdownDuringBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{pipes: newPipes(), left: 1 << 30}
		s := NewServer(Config{Log: quiet()})
		if err := s.Start(f, "test", echo(nil)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		began := time.Now()
		if err := s.Shutdown(t.Context()); err != nil || time.Since(began) != 0 {
			t.Fatalf("%v after %v", err, time.Since(began))
		}
	})
}

// The client has sent more than was read: without lingering, the reset that
// answers it would destroy the goodbye.
func TestGoodbyeSurvivesUnreadInput(t *testing.T) {
	for range 20 {
		_, addr := start(t, Config{}, handlerFunc(func(_ context.Context, c *Conn) {
			_ = c.ReadLoop(func([]byte) error { return errors.New("refused") })
			c.Out.Write(Must, []byte("no"))
		}))
		c := dial(t, addr)
		write(t, c, strings.Repeat("x", 100_000))
		expect(t, c, "no")
	}
}

// Who logged in may be in the middle of a large message.
func TestGoodbyeSurvivesALargeMessage(t *testing.T) {
	_, addr := start(t, Config{}, handlerFunc(func(_ context.Context, c *Conn) {
		c.Established("", "")
		_ = c.ReadLoop(func([]byte) error { return errors.New("refused") })
		c.Out.Write(Must, []byte("no"))
	}))
	c := dial(t, addr)
	write(t, c, strings.Repeat("x", 12<<20))
	expect(t, c, "no")
}

func TestStopGraceCutsAHandlerThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, stop := startPipes(t, Config{StopGrace: 2 * time.Second}, handlerFunc(func(_ context.Context, c *Conn) {
			c.Established("", "")
			for c.Out.Err() == nil {
				_ = c.ReadLoop(func([]byte) error { return nil })
			}
		}))
		defer stop()
		c := p.dial()
		synctest.Wait()
		began := time.Now()
		s.CloseAll(errors.New("out"))
		expectEnd(t, c)
		if time.Since(began) != 2*time.Second {
			t.Fatalf("cut after %v", time.Since(began))
		}
	})
}

func TestTLS(t *testing.T) {
	cert := selfSigned(t)
	s := NewServer(Config{Log: quiet()})
	ln, err := Listen("test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}}), "test", echo(nil)); err != nil {
		t.Fatal(err)
	}
	c, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	big := strings.Repeat("0123456789", 50_000)
	go func() { _, _ = io.WriteString(c, big) }()
	expect(t, c, big)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(t, c, "bye")
}

// A client that speaks TLS to a port without it is told apart; what looks like it
// later in a conversation is not.
func TestTLSWhereNoneIs(t *testing.T) {
	ended := make(chan error, 1)
	_, addr := start(t, Config{}, echo(ended))
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		c.Close()
		t.Fatal("it was let in")
	}
	if err := <-ended; !errors.Is(err, ErrTLS) || !CutFor(err) {
		t.Fatal(err)
	}
	plain := dial(t, addr)
	write(t, plain, "a")
	expect(t, plain, "a")
	write(t, plain, "\x16\x03\x01")
	expect(t, plain, "\x16\x03\x01")
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Who is too slow to log in still gets the goodbye.
func TestGoodbyeAfterTheHandshakeTimeout(t *testing.T) {
	_, addr := start(t, Config{Handshake: 100 * time.Millisecond}, handlerFunc(func(_ context.Context, c *Conn) {
		if err := c.ReadLoop(func([]byte) error { return nil }); errors.Is(err, ErrHandshakeTimeout) {
			c.Out.Write(Must, []byte("too late"))
		}
	}))
	c := dial(t, addr)
	expect(t, c, "too late")
	expectEnd(t, c)
}
