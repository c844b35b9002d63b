package protocols

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Class says what happens to a frame that finds its output full.
type Class uint8

const (
	// Must frames are always taken: replies, acknowledgements, and messages that
	// were admitted by Full. A client that does not read them is cut.
	Must Class = iota
	// May frames are dropped and counted: QoS 0.
	May
)

// Output is what one connection still has to send. Any goroutine appends; no
// append ever waits for the network.
type Output struct {
	nc         net.Conn        // talkOver changes it under mu, before anything is appended
	raw        syscall.RawConn // as nc; nil: only a goroutine may write
	messages   MessageConn     // as nc; nil: a stream
	limit      int             // immutable, as all up to mu
	stall      time.Duration
	stats      *Stats
	writeReady func(fd uintptr) bool // o.writeNow, made once

	queued atomic.Int64 // bytes appended and not yet written; changes under mu
	closed atomic.Bool  // err is set; changes under mu
	due    atomic.Bool  // somebody has promised a Flush
	batch  atomic.Pointer[Batch]

	stuck atomic.Bool // nobody waits for the client to catch up until it takes something

	mu       sync.Mutex    // guards what follows
	pending  [][]byte      // segments in order; parts of chunks and borrowed bodies
	chunks   []*chunk      // for each pending segment: the chunk that it is the last part of; nil: none
	sizes    []int         // of what each call gave; only with messages
	appended uint64        // bytes ever
	written  uint64        // bytes ever
	mustEnd  uint64        // position in the stream after the last Must byte
	sending  bool          // somebody owns the fields of the sender
	err      error         // why it is closed
	wake     bool          // Full said true: call onWritable
	onRoom   func()        //
	reliefCh chan struct{} // made by relief, closed below the limit or by the end
	patient  time.Time     // before then nobody waits for the client to catch up
	caughtCh chan struct{} // made by CatchUp, closed when the client has caught up or by the end
	idleCh   chan struct{} // made by whoever waits for sending to end

	// The sender's: of the goroutine that set sending.
	out       [][]byte // segments being written; the first may be partly gone
	outChunks []*chunk
	outAt     int   // bytes of out[0] that are written
	outSizes  []int // of the messages in out
	outNext   int   // which of them is next
	sentN     int
	sendErr   error
}

func newOutput(nc net.Conn, limit int, stall time.Duration, stats *Stats) *Output {
	o := &Output{nc: nc, raw: rawConn(nc), limit: limit, stall: stall, stats: stats}
	o.writeReady = o.writeNow
	return o
}

// talkOver has what follows written to nc. It fails if the output is closed.
func (o *Output) talkOver(nc net.Conn) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	o.nc, o.raw = nc, rawConn(nc)
	o.messages, _ = nc.(MessageConn)
	return nil
}

// OnWritable sets what is called, without locks held and from any goroutine,
// when there is room again after Full said true, and when the output ends. It
// must not block. Set it before the first call of Full.
func (o *Output) OnWritable(f func()) {
	o.mu.Lock()
	o.onRoom = f
	o.mu.Unlock()
}

// Encode appends the frames that f appends to dst. f must not touch what dst
// holds already, must not call the output, and should be quick: it runs under
// the lock. It reports whether the frame was taken; nothing is sent before a
// Flush.
func (o *Output) Encode(class Class, f func(dst []byte) []byte) bool {
	return o.EncodeWithBody(class, f, nil)
}

// EncodeWithBody is Encode followed by body, which must never change: a large
// one is not copied.
func (o *Output) EncodeWithBody(class Class, f func(dst []byte) []byte, body []byte) bool {
	return o.EncodeAround(class, f, body, nil)
}

