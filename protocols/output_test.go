package protocols

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipeOutput is an output onto a pipe that nobody reads yet.
func pipeOutput(limit int, stall time.Duration) (*Output, net.Conn, *Stats) {
	here, there := net.Pipe()
	stats := &Stats{}
	return newOutput(here, limit, stall, stats), there, stats
}

// tcpOutput is an output onto a loopback socket.
func tcpOutput(t *testing.T, limit int) (*Output, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := dial(t, ln.Addr().String())
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	o := newOutput(nc, limit, time.Minute, &Stats{})
	t.Cleanup(func() { o.Close(nil); o.wait() })
	return o, c
}

func TestAClientThatNeverReadsIsCutOnlyForWhatMustBeSent(t *testing.T) {
	for _, class := range []Class{Must, May} {
		synctest.Test(t, func(t *testing.T) {
			o, peer, stats := pipeOutput(1000, 10*time.Second)
			frame := bytes.Repeat([]byte("x"), 100)
			taken := 0
			for range 50 {
				if o.Write(class, frame) {
					taken++
				}
			}
			o.Flush()
			time.Sleep(time.Hour)
			switch class {
			case Must:
				if taken != 50 || !errors.Is(o.Err(), ErrStalled) || stats.Stalled.Load() != 1 || o.Queued() != 0 {
					t.Errorf("must: took %d, error %v, queued %d", taken, o.Err(), o.Queued())
				}
			case May:
				if taken != 10 || o.Err() != nil || stats.DroppedFrames.Load() != 40 {
					t.Errorf("may: took %d, dropped %d, error %v", taken, stats.DroppedFrames.Load(), o.Err())
				}
				expect(t, peer, strings.Repeat("x", 1000)) // it woke up
			}
			o.Close(nil)
			o.wait()
		})
	}
}

func TestMustBehindMayIsStillWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, peer, _ := pipeOutput(1000, 10*time.Second)
		o.Write(May, []byte("may"))
		o.Flush()
		time.Sleep(time.Hour)
		o.Write(Must, []byte("must"))
		time.Sleep(9 * time.Second)
		if o.Err() != nil {
			t.Fatal("cut early")
		}
		expect(t, peer, "m") // moving is enough
		time.Sleep(11 * time.Second)
		if !errors.Is(o.Err(), ErrStalled) && o.Err() != nil {
			t.Fatal(o.Err())
		}
		time.Sleep(10 * time.Second)
		if !errors.Is(o.Err(), ErrStalled) {
			t.Fatalf("not cut: %v", o.Err())
		}
		o.wait()
	})
}

func TestFullAndOnWritable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, peer, _ := pipeOutput(1000, time.Hour)
		calls := 0
		o.OnWritable(func() { calls++ })
		o.Write(Must, make([]byte, 999))
		if o.Full() || o.Room() != 1 {
			t.Fatal("full too early")
		}
		o.Write(Must, make([]byte, 600))
		if !o.Full() || o.Room() != 0 {
			t.Fatal("not full")
		}
		o.Flush()
		read := func(n int) {
			t.Helper()
			expect(t, peer, string(make([]byte, n)))
			synctest.Wait()
		}
		read(1599)
		if calls != 1 || o.Full() || o.Queued() != 0 {
			t.Fatalf("%d calls, %d queued", calls, o.Queued())
		}
		o.Write(Must, make([]byte, 2000)) // nobody asked Full: nobody is told
		o.Flush()
		read(2000)
		if calls != 1 {
			t.Fatalf("%d calls", calls)
		}
		o.Write(Must, make([]byte, 2000))
		o.Full()
		o.Close(errors.New("over")) // the end is told too
		if calls != 2 || !o.Full() || o.Write(Must, []byte("x")) {
			t.Fatalf("%d calls after the end", calls)
		}
		o.wait()
	})
}

// Frames of many goroutines, small and large, copied and borrowed, must come out
// whole and, for each goroutine, in order; through slow and fast readers.
func TestConcurrentFramesStayWholeAndInOrder(t *testing.T) {
	const writers, frames = 8, 400
	o, peer := tcpOutput(t, 1<<30)
	body := bytes.Repeat([]byte{0xbd}, 200_000)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(w)))
			var batch Batch
			for i := range frames {
				size := []int{0, 10, 700, byRefSize, 60_000}[rng.IntN(5)]
				inHead := rng.IntN(2) * min(size, 20_000)
				o.EncodeWithBody(Must, func(dst []byte) []byte {
					dst = append(dst, byte(w))
					dst = binary.BigEndian.AppendUint32(dst, uint32(i))
					dst = binary.BigEndian.AppendUint32(dst, uint32(size))
					return append(dst, body[:inHead]...)
				}, body[:size-inHead])
				switch rng.IntN(3) {
				case 0:
					o.Flush()
				case 1:
					o.FlushSoon()
				default:
					batch.Add(o)
				}
			}
			batch.Flush()
		})
	}
	var next [writers]uint32
	head := make([]byte, 9)
	for range writers * frames {
		if _, err := io.ReadFull(peer, head); err != nil {
			t.Fatal(err)
		}
		w, i, size := head[0], binary.BigEndian.Uint32(head[1:]), binary.BigEndian.Uint32(head[5:])
		if w >= writers || next[w] != i {
			t.Fatalf("frame %d of writer %d, expected %d", i, w, next[w])
		}
		next[w]++
		got := make([]byte, size)
		if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, body[:size]) {
			t.Fatalf("body of %d bytes damaged, %v", size, err)
		}
	}
	all.Wait()
	if !o.Finish(time.Minute) || o.Queued() != 0 {
		t.Fatalf("queued %d", o.Queued())
	}
}

