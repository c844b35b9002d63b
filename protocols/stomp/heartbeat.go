package stomp

import (
	"strconv"
	"strings"
	"sync"
	"time"
)

// Heart-beats (STOMP 1.1 and 1.2). What the client says it can send and wants to
// get is taken as it is, but for intervals below Config.MinHeartBeat. We look three
// times in an interval and send if nothing was written since the last look; the
// client is given twice its interval before it counts as gone.

// parseHeartBeat reads "can send,wants", both in ms; nothing is "0,0".
func parseHeartBeat(text string) (beat [2]int, err error) {
	if text == "" {
		return beat, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) != 2 {
		return beat, refuse("Invalid request", "heart-beat is two numbers of milliseconds")
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 31)
		if err != nil {
			return beat, refuse("Invalid request", "heart-beat is two numbers of milliseconds")
		}
		beat[i] = int(n)
	}
	return beat, nil
}

// negotiate is what we announce to send and to want.
func (c *conn) negotiate(beat [2]int) (send, receive time.Duration) {
	least := c.h.cfg.MinHeartBeat
	if beat[1] > 0 {
		send = max(least, time.Duration(beat[1])*time.Millisecond)
	}
	if beat[0] > 0 {
		receive = max(least, time.Duration(beat[0])*time.Millisecond)
	}
	return send, receive
}

func heartBeatText(send, receive time.Duration) string {
	return strconv.FormatInt(send.Milliseconds(), 10) + "," + strconv.FormatInt(receive.Milliseconds(), 10)
}

// beginHeartBeat keeps to what was announced.
func (c *conn) beginHeartBeat(beat [2]int, send, receive time.Duration) {
	if receive > 0 {
		c.idle = 2 * receive
		c.nc.SetIdle(c.idle)
	}
	if send > 0 {
		c.beat.start(c, send/3)
	}
}

// heartBeat sends line ends while nothing else is sent.
type heartBeat struct {
	mu      sync.Mutex
	timer   *time.Timer // guarded by mu; nil: none are sent
	written uint64      // guarded by mu; what was written by the last look
	stopped bool        // guarded by mu
}

func (b *heartBeat) start(c *conn, every time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = time.AfterFunc(every, func() { b.look(c, every) })
}

func (b *heartBeat) look(c *conn, every time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return
	}
	if written := c.nc.Out.Written(); written != b.written {
		b.written = written
	} else if c.nc.Out.Queued() == 0 { // else more is on its way than a line end
		c.mu.Lock()
		c.encode(func(dst []byte) []byte { return append(dst, '\n') }, nil)
		c.mu.Unlock()
		c.nc.Out.FlushSoon()
	}
	b.timer.Reset(every)
}

func (b *heartBeat) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped = true; b.timer != nil {
		b.timer.Stop()
	}
}
