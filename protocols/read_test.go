package protocols

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // the second empties the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// Connections that have not authenticated and wait, after one byte, hold next to
// nothing: far less than the 64 KiB that are promised.
func TestMemoryOfAWaitingConnection(t *testing.T) {
	const n = 500
	var seen atomic.Int64
	all := make(chan struct{})
	_, addr := start(t, Config{}, handlerFunc(func(_ context.Context, c *Conn) {
		_ = c.ReadLoop(func(buf []byte) error {
			if seen.Add(int64(len(buf))) == n {
				close(all)
			}
			return nil
		})
	}))
	before := heapInUse()
	for range n {
		write(t, dial(t, addr), "\x10")
	}
	<-all
	per := int64(heapInUse()-before) / n
	t.Logf("%d bytes a connection, the client's side of it included", per)
	if per > 16<<10 {
		t.Fatalf("%d bytes a connection", per)
	}
}

// A client that pipelines without reading its replies is not read any further
// once the output is choked, so memory stays bounded; when it reads, all comes.
func TestReadingStopsWhileRepliesAreNotRead(t *testing.T) {
	const limit, total = 64 << 10, 64 << 20
	s, addr := start(t, Config{OutputLimit: limit}, echo(nil))
	c := dial(t, addr)
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(c, io.LimitReader(zeros{}, total))
		_ = c.CloseWrite()
		sent <- err
	}()
	one := make([]byte, 1)
	if _, err := io.ReadFull(c, one); err != nil {
		t.Fatal(err)
	}
	most := 0
	for got := 1; got < total; {
		if list := s.Conns(); len(list) == 1 {
			most = max(most, list[0].Queued)
		}
		n, err := io.CopyN(io.Discard, c, 1<<20)
		got += int(n)
		if err != nil && got < total {
			t.Fatalf("after %d: %v", got, err)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if most > 2*limit+readSize {
		t.Fatalf("queued up to %d", most)
	}
	if most == 0 {
		t.Log("never saw anything queued")
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// Exactly full reads must neither lose data nor delay the replies to them.
func TestFullReads(t *testing.T) {
	for _, size := range []int{smallRead, readSize, maxUnflushed * readSize, 10*readSize + 1} {
		_, addr := start(t, Config{}, echo(nil))
		c := dial(t, addr)
		text := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		for range 10 {
			write(t, c, text)
			expect(t, c, text)
		}
		_ = c.CloseWrite()
		expect(t, c, "bye")
	}
}

// landing takes a large piece at a time straight from the socket, and whatever comes
// behind it from consume.
type landing struct {
	size   int
	came   []byte
	landed int
}

func (l *landing) Room() []byte {
	l.came = slices.Grow(l.came, l.size)
	return l.came[len(l.came) : len(l.came)+l.size]
}
func (l *landing) Landed(n int) { l.came, l.landed = l.came[:len(l.came)+n], l.landed+n }

// What lands is what was sent, in order with what is consumed, plain and over a pipe.
func TestLanding(t *testing.T) {
	const total = 5 << 20
	text := make([]byte, total)
	for i := range text {
		text[i] = byte(i >> 10 * 31)
	}
	for _, pipe := range []bool{false, true} {
		for _, size := range []int{1, 100, 20_000} {
			l, done := &landing{size: size}, make(chan struct{})
			h := handlerFunc(func(_ context.Context, c *Conn) {
				defer close(done)
				c.LandIn(l)
				_ = c.ReadLoop(func(buf []byte) error { l.came = append(l.came, buf...); return nil })
			})
			var nc net.Conn
			if pipe {
				_, p, stop := startPipes(t, Config{}, h)
				defer stop()
				nc = p.dial()
			} else {
				_, addr := start(t, Config{}, h)
				nc = dial(t, addr)
			}
			n := total
			if size == 1 {
				n = 10 << 10
			}
			for at := 0; at < n; at += 7000 {
				write(t, nc, string(text[at:min(n, at+7000)]))
			}
			_ = nc.Close()
			<-done
			if !bytes.Equal(l.came, text[:n]) || l.landed == 0 {
				t.Errorf("pipe %v, %d at a time: %d of %d bytes, %d landed", pipe, size, len(l.came), n, l.landed)
			}
		}
	}
}

// AfterInput is called after each piece of input, of pieces that follow what landed
// after a few at most, and before anything is waited for.
func TestAfterInput(t *testing.T) {
	const total = 2 << 20
	for _, size := range []int{0, 20_000} {
		l, done := &landing{size: size}, make(chan struct{})
		pieces, landed := 0, 0 // since it was called
		_, addr := start(t, Config{}, handlerFunc(func(_ context.Context, c *Conn) {
			if size > 0 {
				c.LandIn(l)
			}
			c.AfterInput(func() {
				if pieces, landed = 0, l.landed; len(l.came) == total {
					close(done)
				}
			})
			_ = c.ReadLoop(func(buf []byte) error {
				l.came = append(l.came, buf...)
				if pieces++; pieces > maxUnflushed || pieces > 1 && l.landed == landed {
					t.Errorf("%d at a time: %d pieces", size, pieces)
				}
				return nil
			})
		}))
		nc := dial(t, addr)
		write(t, nc, strings.Repeat("x", total))
		<-done
	}
}

func TestStopWhileChoked(t *testing.T) {
	ended := make(chan error, 1)
	s, addr := start(t, Config{OutputLimit: 1}, echo(ended))
	// The read buffer stays as it is: made smaller than what the peer was told, TCP drops
	// what comes beyond, acknowledgements and window updates too, until a timer probes.
	c := dial(t, addr)
	go func() { _, _ = io.Copy(c, io.LimitReader(zeros{}, 64<<20)) }()
	for {
		if list := s.Conns(); len(list) == 1 && list[0].Queued > 1 {
			break
		}
		runtime.Gosched()
	}
	s.CloseAll(net.ErrClosed)
	if err := <-ended; err == nil {
		t.Fatal("no reason")
	}
}
