package protocols

import (
	"io"
	"math"
	"net"
	"time"
	"unicode/utf8"
)

const (
	maxFlushRounds = 4        // then a goroutine goes on: a flusher serves itself first
	maxWrite       = 64 << 10 // one blocking write, so that progress shows
	nowMost        = 16 << 10 // what FlushNow writes itself
	keptSegments   = 8        // an idle output keeps lists up to this length
)

// Flush sends what is queued as far as the socket takes it at once; the rest is
// sent by a goroutine. It never waits for the network. Any goroutine may call it.
func (o *Output) Flush() {
	o.due.Store(false) // before the lock: what is appended from here on needs another Flush
	o.mu.Lock()
	if o.sending || o.err != nil || len(o.pending) == 0 {
		o.mu.Unlock()
		return
	}
	o.sending = true
	if o.raw == nil {
		o.startWriter()
		o.mu.Unlock()
		return
	}
	if !o.writeReadily(maxFlushRounds) {
		o.startWriter()
	}
	o.mu.Unlock()
}

// writeReadily writes what is queued, what comes meanwhile too for so many rounds,
// as long as the socket takes all of it at once. It reports whether nothing is left to
// send, and gives up sending then. The caller holds o.mu, which is let go of
// meanwhile, and sends.
func (o *Output) writeReadily(rounds int) (done bool) {
	for range rounds {
		if o.err != nil || len(o.out) > 0 {
			break
		}
		if len(o.pending) == 0 {
			o.stopSending()
			return true
		}
		o.take()
		o.mu.Unlock()
		err := o.raw.Write(o.writeReady)
		if err == nil {
			err = o.sendErr
		}
		o.mu.Lock()
		o.wrote(o.sentN, err)
	}
	if o.err != nil || len(o.pending) == 0 && len(o.out) == 0 {
		o.stopSending()
		return true
	}
	return false
}

// FlushSoon is Flush for a caller that should not pay for the write, such as a
// publisher whose message goes to many: a goroutine sends, and what others
// append until it runs goes with it.
func (o *Output) FlushSoon() {
	o.due.Store(false) // as in Flush
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sending || o.err != nil || len(o.pending) == 0 {
		return
	}
	o.sending = true
	o.startWriter()
}

// FlushNow is Flush for little, and FlushSoon for much: for a caller that may pay for
// one small write, where starting a goroutine for it costs as much.
func (o *Output) FlushNow() {
	if o.raw != nil && o.queued.Load() <= nowMost {
		o.Flush()
		return
	}
	o.FlushSoon()
}

// take moves what is pending to the sender; the caller holds o.mu and sends.
func (o *Output) take() {
	o.out, o.pending = o.pending, o.out[:0]
	o.outChunks, o.chunks = o.chunks, o.outChunks[:0]
	o.outAt = 0
	o.outSizes, o.sizes, o.outNext = o.sizes, o.outSizes[:0], 0
}

// writeNow is called with the descriptor; sender only. It returns true even if
// the socket is full, because the flusher must not wait.
func (o *Output) writeNow(fd uintptr) bool {
	o.sentN, o.sendErr = 0, nil
	scratch := vectorPool.Get().(*vectors)
	at, blocked := o.outAt, false
	for rest := o.out; len(rest) > 0 && !blocked && o.sendErr == nil; at = 0 {
		list := append(scratch.list[:0], rest[:min(len(rest), maxVectors)]...)
		rest = rest[len(list):]
		list[0] = list[0][at:]
		n := 0
		n, blocked, o.sendErr = tryWrite(fd, list)
		o.sentN += n
	}
	*scratch = vectors{} // nothing borrowed must outlive its sending here
	vectorPool.Put(scratch)
	return true
}

