package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// stompClient speaks STOMP 1.2, frames made and read by hand. Confirm is
// persistent messages with a receipt each and cumulative acknowledgements
// (ack:client), at a queue; without it nobody waits for anything. Fanout is a
// topic. What is said is the same to every broker: of two brokers' headers for
// the same thing each takes its own.
type stompClient struct{}

// destination of the run.
func (t *Target) destination() string {
	if t.Fanout {
		return "/topic/" + t.Name
	}
	return "/queue/" + t.Name
}

// Prepare implements Client: the first to name a queue makes it.
func (stompClient) Prepare(*Target) (func(), error) { return func() {}, nil }

// stompDial connects and logs in.
func stompDial(addr string, buffer int) (*stompReader, error) {
	c, err := dial(addr, "v12.stomp")
	if err != nil {
		return nil, err
	}
	r := &stompReader{stream: newStream(c, buffer)}
	if err := r.ask("CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:0,0\n\n\x00", "CONNECTED"); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return r, nil
}

// ask sends a frame and waits for its answer.
func (r *stompReader) ask(frame, answer string) error {
	if _, err := r.c.Write([]byte(frame)); err != nil {
		return err
	}
	if err := r.c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	f, err := r.next(notIdle)
	if err != nil {
		return err
	}
	if string(f.command) != answer {
		return f.unexpected()
	}
	return r.c.SetReadDeadline(time.Time{})
}

// A stompFrame is valid until the reader's next.
type stompFrame struct{ command, headers, body []byte }

func (f stompFrame) unexpected() error {
	return fmt.Errorf("a frame %.20q %.300q %.300q", f.command, f.headers, f.body)
}

// header returns the first value of a header; its name comes with its colon,
// between line feeds: "\nack:".
func (f stompFrame) header(name string) []byte {
	at := bytes.Index(f.headers, []byte(name))
	if at < 0 {
		return nil
	}
	value := f.headers[at+len(name):]
	return value[:bytes.IndexByte(value, '\n')]
}

// A stompReader finds frames in a stream.
type stompReader struct{ stream }

// next returns the next frame. Before it has to wait for the network it calls
// idle.
func (r *stompReader) next(idle func() error) (stompFrame, error) {
	for {
		for have := r.have(); len(have) > 0 && (have[0] == '\n' || have[0] == '\r'); have = r.have() {
			r.take(1) // a heart-beat, or what may stand between frames
		}
		f, total, err := cutFrame(r.have())
		if err != nil {
			return f, err
		}
		if total > 0 && total <= len(r.have()) {
			r.take(total)
			return f, nil
		}
		if len(r.have()) == len(r.buf) && total == 0 {
			total = 2 * len(r.buf)
		}
		if err := r.more(total, idle); err != nil {
			return f, err
		}
	}
}

// cutFrame finds the frame that b begins with. A total of 0: its end is not
// known yet; one over b's length: as much is needed.
func cutFrame(b []byte) (f stompFrame, total int, err error) {
	line := bytes.IndexByte(b, '\n')
	if line < 0 {
		return f, 0, nil
	}
	end := bytes.Index(b[line:], []byte("\n\n"))
	if end < 0 {
		return f, 0, nil
	}
	end += line
	f.command, f.headers = b[:line], b[line:end+1]
	body := b[end+2:]
	length := f.header("\ncontent-length:")
	if length == nil {
		n := bytes.IndexByte(body, 0)
		if n < 0 {
			return f, 0, nil
		}
		f.body = body[:n]
		return f, end + 2 + n + 1, nil
	}
	n, err := strconv.Atoi(string(length))
	if err != nil || n < 0 || n > 1<<28 {
		return f, 0, errors.New("a frame's length is malformed")
	}
	total = end + 2 + n + 1
	if total <= len(b) {
		f.body = body[:n]
	}
	return f, total, nil
}

// stompClosed is what a reader's end means after its connection was closed.
func stompClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
