package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Limits bound one frame. All are checked before anything is kept.
type Limits struct {
	Head    int // bytes of command and headers
	Line    int // bytes of one of their lines
	Headers int // how many
	Body    int // bytes
}

// A Reader finds the frames in what arrives. The zero Reader with Limits is
// ready.
type Reader struct {
	Limits  Limits
	Version Version // set it once it is negotiated

	head    []byte // of a frame whose head is not whole yet
	frame   Frame  // whose head is whole, while its body comes
	inBody  bool
	length  int // of the body; -1: up to a NUL
	body    []byte
	headers []Header // reused
}

// Next takes bytes from the front of buf and returns how many. The frame has no
// command if they were not enough for one: n is then len(buf). The error is an
// *Error, after which the Reader is of no use.
func (r *Reader) Next(buf []byte) (f Frame, n int, err error) {
	if !r.inBody {
		used, whole, err := r.readHead(buf)
		if err != nil || !whole {
			return Frame{}, used, err
		}
		n = used
	}
	used, whole, err := r.readBody(buf[n:])
	n += used
	if err != nil || !whole {
		return Frame{}, n, err
	}
	f, r.inBody = r.frame, false
	return f, n, nil
}

// readHead takes what belongs to the head, and parses it when it is whole.
func (r *Reader) readHead(buf []byte) (n int, whole bool, err error) {
	if len(r.head) == 0 {
		for n < len(buf) && (buf[n] == '\n' || buf[n] == '\r') { // heart-beats
			n++
		}
	}
	rest := buf[n:]
	if len(rest) == 0 {
		return n, false, nil
	}
	if len(r.head) == 0 { // nearly always it comes in one piece
		end := headEnd(rest, 0)
		if end < 0 {
			return len(buf), false, r.keepHead(rest)
		}
		return n + end, true, r.begin(rest[:end])
	}
	had := len(r.head)
	room := rest[:min(len(rest), r.Limits.Head+4-min(had, r.Limits.Head+4))] // one byte too many is enough to refuse it
	r.head = append(r.head, room...)
	end := headEnd(r.head, max(0, had-2))
	if end < 0 {
		return len(buf), false, r.checkHead(r.head)
	}
	head := r.head[:end]
	r.head = nil
	return n + end - had, true, r.begin(head)
}

// headEnd is where a head ends that is looked at from a place on: behind its
// blank line. -1: it does not.
func headEnd(b []byte, from int) int {
	for {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return -1
		}
		at := from + i + 1
		switch {
		case at < len(b) && b[at] == '\n':
			return at + 1
		case at+1 < len(b) && b[at] == '\r' && b[at+1] == '\n':
			return at + 2
		}
		from = at
	}
}

// keepHead keeps the beginning of a head.
func (r *Reader) keepHead(b []byte) error {
	if err := r.checkHead(b); err != nil {
		return err
	}
	r.head = append(make([]byte, 0, 2*len(b)), b...)
	return nil
}

// checkHead applies the limits to a head that is not whole.
func (r *Reader) checkHead(b []byte) error {
	if len(b) > r.Limits.Head {
		return &Error{fmt.Sprintf("a frame with headers of over %d bytes", r.Limits.Head)}
	}
	lines := 0
	for rest := b; ; lines++ {
		end := bytes.IndexByte(rest, '\n')
		if end > r.Limits.Line || end < 0 && len(rest) > r.Limits.Line {
			return &Error{fmt.Sprintf("a line of over %d bytes", r.Limits.Line)}
		}
		if end < 0 {
			break
		}
		rest = rest[end+1:]
	}
	if lines > r.Limits.Headers+1 {
		return &Error{fmt.Sprintf("a frame with over %d headers", r.Limits.Headers)}
	}
	return nil
}

// begin parses a head; the body follows.
func (r *Reader) begin(head []byte) error {
	if len(head) > r.Limits.Head {
		return r.checkHead(head)
	}
	text := string(head) // all strings of the frame are parts of it
	line, rest, _ := r.cutLine(text)
	if bad := badCommand(line); bad != "" {
		return &Error{bad}
	}
	r.frame = Frame{Command: line, Headers: r.headers[:0]}
	for {
		var ok bool
		if line, rest, ok = r.cutLine(rest); !ok {
			return &Error{fmt.Sprintf("a line of over %d bytes", r.Limits.Line)}
		}
		if line == "" || line == "\r" {
			break
		}
		if len(r.frame.Headers) >= r.Limits.Headers {
			return &Error{fmt.Sprintf("a frame with over %d headers", r.Limits.Headers)}
		}
		h, err := r.header(line)
		if err != nil {
			return err
		}
		r.frame.Headers = append(r.frame.Headers, h)
	}
	r.headers = r.frame.Headers
	if cap(r.headers) > keptHeaders {
		r.headers = nil
	}
	r.trim()
	return r.beginBody()
}