// sent books n bytes as written and gives back finished chunks. It returns
// what to call, without the lock, because there is room again. The caller
// holds o.mu and sends.
func (o *Output) sent(n int) (wake func()) {
	o.written += uint64(n)
	o.queued.Add(int64(-n))
	o.stats.BytesOut.Add(uint64(n))
	done := 0
	for done < len(o.out) && n >= len(o.out[done])-o.outAt {
		n -= len(o.out[done]) - o.outAt
		o.outAt = 0
		if c := o.outChunks[done]; c != nil {
			chunkPool.Put(c)
		}
		o.out[done] = nil // a borrowed body must not outlive its sending here
		done++
	}
	o.outAt += n
	o.out, o.outChunks = dropFirst(o.out, done), dropFirst(o.outChunks, done)
	o.relieve()
	o.catchUp()
	if o.stuck.Load() {
		o.stuck.Store(false)
	}
	if o.wake && int(o.queued.Load()) <= o.limit/2 {
		o.wake = false
		return o.onRoom
	}
	return nil
}

// dropFirst removes the first n and keeps the front of the array in use.
func dropFirst[T any](s []T, n int) []T {
	rest := s[:copy(s, s[n:])]
	clear(s[len(rest):])
	if len(rest) == 0 && cap(s) > keptSegments {
		return nil
	}
	return rest
}

// startWriter starts the goroutine that sends; the caller holds o.mu and has
// set sending, which the goroutine takes over. It ends when nothing is left or
// the output is closed; Conn.finish waits for it.
func (o *Output) startWriter() {
	o.stats.WriterStarts.Add(1)
	go o.writer()
}

func (o *Output) writer() {
	if o.raw != nil && o.sendsAll() {
		return
	}
	dog := o.watch()
	defer dog.stop()
	o.mu.Lock()
	for o.err == nil && (len(o.out) > 0 || len(o.pending) > 0) {
		if len(o.out) == 0 {
			o.take()
		}
		if o.messages != nil {
			o.writeMessage()
			continue
		}
		if o.raw == nil {
			o.write(o.nc, len(o.out[0]))
			continue
		}
		o.writeTogether()
	}
	o.stopSending()
	o.mu.Unlock()
}

// sendsAll says that the socket took all that was queued: nothing had to be waited
// for, and so nothing watched.
func (o *Output) sendsAll() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writeReadily(math.MaxInt)
}

// write writes a piece of the first segment, most bytes of it at most, and
// returns how many. The caller holds o.mu, which is let go of meanwhile, and sends.
func (o *Output) write(to io.Writer, most int) int {
	seg := o.out[0][o.outAt:]
	seg = seg[:min(len(seg), maxWrite, most)]
	o.mu.Unlock()
	n, err := to.Write(seg)
	o.mu.Lock()
	o.wrote(n, err)
	return n
}

// writeTogether writes several segments, maxWrite at most, in one system call:
// a large body and the small frames around it are segments of their own. The
// caller as for write.
func (o *Output) writeTogether() {
	scratch := vectorPool.Get().(*vectors)
	list, at := scratch.list[:0], o.outAt
	for left := maxWrite; len(list) < min(len(o.out), maxVectors) && left > 0; at = 0 {
		seg := o.out[len(list)][at:]
		list = append(list, seg[:min(len(seg), left)])
		left -= len(list[len(list)-1])
	}
	o.mu.Unlock()
	scratch.rest = list
	n, err := scratch.rest.WriteTo(o.nc)
	*scratch = vectors{} // nothing borrowed must outlive its sending here
	vectorPool.Put(scratch)
	o.mu.Lock()
	o.wrote(int(n), err)
}

// wrote books what a blocking write did; the caller as for write.
func (o *Output) wrote(n int, err error) {
	after := o.sent(n)
	if err != nil {
		after = o.end(err)
	}
	if after != nil {
		o.mu.Unlock()
		after()
		o.mu.Lock()
	}
}

// writeMessage writes the segments of one message, which are all in o.out; the
// caller as for write.
func (o *Output) writeMessage() {
	left := o.outSizes[o.outNext]
	o.outNext++
	text, more := o.isText(left), o.outNext < len(o.outSizes)
	o.mu.Unlock()
	w, err := o.messages.NextMessage(text, more)
	o.mu.Lock()
	for err == nil && left > 0 && o.err == nil {
		left -= o.write(w, left)
	}
	if err == nil && o.err == nil {
		o.mu.Unlock()
		err = w.Close()
		o.mu.Lock()
	}
	if err != nil {
		after := o.end(err)
		o.mu.Unlock()
		after()
		o.mu.Lock()
	}
}

