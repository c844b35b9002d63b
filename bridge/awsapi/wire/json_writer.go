package wire

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"
)

// JSONWriter appends a reply. Members that are absent or empty are omitted, as
// AWS does: a ReceiveMessage that found nothing answers `{}`.
type JSONWriter struct{ B []byte }

// comma separates from what stands before, by looking at it.
func (w *JSONWriter) comma() {
	if n := len(w.B); n > 0 {
		switch w.B[n-1] {
		case '{', '[', ':':
		default:
			w.B = append(w.B, ',')
		}
	}
}

// Begin opens an object or a list.
func (w *JSONWriter) Begin(c byte) {
	w.comma()
	w.B = append(w.B, c)
}

// End closes it.
func (w *JSONWriter) End(c byte) { w.B = append(w.B, c) }

// Name writes a key.
func (w *JSONWriter) Name(key string) {
	w.comma()
	w.B = append(AppendJSONString(w.B, key), ':')
}

// Text writes a string value.
func (w *JSONWriter) Text(s string) {
	w.comma()
	w.B = AppendJSONString(w.B, s)
}

// Bytes writes a blob value.
func (w *JSONWriter) Bytes(b []byte) {
	w.comma()
	w.B = append(w.B, '"')
	w.B = base64.StdEncoding.AppendEncode(w.B, b)
	w.B = append(w.B, '"')
}

// String writes a string member.
func (w *JSONWriter) String(key string, v String) {
	if v.Ok {
		w.Name(key)
		w.Text(v.V)
	}
}

// Blob writes a blob member; nil is absent.
func (w *JSONWriter) Blob(key string, b []byte) {
	if b != nil {
		w.Name(key)
		w.Bytes(b)
	}
}

// Bool writes a boolean member.
func (w *JSONWriter) Bool(key string, v Bool) {
	if v.Ok {
		w.Name(key)
		w.B = strconv.AppendBool(w.B, v.V)
	}
}

// Int32 writes an integer member.
func (w *JSONWriter) Int32(key string, v Int32) { w.Int64(key, Int64{V: int64(v.V), Ok: v.Ok}) }

// Int64 writes a long member.
func (w *JSONWriter) Int64(key string, v Int64) {
	if v.Ok {
		w.Name(key)
		w.B = strconv.AppendInt(w.B, v.V, 10)
	}
}

// Time writes a timestamp member as seconds since 1970.
func (w *JSONWriter) Time(key string, v Time) {
	if v.Ok {
		w.Name(key)
		w.B = strconv.AppendFloat(w.B, float64(v.V.UnixMilli())/float64(time.Second/time.Millisecond), 'f', -1, 64)
	}
}

// AppendJSONString appends s as a JSON string; invalid UTF-8 becomes U+FFFD.
func AppendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
