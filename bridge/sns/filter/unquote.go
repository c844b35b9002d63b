package filter

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote is what a string token of the lexer says.
func unquote(token string) string {
	s := token[1 : len(token)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return string(appendUnquoted(make([]byte, 0, len(s)), s))
}

// appendUnquoted appends what stands between a string token's quotes.
func appendUnquoted(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b = append(b, s[i])
			i++
			continue
		}
		if s[i+1] != 'u' {
			b = append(b, unescaped(s[i+1]))
			i += 2
			continue
		}
		r := escapedUnit(s[i:])
		i += 6
		if utf16.IsSurrogate(r) {
			low := utf8.RuneError
			if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
				low = escapedUnit(s[i:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}

func unescaped(c byte) byte {
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		return "\b\f\n\r\t"[i]
	}
	return c
}

func escapedUnit(s string) (r rune) {
	for _, c := range []byte(s[2:6]) {
		r = r<<4 | unhex(c)
	}
	return r
}

// appendQuoted writes a string as jackson does: it escapes what it must.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		switch j := strings.IndexByte("\"\\\b\f\n\r\t", c); {
		case j >= 0:
			b = append(b, '\\', `"\bfnrt`[j])
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