// isText looks at the next n bytes to send. Each segment begins and ends with
// whole characters, if it is text: it is what one call gave.
func (o *Output) isText(n int) bool {
	at := o.outAt
	for _, seg := range o.out {
		part := seg[at:]
		part = part[:min(len(part), n)]
		at, n = 0, n-len(part)
		if !utf8.Valid(part) {
			return false
		}
		if n == 0 {
			break
		}
	}
	return true
}

// stopSending ends the sender's ownership; the caller holds o.mu.
func (o *Output) stopSending() {
	o.sending = false
	if o.err != nil {
		o.drop()
	}
	if o.idleCh != nil {
		close(o.idleCh)
		o.idleCh = nil
	}
}

// drop forgets everything queued; the caller holds o.mu and nobody sends.
func (o *Output) drop() {
	for _, list := range [][]*chunk{o.outChunks, o.chunks} {
		for _, c := range list {
			if c != nil {
				chunkPool.Put(c)
			}
		}
	}
	o.out, o.outChunks, o.pending, o.chunks, o.sizes, o.outSizes = nil, nil, nil, nil, nil, nil
	o.queued.Store(0)
}

// end marks the output as closed for a reason; the caller holds o.mu. The
// result, to be called without the lock because closing may take a while, closes
// the connection and tells the owner.
func (o *Output) end(cause error) func() {
	if o.err != nil {
		return func() {}
	}
	if cause == nil {
		cause = net.ErrClosed
	}
	o.err = cause
	o.closed.Store(true)
	if !o.sending {
		o.drop()
	}
	o.relieve()
	o.catchUp()
	o.wake = false
	onRoom, nc := o.onRoom, o.nc
	return func() {
		_ = nc.Close() // its error tells nothing: the connection is over
		if onRoom != nil {
			onRoom()
		}
	}
}

// Close ends the connection at once; what is queued is lost.
func (o *Output) Close(cause error) {
	o.mu.Lock()
	after := o.end(cause)
	o.mu.Unlock()
	after()
}

// idle is closed when nobody sends.
func (o *Output) idle() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.sending {
		ch := make(chan struct{})
		close(ch)
		return ch
	}
	if o.idleCh == nil {
		o.idleCh = make(chan struct{})
	}
	return o.idleCh
}

// wait returns when no goroutine of the output is left; after Close only.
func (o *Output) wait() { <-o.idle() }

// Finish flushes and waits up to d until all is sent. It reports whether it was.
func (o *Output) Finish(d time.Duration) bool {
	o.Flush()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-o.idle():
	case <-t.C:
	}
	return o.Queued() == 0 && o.Err() == nil
}

// watchdog cuts a connection on which bytes that must be sent do not move. A
// timer instead of write deadlines: a timed-out write would break a TLS stream.
type watchdog struct {
	o     *Output
	timer *time.Timer
	seen  uint64 // o.written when last looked; under o.mu
	must  bool   // Must bytes waited when last looked; under o.mu
	ended bool   // under o.mu
}

func (o *Output) watch() *watchdog {
	w := &watchdog{o: o}
	o.mu.Lock()
	defer o.mu.Unlock()
	w.seen, w.must = o.written, o.mustEnd > o.written
	w.timer = time.AfterFunc(o.stall, w.look)
	return w
}

func (w *watchdog) stop() {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	w.ended = true
	w.timer.Stop()
}

// look runs once per stall time: a stall is noticed after one to two of them.
func (w *watchdog) look() {
	o := w.o
	o.mu.Lock()
	if w.ended || o.err != nil {
		o.mu.Unlock()
		return
	}
	if must := o.mustEnd > o.written; o.written != w.seen || !must || !w.must {
		w.seen, w.must = o.written, must
		w.timer.Reset(o.stall)
		o.mu.Unlock()
		return
	}
	o.stats.Stalled.Add(1)
	after := o.end(ErrStalled)
	o.mu.Unlock()
	after()
}
