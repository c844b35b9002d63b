package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

var roomy = Limits{Head: 4096, Line: 1024, Headers: 20, Body: 4096}

// feed gives a reader the bytes in pieces and describes what it finds.
func feed(r *Reader, data []byte, piece int) (found []string, err error) {
	for len(data) > 0 {
		part := data[:min(piece, len(data))]
		data = data[len(part):]
		landed := copy(r.Room(), part)
		r.Landed(landed)
		part = part[landed:]
		for len(part) > 0 {
			f, n, err := r.Next(part)
			if err != nil {
				return found, err
			}
			if part = part[n:]; f.Command == "" {
				if len(part) > 0 {
					return found, fmt.Errorf("%d bytes are left", len(part))
				}
				break
			}
			found = append(found, describe(&f))
		}
	}
	return found, nil
}

func describe(f *Frame) string {
	s := f.Command
	for _, h := range f.Headers {
		s += fmt.Sprintf(" %q=%q", h.Name, h.Value)
	}
	return s + fmt.Sprintf(" %q", f.Body)
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		v    Version
		text string
		want []string
	}{
		{V12, "SEND\ndestination:/queue/a\n\nhello\x00", []string{`SEND "destination"="/queue/a" "hello"`}},
		{V12, "\n\r\n\nSEND\r\na:b\r\n\r\nx\x00\n\nSEND\na:b\n\n\x00\r\n", []string{`SEND "a"="b" "x"`, `SEND "a"="b" ""`}},
		{V12, "SEND\ncontent-length:5\n\na\x00b\x00c\x00", []string{`SEND "content-length"="5" "a\x00b\x00c"`}},
		{V12, "SEND\ncontent-length:0\n\n\x00", []string{`SEND "content-length"="0" ""`}},
		{V12, `SEND` + "\n" + `a\cb:c\\d\ne\rf` + "\n\n\x00", []string{`SEND "a:b"="c\\d\ne\rf" ""`}},
		{V11, `SEND` + "\n" + `a\cb:c\\d\ne` + "\r\n\n\x00", []string{`SEND "a:b"="c\\d\ne\r" ""`}},
		{V10, `SEND` + "\n" + ` a : c\\d\ne\x ` + "\n\n\x00", []string{`SEND "a"="c\\\\d\\ne\\x" ""`}},
		{V11, "SEND\na: b \n\n\x00", []string{`SEND "a"=" b " ""`}},
		{V12, "SEND\na:b:c\na:d\n\n\x00", []string{`SEND "a"="b:c" "a"="d" ""`}},
		{V12, "SEND\na:\n\n\x00", []string{`SEND "a"="" ""`}},
		{V11, "SEND\na:b\n\r\n\x00", []string{`SEND "a"="b" ""`}},
		{V10, "SEND\n\nbody\x00", []string{`SEND "body"`}},
		{0, "CONNECT\nlogin: me \npasscode:x\n\n\x00", []string{`CONNECT "login"="me" "passcode"="x" ""`}},
		{0, "CONNECT\r\naccept-version:1.2\r\npasscode: a\\q\r\n\r\n\x00", []string{`CONNECT "accept-version"="1.2" "passcode"=" a\\q" ""`}},
		{0, "STOMP\naccept-version:1.0\n\n\x00", []string{`STOMP "accept-version"="1.0" ""`}},
		{V12, "CONNECTED\na:\\q\n\n\x00", []string{`CONNECTED "a"="\\q" ""`}},
	} {
		for _, piece := range []int{1, 2, 3, 7, 1000} {
			r := &Reader{Limits: roomy, Version: c.v}
			got, err := feed(r, []byte(c.text), piece)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q in pieces of %d: %v, %v, not %v", c.text, piece, got, err, c.want)
			}
			if r.Waiting() != 0 {
				t.Errorf("%q: %d bytes are kept", c.text, r.Waiting())
			}
		}
	}
}