// keptHeaders is how long a list an idle reader keeps.
const keptHeaders = 64

// cutLine is the next line, without what ends it, and whether it is short
// enough: a carriage return counts, as it does in checkHead.
func (r *Reader) cutLine(text string) (line, rest string, ok bool) {
	line, rest, _ = strings.Cut(text, "\n")
	ok = len(line) <= r.Limits.Line
	if r.Version == V12 || r.Version == 0 {
		line = strings.TrimSuffix(line, "\r")
	}
	return line, rest, ok
}

// maxCommand is longer than any.
const maxCommand = 32

func badCommand(s string) string {
	if s == "" || len(s) > maxCommand {
		return "this is no STOMP frame: it begins with no command"
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return "this is no STOMP frame: its command has other characters than capital letters"
		}
	}
	return ""
}

func (r *Reader) header(line string) (Header, error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" {
		return Header{}, &Error{"a header without a name or without a colon"}
	}
	if r.Version <= V10 || connects(r.frame.Command) {
		return Header{name, value}, nil
	}
	name, ok1 := unescape(name, r.Version)
	value, ok2 := unescape(value, r.Version)
	if !ok1 || !ok2 {
		return Header{}, &Error{"a header with an escape that STOMP " + r.Version.String() + " does not have"}
	}
	return Header{name, value}, nil
}

// connects says that a frame is never escaped.
func connects(command string) bool {
	return command == "CONNECT" || command == "CONNECTED" || command == "STOMP"
}

// trim cuts the spaces that STOMP 1.0 writes around names and values.
func (r *Reader) trim() {
	_, later := r.frame.Get("accept-version")
	if r.Version > V10 || r.Version == 0 && later {
		return
	}
	for i := range r.frame.Headers {
		h := &r.frame.Headers[i]
		h.Name, h.Value = strings.TrimSpace(h.Name), strings.TrimSpace(h.Value)
	}
}

func (r *Reader) beginBody() error {
	r.inBody, r.length, r.body = true, -1, nil
	text, ok := r.frame.Get("content-length")
	if !ok {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	if err != nil {
		return &Error{"content-length is no number"}
	}
	if n > uint64(r.Limits.Body) {
		return r.tooLong()
	}
	r.frame.Sized, r.length = true, int(n)
	return nil
}

func (r *Reader) tooLong() error {
	return &Error{fmt.Sprintf("a body of over %d bytes", r.Limits.Body)}
}

// readBody takes what belongs to the body and the NUL behind it.
func (r *Reader) readBody(buf []byte) (n int, whole bool, err error) {
	want := r.length - len(r.body)
	if r.length < 0 {
		want = bytes.IndexByte(buf, 0)
	}
	if want >= 0 && want < len(buf) { // with its NUL
		if buf[want] != 0 {
			return 0, false, &Error{"no NUL after a body of content-length bytes"}
		}
		if len(r.body)+want > r.Limits.Body {
			return 0, false, r.tooLong()
		}
		r.frame.Body = buf[:want:want]
		if len(r.body) > 0 {
			r.keep(buf[:want])
			r.frame.Body, r.frame.Given = r.body, r.length >= 0
		}
		r.body = nil
		return want + 1, true, nil
	}
	if len(r.body)+len(buf) > r.Limits.Body {
		return 0, false, r.tooLong()
	}
	r.keep(buf)
	return len(buf), false, nil
}

// keep keeps a part of a body. Memory grows with what comes, not with what was said
// to come: to all of it once a quarter is there.
func (r *Reader) keep(b []byte) {
	if have := len(r.body) + len(b); r.length >= 0 && have > cap(r.body) {
		r.body = append(make([]byte, 0, max(have, min(r.length, 4*have))), r.body...)
	}
	r.body = append(r.body, b...)
}

// largeBody is from when the rest of a body may be put into Room.
const largeBody = 12 << 10

// Room is where what comes next may be put rather than given to Next: the rest of a
// large body, as much as there is memory for. nil: nowhere.
func (r *Reader) Room() []byte {
	if !r.inBody || r.length < largeBody {
		return nil
	}
	return r.body[len(r.body):min(cap(r.body), r.length)]
}

// Landed says that the first n bytes of Room have come.
func (r *Reader) Landed(n int) { r.body = r.body[:len(r.body)+n] }

// Waiting is how many bytes of a frame that is not whole are kept.
func (r *Reader) Waiting() int { return len(r.head) + len(r.body) }
