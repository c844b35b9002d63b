package wire

import "strings"

// unescape undoes what a version escapes; false for an escape that it does not
// have.
func unescape(s string, v Version) (string, bool) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, true
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			if i++; i == len(s) {
				return "", false
			}
			switch c = s[i]; {
			case c == '\\':
			case c == 'n':
				c = '\n'
			case c == 'c':
				c = ':'
			case c == 'r' && v == V12:
				c = '\r'
			default:
				return "", false
			}
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// special are the characters that are not written as they are, by version.
func special(v Version) string {
	switch v {
	case V12:
		return "\\\n:\r"
	case V11:
		return "\\\n:"
	}
	return "\n\r\x00"
}

// appendEscaped appends a name or value. 1.0 has no escapes: what would end the
// line or the frame is a space there.
func appendEscaped(dst []byte, v Version, s string) []byte {
	specials := special(v)
	if !strings.ContainsAny(s, specials) {
		return append(dst, s...)
	}
	for i := range len(s) {
		c := s[i]
		if strings.IndexByte(specials, c) < 0 {
			dst = append(dst, c)
			continue
		}
		if v != V11 && v != V12 {
			dst = append(dst, ' ')
			continue
		}
		switch c {
		case '\n':
			c = 'n'
		case '\r':
			c = 'r'
		case ':':
			c = 'c'
		}
		dst = append(dst, '\\', c)
	}
	return dst
}

// Spellable says whether a version can carry a header unaltered. NUL is in no
// version's way, but in that of many a client's.
func Spellable(v Version, name, value string) bool {
	if strings.IndexByte(name, 0) >= 0 || strings.IndexByte(value, 0) >= 0 || name == "" {
		return false
	}
	if v == V11 || v == V12 {
		return true
	}
	return !strings.ContainsAny(name, ":\n\r") && !strings.ContainsAny(value, "\n\r") &&
		strings.TrimSpace(name) == name && strings.TrimSpace(value) == value
}

// Unescape undoes what AppendHeader of 1.2 wrote.
func Unescape(s string) string {
	s, _ = unescape(s, V12)
	return s
}
