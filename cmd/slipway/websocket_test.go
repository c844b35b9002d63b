package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var mqttConnect = []byte("\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03web")

// dialWeb asks for a door over WebSocket. With a status it is refused.
func dialWeb(t *testing.T, url string, d websocket.Dialer, header http.Header) (*websocket.Conn, int) {
	t.Helper()
	c, answer, err := d.Dial(url, header) //nolint:bodyclose // without an error there is none
	switch {
	case err == nil:
		t.Cleanup(func() { _ = c.Close() })
		return c, 0
	case answer == nil:
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	return nil, answer.StatusCode
}

func mqttOver(t *testing.T, c *websocket.Conn) {
	t.Helper()
	if err := c.WriteMessage(websocket.BinaryMessage, mqttConnect); err != nil {
		t.Fatal(err)
	}
	kind, connack, err := c.ReadMessage()
	if err != nil || kind != websocket.BinaryMessage || string(connack) != "\x20\x02\x00\x00" {
		t.Errorf("CONNACK is %d, %x, %v", kind, connack, err)
	}
}

// MQTT over ws and wss, by subprotocol, path and first bytes; a goodbye when the
// broker drains.
func TestWebSocket(t *testing.T) {
	dir, trust := certs(t)
	text := fmt.Sprintf("tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key}\nwebsocket: {tls_listen: ['127.0.0.1:0'], allowed_hosts: [page.test]}", dir)
	in, err := start(settings(t, text), quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	plain, secure := "ws://"+address(t, in.doors.opened, "websocket"), "wss://"+address(t, in.doors.opened, "websocket-tls")
	var last *websocket.Conn
	for _, url := range []string{plain, secure} {
		c, _ := dialWeb(t, url+"/anything", websocket.Dialer{Subprotocols: []string{"mqtt"}, TLSClientConfig: trust}, nil)
		mqttOver(t, c)
		c, _ = dialWeb(t, url+"/mqtt", websocket.Dialer{TLSClientConfig: trust}, nil)
		mqttOver(t, c)
		last, _ = dialWeb(t, url, websocket.Dialer{TLSClientConfig: trust}, nil)
		mqttOver(t, last)
	}
	over := map[string]int{}
	for _, c := range in.doors.server.Conns() {
		if c.Protocol != "mqtt" {
			t.Errorf("%+v", c)
		}
		over[c.Transport]++
	}
	if over["wss"] == 0 {
		t.Errorf("listed as %v", over)
	}
	for origin, want := range map[string]int{
		"http://localhost:8080": 0, "https://page.test": 0, "null": 403, "http://evil.test": 403,
	} {
		if _, got := dialWeb(t, plain, websocket.Dialer{}, http.Header{"Origin": {origin}}); got != want {
			t.Errorf("Origin %s: %d", origin, got)
		}
	}
	if _, got := dialWeb(t, plain, websocket.Dialer{}, http.Header{"Host": {"evil.test"}}); got != 403 {
		t.Errorf("a foreign Host: %d", got)
	}
	ended := make(chan error, 1)
	go func() {
		_, _, err := last.ReadMessage()
		ended <- err
	}()
	if err := in.stop(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("a drained broker says %v", err)
	}
}

// With users a page may come from anywhere, as long as there is no list: it
// needs a password. Not so if the browser has a certificate to show.
func TestWebSocketWithUsers(t *testing.T) {
	foreign := http.Header{"Origin": {"http://shop.test"}}
	for list, want := range map[string]int{"[]": 0, "[page.test]": 403, "['*.test']": 0} {
		in, err := start(settings(t, "websocket: {allowed_hosts: "+list+"}"+signers), quiet(), outside(t))
		if err != nil {
			t.Fatal(err)
		}
		c, got := dialWeb(t, "ws://"+address(t, in.doors.opened, "websocket")+"/mqtt", websocket.Dialer{}, foreign)
		if got != want {
			t.Errorf("%s: %d", list, got)
		}
		if c != nil {
			if err := c.WriteMessage(websocket.BinaryMessage, mqttConnect); err != nil {
				t.Fatal(err)
			}
			if _, connack, err := c.ReadMessage(); err != nil || string(connack) != "\x20\x02\x00\x05" {
				t.Errorf("without a user: %x, %v", connack, err)
			}
			if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				t.Errorf("then %v", err)
			}
			_ = c.Close()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := in.doors.drain(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	}
}

// STOMP has a frame in each message, as text where it is text.
func TestSTOMPOverWebSocket(t *testing.T) {
	in, err := start(settings(t, ""), quiet(), outside(t))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := dialWeb(t, "ws://"+address(t, in.doors.opened, "websocket"), websocket.Dialer{Subprotocols: []string{"v12.stomp", "v11.stomp"}}, nil)
	if c.Subprotocol() != "v12.stomp" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	send := func(kind int, frame string) {
		t.Helper()
		if err := c.WriteMessage(kind, []byte(frame+"\x00")); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(kind int, command, body string) {
		t.Helper()
		got, text, err := c.ReadMessage()
		if err != nil || got != kind || !strings.HasPrefix(string(text), command+"\n") || !strings.HasSuffix(strings.TrimRight(string(text), "\n"), "\n\n"+body+"\x00") {
			t.Errorf("got %d %q, %v; want %d %s %q", got, text, err, kind, command, body)
		}
	}
	send(websocket.TextMessage, "CONNECT\naccept-version:1.2\nhost:/\n\n")
	expect(websocket.TextMessage, "CONNECTED", "")
	send(websocket.TextMessage, "SUBSCRIBE\nid:1\ndestination:/queue/web\n\n")
	send(websocket.TextMessage, "SEND\ndestination:/queue/web\n\ngr\u00f6\u00dfer")
	expect(websocket.TextMessage, "MESSAGE", "gr\u00f6\u00dfer")
	send(websocket.BinaryMessage, "SEND\ndestination:/queue/web\n\n\xff\xfe")
	expect(websocket.BinaryMessage, "MESSAGE", "\xff\xfe")
	large := strings.Repeat("0123456789", 10_000) // kept by reference, and split by whoever writes frames
	send(websocket.TextMessage, "SEND\ndestination:/queue/web\n\n"+large)
	expect(websocket.TextMessage, "MESSAGE", large)
	if err := in.stop(); err != nil {
		t.Error(err)
	}
}
