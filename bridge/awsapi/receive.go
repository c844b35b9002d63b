package awsapi

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"
	"unsafe"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// firstChunk is what a body is given before any of it has arrived, whatever
// length it announces.
const firstChunk = 4 << 10

// hurry puts a deadline on the body, unless it came with its headers, before
// anything else looks at the request. A reply that leaves before the whole body has come closes the connection, or
// net/http would wait for the rest first.
func (t *turn) hurry() {
	t.unread = t.r.ContentLength != 0 && t.r.Body != nil
	c, ok := t.r.Context().Value(connKey{}).(*conn)
	if t.hurried = t.unread && !(ok && c.brought(t.r.ContentLength)); t.hurried {
		_ = t.control().SetReadDeadline(time.Now().Add(t.edge.cfg.BodyTimeout)) // unsupported by test recorders only
	}
}

func (t *turn) control() *http.ResponseController { return http.NewResponseController(t.w) }

// receive reads the body within its bounds. The deadline covers the body alone:
// it is taken off again, so that a long poll may wait and the server still
// notices that its client went away. After an error it stays.
func (t *turn) receive() error {
	if t.r.ContentLength > int64(t.edge.cfg.MaxBody) {
		return tooLarge()
	}
	if !t.unread {
		return nil
	}
	if err := t.readBody(); err != nil {
		return err
	}
	if t.unread = false; !t.hurried {
		return nil
	}
	_ = t.control().SetReadDeadline(time.Time{}) // fails only on a connection that is gone, as the handler's ctx tells
	return nil
}

// readBody reads it, all but the last byte of one that came with its headers while
// nothing else is served: who is not alone will wait for others, and ask.
func (t *turn) readBody() error {
	c, ok := t.r.Context().Value(connKey{}).(*conn)
	if ok && t.r.ContentLength <= firstChunk && t.edge.inFlight.Load() == 1 {
		if last, ok := c.end(t.r.ContentLength); ok {
			return t.readButFor(last)
		}
	}
	return t.read()
}

// read fills t.body, growing with what arrives.
func (t *turn) read() error {
	size := min(t.r.ContentLength, firstChunk)
	if size < 0 { // chunked
		size = firstChunk
	}
	for {
		if err := t.grow(int(size)); err != nil {
			return err
		}
		n, err := io.ReadFull(t.r.Body, t.body[len(t.body):cap(t.body)])
		t.body = t.body[:len(t.body)+n]
		if done, err := t.bodyEnd(err); done || err != nil {
			return err
		}
		size = 2 * int64(cap(t.body))
		if t.r.ContentLength > 0 {
			size = min(size, t.r.ContentLength)
		}
	}
}

// bodyEnd tells whether the body is complete.
func (t *turn) bodyEnd(err error) (done bool, _ error) {
	switch {
	case err == nil:
		return int64(len(t.body)) == t.r.ContentLength, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if t.r.ContentLength >= 0 && int64(len(t.body)) < t.r.ContentLength {
			return false, wire.MalformedQuery.New("The request's body ended early")
		}
		return true, nil
	case timedOut(err):
		return false, wire.RequestTimeout.New("The request's body did not arrive in time")
	}
	return false, wire.MalformedQuery.New("The request's body could not be read")
}

func timedOut(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

// grow gives the body size bytes of room and charges them.
func (t *turn) grow(size int) error {
	if size > t.edge.cfg.MaxBody {
		if len(t.body) >= t.edge.cfg.MaxBody {
			return tooLarge()
		}
		size = t.edge.cfg.MaxBody
	}
	more := int64(size - cap(t.body))
	t.held += more
	if t.edge.reception.Add(more) > t.edge.cfg.MaxReception {
		return wire.ServiceUnavailable.New("Too much is being received at once; try again")
	}
	b := make([]byte, len(t.body), size)
	copy(b, t.body)
	t.body = b
	return nil
}

func tooLarge() error {
	return wire.RequestTooLarge.New("The request is larger than this endpoint takes")
}

// text views the body as a string without a copy: after receive nobody writes to it.
func (t *turn) text() string { return unsafe.String(unsafe.SliceData(t.body), len(t.body)) }