func TestLargeBodiesAreSharedNotCopied(t *testing.T) {
	body := make([]byte, 1<<20)
	var outs []*Output
	for range 100 {
		o, _, _ := pipeOutput(1<<30, time.Hour)
		outs = append(outs, o)
	}
	grown := testing.AllocsPerRun(1, func() {}) // settle
	before := heapInUse()
	for _, o := range outs {
		o.EncodeWithBody(Must, func(dst []byte) []byte { return append(dst, "head"...) }, body)
	}
	if per := int(heapInUse()-before) / len(outs); per > 2*chunkSize {
		t.Fatalf("%d bytes each (%v)", per, grown)
	}
	for _, o := range outs {
		o.Close(nil)
	}
}

// What is around borrowed bodies is together in one chunk, whole and given back
// once, also where a frame outgrows it.
func TestFramesAroundBodiesShareAChunk(t *testing.T) {
	for _, large := range []int{-1, 20} {
		o, peer := tcpOutput(t, 1<<30)
		body, want := bytes.Repeat([]byte("b"), byRefSize), ""
		for i := range 30 {
			head := strings.Repeat(string(rune('A'+i)), 20)
			if i == large {
				head = strings.Repeat("L", chunkSize)
			}
			o.EncodeWithBody(Must, func(dst []byte) []byte { return append(dst, head...) }, body)
			want += head + string(body)
		}
		chunks := 0
		for _, c := range o.chunks {
			if c != nil {
				chunks++
			}
		}
		if most := 1 + min(1, large+1); chunks > most {
			t.Errorf("%d chunks, want %d", chunks, most)
		}
		o.Flush()
		expect(t, peer, want)
	}
}

func TestWriteErrorClosesAndTells(t *testing.T) {
	o, peer := tcpOutput(t, 1<<20)
	told := make(chan struct{})
	var once sync.Once
	o.OnWritable(func() { once.Do(func() { close(told) }) })
	_ = peer.SetLinger(0)
	_ = peer.Close() // a reset
	for o.Err() == nil {
		o.Write(Must, []byte("x"))
		o.Flush()
	}
	<-told
	o.wait()
	if o.Queued() != 0 || len(o.pending) != 0 {
		t.Fatal("keeps what it cannot send")
	}
}

// An idle output holds nothing, and a burst of small frames leaves in one write.
func TestSmallFramesLeaveTogether(t *testing.T) {
	o, peer := tcpOutput(t, 1<<20)
	for range 100 {
		o.Write(Must, []byte("0123456789"))
	}
	o.Flush()
	got := make([]byte, 4096)
	n, err := peer.Read(got)
	if err != nil || n != 1000 {
		t.Fatalf("read %d, %v", n, err)
	}
	if len(o.pending) != 0 || len(o.out) != 0 || o.stats.WriterStarts.Load() != 0 {
		t.Fatal("an idle output holds something")
	}
}

// Whoever is told that a flush is due flushes for all who appended until then.
func TestDue(t *testing.T) {
	const writers, frames = 4, 2000
	o, peer := tcpOutput(t, 1<<30)
	for range writers {
		go func() {
			for range frames {
				o.Write(Must, []byte("x"))
				if o.Due() {
					o.Flush()
				}
			}
		}()
	}
	expect(t, peer, strings.Repeat("x", writers*frames))
}

func TestBatchFlushesEachOnce(t *testing.T) {
	var b Batch
	o, peer := tcpOutput(t, 1<<20)
	for range 1000 {
		o.Write(Must, []byte("a"))
		b.Add(o)
	}
	if len(b.outs) != 1 {
		t.Fatalf("%d entries", len(b.outs))
	}
	b.Flush()
	expect(t, peer, strings.Repeat("a", 1000))
	o.Write(Must, []byte("b"))
	b.Add(o)
	b.Flush()
	expect(t, peer, "b")
}

func BenchmarkEncodeFlush(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	nc, err := ln.Accept()
	if err != nil {
		b.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, c) }()
	o := newOutput(nc, 1<<30, time.Minute, &Stats{})
	ack := []byte{0x40, 2, 0, 1}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.Encode(Must, func(dst []byte) []byte { return append(dst, ack...) })
		if i%64 == 63 {
			o.Flush()
		}
	}
	o.Close(nil)
	o.wait()
	_ = ln.Close()
}

// Little is written by the caller, much by a goroutine.
func TestFlushNow(t *testing.T) {
	o, _ := tcpOutput(t, 1<<20)
	for n, starts := range map[int]uint64{100: 0, nowMost: 0, nowMost + 1: 1} {
		before := o.stats.WriterStarts.Load()
		o.Write(Must, make([]byte, n))
		o.FlushNow()
		if got := o.stats.WriterStarts.Load() - before; got != starts {
			t.Errorf("%d bytes: %d goroutines", n, got)
		}
		<-o.idle()
		if o.Queued() != 0 {
			t.Errorf("%d of %d bytes are still there", o.Queued(), n)
		}
	}
}

// A socket that takes no more is watched from then on, whoever found it so.
func TestAFullSocketIsWatched(t *testing.T) {
	for name, flush := range map[string]func(*Output){"at once": (*Output).Flush, "soon": (*Output).FlushSoon} {
		t.Run(name, func(t *testing.T) {
			o, _ := tcpOutput(t, 1<<30)
			o.stall = 20 * time.Millisecond
			ended := make(chan struct{}, 1)
			o.OnWritable(func() { ended <- struct{}{} })
			body := make([]byte, 1<<20)
			for range 64 {
				o.EncodeWithBody(Must, func(dst []byte) []byte { return append(dst, "head"...) }, body)
			}
			flush(o)
			<-ended
			if !errors.Is(o.Err(), ErrStalled) || o.Written() == 0 {
				t.Errorf("%d bytes written, %v", o.Written(), o.Err())
			}
		})
	}
}