func TestNoFrames(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for text, want := range map[string]string{
		"send\n\n\x00": "capital", "GET / HTTP/1.1\n\n": "capital", "\x00\n\n": "capital", "SEND\x00\n\n": "capital", strings.Repeat("A", 40) + "\n\n": "no command",
		"SEND\nno colon\n\n": "colon", "SEND\n:value\n\n": "without a name", "SEND\na:\\t\n\n": "escape", "SEND\na:b\\\n\n": "escape", "SEND\nb\\q:\n\n": "escape",
		"SEND\ncontent-length:x\n\n": "no number", "SEND\ncontent-length:-1\n\n": "no number", "SEND\ncontent-length:99999999999999999999\n\n": "no number",
		"SEND\ncontent-length:2\n\nabc\x00": "no NUL", "SEND\ncontent-length:4097\n\n": "body of over", "SEND\n\n" + long: "body of over", "SEND\n\n" + long + "\x00": "body of over",
		"SEND\na:" + long[:1100] + "\n\n\x00": "line of over", "SEND\na:" + long[:1100]: "line of over", "SEND\n" + strings.Repeat("a:b\n", 21) + "\n\x00": "over 20 headers",
		"SEND\n" + strings.Repeat("a:b\n", 25): "over 20 headers", "SEND\n" + strings.Repeat("a:"+long[:900]+"\n", 5): "headers of over", long: "over",
	} {
		for _, piece := range []int{1, 64, 10_000} {
			_, err := feed(&Reader{Limits: roomy, Version: V12}, []byte(text), piece)
			var bad *Error
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
				t.Errorf("%.40q in pieces of %d: %v, not %q", text, piece, err, want)
			}
		}
	}
	if _, err := feed(&Reader{Limits: roomy, Version: V11}, []byte("SEND\na:\\r\n\n\x00"), 100); err == nil {
		t.Error("1.1 has no \\r")
	}
}

// TestClaimedLength: a length that is only claimed costs nothing.
func TestClaimedLength(t *testing.T) {
	head := []byte("SEND\ncontent-length:1000000000\n\nx")
	r := &Reader{Limits: Limits{Head: 4096, Line: 1024, Headers: 10, Body: 1 << 30}, Version: V12}
	if _, err := feed(r, head, 1000); err != nil || cap(r.body) > 1024 {
		t.Errorf("%d bytes for one, %v", cap(r.body), err)
	}
}

// What is put into Room comes out as what is given to Next does, wherever the
// network cuts; what is given stays as it is, and takes no memory before a quarter
// of it came.
func TestReaderRoom(t *testing.T) {
	var stream []byte
	var want []string
	var seed [32]byte
	random := rand.New(rand.NewChaCha8(seed))
	for i := range 200 {
		body := strings.Repeat(string(rune('a'+i%26)), []int{0, 1, 5000, largeBody - 1, largeBody, 16 << 10, 100_000}[random.IntN(7)])
		length := ""
		if i%5 > 0 {
			length = fmt.Sprintf("content-length:%d\n", len(body))
		}
		stream = fmt.Appendf(stream, "SEND\n%s\n%s\x00\n", length, body)
		want = append(want, body)
	}
	r, landed, given := &Reader{Limits: Limits{Head: 4096, Line: 1024, Headers: 10, Body: 1 << 20}, Version: V12}, 0, 0
	var got [][]byte
	for len(stream) > 0 {
		n := min(1+random.IntN(20_000), len(stream))
		first := copy(r.Room(), stream[:n])
		r.Landed(first)
		landed += first
		for piece := stream[first:n]; len(piece) > 0; {
			f, taken, err := r.Next(piece)
			if err != nil {
				t.Fatal(err)
			}
			if piece = piece[taken:]; f.Command == "" {
				continue
			}
			if f.Given {
				given++
			} else {
				f.Body = bytes.Clone(f.Body)
			}
			got = append(got, f.Body)
		}
		if r.length >= 0 && cap(r.body) > 4*max(len(r.body), 1) {
			t.Fatalf("%d bytes for %d", cap(r.body), len(r.body))
		}
		stream = stream[n:]
	}
	if landed == 0 || given == 0 || len(got) != len(want) {
		t.Fatalf("%d landed, %d given, %d of %d came", landed, given, len(got), len(want))
	}
	for i := range want {
		if string(got[i]) != want[i] {
			t.Fatalf("body %d of %d bytes is not what came", i, len(want[i]))
		}
	}
}

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]Version{"1.0": V10, "1.0,1.1": V11, "1.2, 1.1 ,1.0": V12, "1.1,2.0": V11, "2.0": 0, "": 0, "x,,": 0} {
		if v, ok := Negotiate(accept); v != want || ok != (want != 0) {
			t.Errorf("%q: %v, %v", accept, v, ok)
		}
	}
}

