package awsapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
)

// MaxHeaderLines is how many lines a request may have before its body. net/http
// bounds their bytes alone, and a line of four costs it more than a hundred.
const MaxHeaderLines = 100

var (
	errHeaderLines = errors.New("awsapi: too many header lines")
	errPipelined   = errors.New("awsapi: requests before the reply")
)

// Listener counts the header lines of what ln accepts, for a server of NewServer.
func Listener(ln net.Listener) net.Listener { return listener{ln} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{timed: timed{Conn: c}}, nil
}

// A conn fails the read that brings one header line too many. It needs to be told
// when a handler runs (counted), since it cannot tell where a body ends. mu owns
// what is below it: net/http reads in the background while a handler runs.
type conn struct {
	timed
	mu      sync.Mutex
	body    bool  // the headers are complete, and the handler has not returned
	lines   int   // of the headers, so far
	begun   bool  // the line that is being read has more than CR
	after   int64 // bytes that came after the headers
	last    byte  // of those
	spilled bool  // net/http holds lines of the next request that were not counted
}

func (c *conn) Read(p []byte) (int, error) {
	if c.full() { // now: the rest may never come
		return 0, errPipelined
	}
	n, err := c.timed.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if rest := c.count(p[:n]); len(rest) > 0 {
		c.after += int64(len(rest))
		c.last = rest[len(rest)-1]
	}
	if !c.body && c.lines > MaxHeaderLines {
		return 0, errHeaderLines
	}
	return n, err
}

func (c *conn) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spilled && !c.body
}

// count ends the headers at the first blank line that is not before them, and
// returns what is behind.
func (c *conn) count(p []byte) (rest []byte) {
	for len(p) > 0 && !c.body {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		c.begun = c.begun || len(bytes.TrimLeft(line, "\r")) > 0
		switch p = rest; {
		case !whole:
		case c.begun:
			c.lines++
			c.begun = false
		default:
			c.body = c.lines > 0 && c.lines <= MaxHeaderLines
		}
	}
	return p
}

// next waits for the headers of the next request. More than a client's stray line
// break behind a body of this length was read before its headers could be counted.
func (c *conn) next(length int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spilled = c.spilled || c.after > length+int64(len("\r\n\r\n"))
	c.body, c.lines, c.begun, c.after = false, 0, false, 0
}

// brought says that a body of this length has been read, if it is not chunked.
func (c *conn) brought(length int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.body && length >= 0 && c.after >= length
}

// end is a body's last byte, if the body came with its headers and nothing behind it.
func (c *conn) end(length int64) (last byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last, c.body && length > 0 && c.after == length
}

// CloseWrite lets net/http end a refused request without a reset.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// counted tells the connection of a request when its handler has returned. Where
// a chunked body ends shows nowhere, so the connection ends with it.
func counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*conn)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		if tc, ok := c.Conn.(*tls.Conn); ok { // net/http sees our conn only
			state := tc.ConnectionState()
			r.TLS = &state
		}
		if r.ContentLength < 0 {
			w.Header().Set("Connection", "close")
		}
		defer c.next(r.ContentLength)
		h.ServeHTTP(w, r)
	})
}
