package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// What a protocol may go over beside TCP is tls, ws and wss; mqtt-wss is MQTT
// over the last, and its address a URL of that scheme.

// addOvers adds the addresses of protocols over TLS and WebSocket to those of
// Slipway's banner.
func addOvers(addrs map[string]string) {
	for _, protocol := range []string{"mqtt", "amqp", "stomp"} {
		if addrs[protocol] == "" {
			continue
		}
		for over, door := range map[string]string{"tls": protocol + "-tls", "ws": "websocket", "wss": "websocket-tls"} {
			if addrs[door] != "" {
				addrs[protocol+"-"+over] = over + "://" + strings.TrimPrefix(addrs[door], over+"://")
			}
		}
	}
}

// The broker's certificate is of its own CA, and not what is measured.
var anyBroker = &tls.Config{InsecureSkipVerify: true, ClientSessionCache: nil}

// dial connects to host:port, or to such a URL.
func dial(addr, subprotocol string) (net.Conn, error) {
	over, host, ok := strings.Cut(addr, "://")
	if !ok {
		over, host = "tcp", addr
	}
	c, err := net.DialTimeout("tcp", host, 30*time.Second)
	if err != nil {
		return nil, err
	}
	// A flood should be under way in the broker, not in the kernel.
	if err := c.(*net.TCPConn).SetWriteBuffer(128 << 10); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	up, err := speak(c, over, host, subprotocol)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return up, nil
}

func speak(c net.Conn, over, host, subprotocol string) (net.Conn, error) {
	if over == "tls" || over == "wss" {
		tc := tls.Client(c, anyBroker)
		if err := tc.Handshake(); err != nil {
			return nil, err
		}
		c = tc
	}
	if over != "ws" && over != "wss" {
		return c, nil
	}
	d := websocket.Dialer{
		NetDial:      func(string, string) (net.Conn, error) { return c, nil },
		Subprotocols: []string{subprotocol}, ReadBufferSize: 16 << 10, WriteBufferSize: 1 << 10, WriteBufferPool: &webBuffers,
	}
	w, _, err := d.Dial("ws://"+host, nil) //nolint:bodyclose // there is none
	if err != nil {
		return nil, err
	}
	return &webConn{Conn: w}, nil
}

var webBuffers sync.Pool

// webConn is the stream that a WebSocket carries.
type webConn struct {
	*websocket.Conn
	message io.Reader // being read; nil: none
}

func (w *webConn) Read(p []byte) (int, error) {
	for {
		if w.message == nil {
			var err error
			if _, w.message, err = w.NextReader(); err != nil {
				return 0, closedError(err)
			}
		}
		n, err := w.message.Read(p)
		if errors.Is(err, io.EOF) {
			w.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, closedError(err)
		}
	}
}

// closedError is what a closed socket says.
func closedError(err error) error {
	if websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseAbnormalClosure) {
		return net.ErrClosed
	}
	return err
}

func (w *webConn) Write(p []byte) (int, error) {
	if err := w.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *webConn) SetDeadline(t time.Time) error {
	return errors.Join(w.SetReadDeadline(t), w.SetWriteDeadline(t))
}
