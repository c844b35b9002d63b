package protocols

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// mailbox is a MessageConn that keeps what is written.
type mailbox struct {
	net.Conn
	mu   sync.Mutex
	got  []string // "text: ..." or "bytes: ..."; guarded by mu
	fail int      // after so many messages; 0: never
}

type letter struct {
	m    *mailbox
	kind string
	bytes.Buffer
}

func (m *mailbox) NextMessage(text, _ bool) (io.WriteCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail > 0 && len(m.got) == m.fail {
		return nil, errors.New("planted")
	}
	return &letter{m: m, kind: map[bool]string{true: "text: ", false: "bytes: "}[text]}, nil
}

func (l *letter) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.got = append(l.m.got, l.kind+l.String())
	return nil
}

func messageOutput(t *testing.T, fail int) (*Output, *mailbox) {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { _ = here.Close(); _ = there.Close() })
	m := &mailbox{Conn: here, fail: fail}
	o := newOutput(here, 1<<20, time.Minute, &Stats{})
	if err := o.talkOver(m); err != nil {
		t.Fatal(err)
	}
	return o, m
}

// Over a transport with messages each call is one, however it was kept; text
// where all of it is.
func TestEachCallIsAMessage(t *testing.T) {
	o, m := messageOutput(t, 0)
	text := func(s string) func([]byte) []byte { return func(dst []byte) []byte { return append(dst, s...) } }
	large := []byte(strings.Repeat("body ", 40_000)) // by reference, and longer than one write
	var want []string
	for round := range 30 {
		o.Write(Must, []byte(fmt.Sprint("reply ", round)))
		o.EncodeAround(Must, text("head\n\n"), large, []byte{0})
		o.EncodeAround(Must, text("head\n\n"), []byte("h\xc3\xa9llo"), []byte{0})
		o.EncodeAround(Must, text("head\n\n"), []byte("h\xe9llo"), []byte{0})
		o.EncodeAround(Must, text("head\n\n"), append([]byte("\xff"), large...), []byte{0})
		o.Write(Must, nil)
		want = append(want, fmt.Sprint("text: reply ", round), "text: head\n\n"+string(large)+"\x00",
			"text: head\n\nh\xc3\xa9llo\x00", "bytes: head\n\nh\xe9llo\x00", "bytes: head\n\n\xff"+string(large)+"\x00")
		if round%3 == 0 {
			o.Flush()
		}
	}
	if !o.Finish(time.Minute) {
		t.Fatalf("not finished: %v", o.Err())
	}
	if len(m.got) != len(want) {
		t.Fatalf("%d messages, want %d", len(m.got), len(want))
	}
	for i := range want {
		if m.got[i] != want[i] {
			t.Fatalf("message %d has %d bytes, want %d", i, len(m.got[i]), len(want[i]))
		}
	}
	if o.Queued() != 0 {
		t.Errorf("%d queued", o.Queued())
	}
}

func TestAMessageThatFails(t *testing.T) {
	o, m := messageOutput(t, 2)
	for range 5 {
		o.Write(Must, []byte("x"))
	}
	o.Flush()
	o.wait()
	if o.Err() == nil || o.Queued() != 0 || len(m.got) != 2 {
		t.Errorf("error %v, %d queued, %d messages", o.Err(), o.Queued(), len(m.got))
	}
}