// EncodeAround is EncodeWithBody and tail behind it, in one piece.
func (o *Output) EncodeAround(class Class, f func(dst []byte) []byte, body, tail []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil || (class == May && int(o.queued.Load()) >= o.limit) {
		if class == May {
			o.stats.DroppedFrames.Add(1)
		}
		return false
	}
	n := o.appendChunk(f)
	if len(body) >= byRefSize {
		o.pending, o.chunks = append(o.pending, body), append(o.chunks, nil)
		n += len(body)
		body = nil
	}
	if len(body)+len(tail) > 0 {
		n += o.appendChunk(func(dst []byte) []byte { return append(append(dst, body...), tail...) })
	}
	o.appended += uint64(n)
	o.queued.Add(int64(n))
	if class == Must {
		o.mustEnd = o.appended
	}
	if o.messages != nil && n > 0 {
		o.sizes = append(o.sizes, n)
	}
	return true
}

// Write appends frames that are encoded already; they are copied.
func (o *Output) Write(class Class, frames []byte) bool {
	return o.Encode(class, func(dst []byte) []byte { return append(dst, frames...) })
}

// appendChunk lets f append to the last chunk, or to a new one if it is full.
func (o *Output) appendChunk(f func(dst []byte) []byte) int {
	c, before, at := o.lastChunk()
	if c == nil {
		c = chunkPool.Get().(*chunk)
		before = c[:0]
	}
	after := f(before)
	n := len(after) - len(before)
	if at >= 0 && at == len(o.pending)-1 { // if it outgrew the chunk, parts before may still be there
		o.pending[at] = after
		return n
	}
	if n == 0 || cap(after) != cap(before) { // nothing of it is in the chunk
		if at < 0 {
			chunkPool.Put(c)
		}
		c = nil
	} else if at >= 0 {
		o.chunks[at] = nil
	}
	if n > 0 { // an empty segment would be an empty message
		o.pending, o.chunks = append(o.pending, after), append(o.chunks, c)
	}
	return n
}

// lastChunk returns the chunk to go on with, where in it, and which segment is the
// last part of it: the last one, or the one in front of a borrowed body.
func (o *Output) lastChunk() (c *chunk, dst []byte, at int) {
	last := len(o.pending) - 1
	for at := last; at >= max(0, last-1); at-- {
		seg := o.pending[at]
		if o.chunks[at] == nil {
			continue
		}
		if cap(seg)-len(seg) < chunkRoom {
			break
		}
		if at < last {
			seg = seg[len(seg):]
		}
		return o.chunks[at], seg, at
	}
	return nil, nil, -1
}

// Due is called after appending by somebody who flushes later. It is true for
// the first since the last Flush: that one must flush, and then flushes for all.
func (o *Output) Due() bool { return !o.due.Swap(true) }

// Full says that deliveries should stop; OnWritable's function tells when to go
// on. A closed output is full for ever.
func (o *Output) Full() bool {
	if int(o.queued.Load()) < o.limit {
		return o.closed.Load()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return true
	}
	o.wake = int(o.queued.Load()) >= o.limit
	return o.wake
}

// Room is how many bytes more make it full, for a caller that fetches several
// messages at once.
func (o *Output) Room() int { return max(0, o.limit-o.Queued()) }

// Queued is how many bytes wait.
func (o *Output) Queued() int { return int(o.queued.Load()) }

// Written is how many bytes have been sent.
func (o *Output) Written() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written
}

// Err is why the output is closed; nil while it is open.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// choked says that even replies are too many: reading must stop.
func (o *Output) choked() bool { return int(o.queued.Load()) >= 2*o.limit }

// relief is closed when the output is below its limit again, or closed.
func (o *Output) relief() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reliefCh == nil {
		o.reliefCh = make(chan struct{})
	}
	ch := o.reliefCh
	o.relieve()
	return ch
}

// relieve lets waiting readers go on if there is room; the caller holds o.mu.
func (o *Output) relieve() {
	if o.reliefCh != nil && (o.err != nil || int(o.queued.Load()) < o.limit) {
		close(o.reliefCh)
		o.reliefCh = nil
	}
}
