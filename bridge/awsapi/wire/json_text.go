package wire

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string whose opening quote is next. Without escapes it aliases
// the input.
func (r *JSONReader) text() string {
	r.i++
	start := r.i
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == '"':
			s := r.s[start:r.i]
			r.i++
			return s
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			r.fail("A control character stands unescaped in a string")
			return ""
		}
		r.i++
	}
	r.fail("Unexpected end of the request")
	return ""
}

// escaped is text from the first backslash on.
func (r *JSONReader) escaped(start int) string {
	buf := append(make([]byte, 0, 2*(r.i-start)+32), r.s[start:r.i]...)
	for r.i < len(r.s) && r.err == nil {
		c := r.s[r.i]
		switch {
		case c == '"':
			r.i++
			return string(buf)
		case c == '\\':
			buf = r.escape(buf)
		case c < 0x20:
			r.fail("A control character stands unescaped in a string")
		default:
			buf = append(buf, c)
			r.i++
		}
	}
	r.fail("Unexpected end of the request")
	return ""
}

// escape reads one escape sequence.
func (r *JSONReader) escape(buf []byte) []byte {
	if r.i+1 >= len(r.s) {
		r.i = len(r.s)
		return buf
	}
	c := r.s[r.i+1]
	r.i += 2
	switch c {
	case '"', '\\', '/':
		return append(buf, c)
	case 'b':
		return append(buf, '\b')
	case 'f':
		return append(buf, '\f')
	case 'n':
		return append(buf, '\n')
	case 'r':
		return append(buf, '\r')
	case 't':
		return append(buf, '\t')
	case 'u':
		return r.unicode(buf)
	}
	r.fail("Unknown escape sequence in a string")
	return buf
}

// unicode reads the four digits of \u, and a second \u after a high surrogate. A
// lone surrogate is refused: replacing it would change a message silently.
func (r *JSONReader) unicode(buf []byte) []byte {
	c := r.hex4()
	if utf16.IsSurrogate(c) {
		low := rune(-1)
		if r.i+1 < len(r.s) && r.s[r.i] == '\\' && r.s[r.i+1] == 'u' {
			r.i += 2
			low = r.hex4()
		}
		c = utf16.DecodeRune(c, low)
		if c == utf8.RuneError {
			r.fail("A string holds half of a surrogate pair")
			return buf
		}
	}
	return utf8.AppendRune(buf, c)
}

func (r *JSONReader) hex4() rune {
	if r.i+4 > len(r.s) {
		r.fail("Unexpected end of the request")
		return 0
	}
	n, err := strconv.ParseUint(r.s[r.i:r.i+4], 16, 16)
	if err != nil {
		r.fail("Unknown escape sequence in a string")
		return 0
	}
	r.i += 4
	return rune(n)
}