func TestSpellable(t *testing.T) {
	for _, c := range []struct {
		v           Version
		name, value string
		want        bool
	}{
		{V12, "a:b", "c\r\n", true}, {V11, "a:b", "c\n", true}, {V10, "a:b", "c", false}, {V10, "a", "b:c", true}, {V10, "a", "b\nc", false}, {V10, "a", " b", false},
		{V12, "a", "\x00", false}, {V12, "", "x", false}, {V12, "a", "", true},
	} {
		if got := Spellable(c.v, c.name, c.value); got != c.want {
			t.Errorf("%v %q %q: %v", c.v, c.name, c.value, got)
		}
	}
}

// written is a frame as we write it.
func written(v Version, f *Frame) []byte {
	b := AppendCommand(nil, f.Command)
	for _, h := range f.Headers {
		b = AppendHeader(b, v, h.Name, h.Value)
	}
	b = AppendLength(b, len(f.Body))
	return append(append(b, f.Body...), 0)
}

func TestWritten(t *testing.T) {
	got := string(AppendEnd(AppendRaw(AppendHeader(AppendHeader(AppendNumber(AppendCommand(nil, "MESSAGE"), "n", -5), V11, "a:b", "c\nd\re\\"), V12, "a:b", "c\nd\re\\"), "x", "y:z\n")))
	want := "MESSAGE\nn:-5\n" + `a\cb:c\nd` + "\r" + `e\\` + "\n" + `a\cb:c\nd\re\\` + "\n" + "x:y:z \n\n\x00"
	if got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// FuzzReader: no panic, no more kept than the limits, the same in pieces as in
// one, and what was read is read again after it was written.
func FuzzReader(f *testing.F) {
	for _, text := range []string{
		"CONNECT\naccept-version:1.2\nhost:/\n\n\x00", "SEND\ndestination:/queue/a\ncontent-length:3\n\na\x00b\x00\n\n", "SEND\r\na\\cb:c\\n\\r\\\\\r\n\r\nhello\x00", "\n\r\n\x00", "ACK\nid:1\n\n\x00",
	} {
		f.Add([]byte(text), byte(10), byte(1))
		f.Add([]byte(text), byte(12), byte(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, version, piece byte) {
		v := Version(version)
		if v != 0 && v != V10 && v != V11 {
			v = V12
		}
		limits := Limits{Head: 256, Line: 128, Headers: 8, Body: 256}
		whole, err := feed(&Reader{Limits: limits, Version: v}, data, len(data)+1)
		r := &Reader{Limits: limits, Version: v}
		parts, partsErr := feed(r, data, max(1, int(piece)))
		if (err == nil) != (partsErr == nil) || err == nil && !reflect.DeepEqual(whole, parts) {
			t.Fatalf("%q: %v, %v in one, %v, %v in pieces of %d", data, whole, err, parts, partsErr, piece)
		}
		if r.Waiting() > limits.Head+limits.Body+8 {
			t.Fatalf("%d bytes are kept", r.Waiting())
		}
		again(t, v, data)
	})
}

func again(t *testing.T, v Version, data []byte) {
	r := &Reader{Limits: Limits{Head: 4096, Line: 4096, Headers: 64, Body: 4096}, Version: v}
	f, _, err := r.Next(data)
	if err != nil || f.Command == "" || connects(f.Command) || v <= V10 {
		return
	}
	kept := f.Headers[:0:0]
	for _, h := range f.Headers {
		if h.Name != "content-length" && (v == V12 || !strings.HasSuffix(h.Value, "\r")) {
			kept = append(kept, h)
		}
	}
	f.Headers = kept
	bytes := written(v, &f)
	g, n, err := (&Reader{Limits: Limits{Head: 8192, Line: 8192, Headers: 65, Body: 4096}, Version: v}).Next(bytes)
	if err != nil || n != len(bytes) || g.Command != f.Command || string(g.Body) != string(f.Body) || !reflect.DeepEqual(append([]Header{}, g.Headers[:len(g.Headers)-1]...), append([]Header{}, f.Headers...)) {
		t.Fatalf("%q was read again as %+v, %v", bytes, g, err)
	}
}
