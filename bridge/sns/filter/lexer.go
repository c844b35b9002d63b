package filter

import (
	"unicode/utf8"
)

// kind is the type of a JSON value, and of a token beside those.
type kind uint8

const (
	null kind = iota
	isTrue
	isFalse
	number
	text
	array
	object
	endArray
	endObject
	comma
	colon
	end // of the input
	bad
)

// lexer takes JSON apart into tokens, strictly by RFC 8259. It allocates nothing.
type lexer struct {
	in    string
	pos   int // behind the last token
	start int // of the last token
	why   fault
}

// fault is why a token is bad.
type fault uint8

const (
	wrongByte  fault = iota // at start
	wrongWord               // from start to pos
	openString              // no closing quote
	badString               // a control character or a bad escape, at pos
	badNumber               // at pos
)

// next reads one token; its text is in[start:pos].
func (l *lexer) next() kind {
	for l.pos < len(l.in) && (l.in[l.pos] == ' ' || l.in[l.pos] == '\t' || l.in[l.pos] == '\n' || l.in[l.pos] == '\r') {
		l.pos++
	}
	l.start = l.pos
	if l.pos == len(l.in) {
		return end
	}
	switch c := l.in[l.pos]; {
	case c == '"':
		return l.readString()
	case c == '-' || c >= '0' && c <= '9':
		return l.readNumber()
	case wordByte(c):
		return l.readWord()
	default:
		l.pos++
		for i, k := range [...]kind{array, endArray, object, endObject, comma, colon} {
			if c == "[]{},:"[i] {
				return k
			}
		}
		l.pos, l.why = l.start, wrongByte
		return bad
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= utf8.RuneSelf
}

func (l *lexer) readWord() kind {
	for l.pos < len(l.in) && wordByte(l.in[l.pos]) {
		l.pos++
	}
	switch l.in[l.start:l.pos] {
	case "true":
		return isTrue
	case "false":
		return isFalse
	case "null":
		return null
	}
	l.why = wrongWord
	return bad
}

func (l *lexer) readString() kind {
	for l.pos++; l.pos < len(l.in); l.pos++ {
		switch c := l.in[l.pos]; {
		case c == '"':
			l.pos++
			return text
		case c < 0x20:
			l.why = badString
			return bad
		case c == '\\':
			n := escapeLength(l.in[l.pos:])
			if n == 0 {
				l.why = badString
				return bad
			}
			l.pos += n - 1
		}
	}
	l.why = openString
	return bad
}

// escapeLength is that of the escape that s begins with; 0 if it is none.
func escapeLength(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(s) < 6 {
			return 0
		}
		for _, c := range []byte(s[2:6]) {
			if unhex(c) < 0 {
				return 0
			}
		}
		return 6
	}
	return 0
}

func unhex(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// readNumber reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (l *lexer) readNumber() kind {
	l.skip("-")
	zero := l.pos < len(l.in) && l.in[l.pos] == '0'
	n := l.digits()
	ok := n == 1 || n > 1 && !zero
	if ok && l.skip(".") {
		ok = l.digits() > 0
	}
	if ok && l.skip("eE") {
		l.skip("+-")
		ok = l.digits() > 0
	}
	if !ok || l.pos < len(l.in) && wordByte(l.in[l.pos]) {
		l.why = badNumber
		return bad
	}
	return number
}

func (l *lexer) skip(any string) bool {
	for i := range len(any) {
		if l.pos < len(l.in) && l.in[l.pos] == any[i] {
			l.pos++
			return true
		}
	}
	return false
}

func (l *lexer) digits() int {
	from := l.pos
	for l.pos < len(l.in) && l.in[l.pos] >= '0' && l.in[l.pos] <= '9' {
		l.pos++
	}
	return l.pos - from
}
