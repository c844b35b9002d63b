package awsapi

import (
	"net"
	"os"
	"sync"
	"time"
)

// net/http sets eight deadlines a request, most of which another replaces before
// anybody waits, and each goes through the runtime's timers and may wake a thread.
// A timed connection notes them, and tells the socket when somebody is to wait:
//
//   - a read, if the socket has no deadline or a later one. One that an earlier
//     deadline of the socket ends is begun again.
//   - a write, which TLS cannot begin again, if the socket's is not about the same: it
//     may be early by an eighth of the time.
type timed struct {
	net.Conn
	dueMu   sync.Mutex // guards all below
	reads   due
	reading bool // somebody reads the socket
	cut     bool // the socket's deadline for reads was over when it was set
	writes  due
}

// A due is a deadline, zero for none: as it was asked for and as the socket has it.
type due struct{ asked, set time.Time }

func (d *due) over() bool { return !d.asked.IsZero() && time.Until(d.asked) <= 0 }

func (c *timed) Read(p []byte) (int, error) {
	for {
		if err := c.beginRead(); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(p)
		if again := c.endRead(err); n > 0 || !again {
			return n, err
		}
	}
}

func (c *timed) beginRead() error {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	if c.reads.over() {
		return os.ErrDeadlineExceeded
	}
	c.reading = true
	return c.hasten()
}

// hasten sets the socket's deadline for reads if it is too late, or was there to end
// one. Lock held.
func (c *timed) hasten() error {
	d := &c.reads
	if !c.cut && (d.asked.IsZero() || !d.set.IsZero() && !d.asked.Before(d.set)) {
		return nil
	}
	d.set, c.cut = d.asked, d.over()
	return c.Conn.SetReadDeadline(d.set)
}

// endRead tells that the read is to be begun again, with the deadline that was
// asked for.
func (c *timed) endRead(err error) (again bool) {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	c.reading = false
	if err == nil || !timedOut(err) || c.reads.over() {
		return false
	}
	c.reads.set = c.reads.asked
	return c.Conn.SetReadDeadline(c.reads.set) == nil
}

// SetReadDeadline implements net.Conn.
func (c *timed) SetReadDeadline(t time.Time) error {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	c.reads.asked = t
	if !c.reading {
		return nil
	}
	return c.hasten()
}

func (c *timed) Write(p []byte) (int, error) {
	if err := c.beginWrite(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *timed) beginWrite() error {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	d := &c.writes
	if early := d.asked.Sub(d.set); d.asked.Equal(d.set) || !d.asked.IsZero() && !d.set.IsZero() && early >= 0 && early <= time.Until(d.asked)/8 {
		return nil
	}
	d.set = d.asked
	return c.Conn.SetWriteDeadline(d.set)
}

// SetWriteDeadline implements net.Conn, for writes to come.
func (c *timed) SetWriteDeadline(t time.Time) error {
	c.dueMu.Lock()
	defer c.dueMu.Unlock()
	c.writes.asked = t
	return nil
}

// SetDeadline implements net.Conn.
func (c *timed) SetDeadline(t time.Time) error {
	_ = c.SetWriteDeadline(t) // it only takes a note
	return c.SetReadDeadline(t)
}
