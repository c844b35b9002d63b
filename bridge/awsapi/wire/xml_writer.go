package wire

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// XMLWriter appends a reply of the Query form.
type XMLWriter struct{ B []byte }

// Open writes a start tag.
func (w *XMLWriter) Open(name string) {
	w.B = append(append(append(w.B, '<'), name...), '>')
}

// Close writes an end tag.
func (w *XMLWriter) Close(name string) {
	w.B = append(append(append(w.B, '<', '/'), name...), '>')
}

// Empty writes an element without content.
func (w *XMLWriter) Empty(name string) {
	w.B = append(append(append(w.B, '<'), name...), '/', '>')
}

// Text writes an element with a text.
func (w *XMLWriter) Text(name, s string) {
	w.Open(name)
	w.B = AppendXMLText(w.B, s)
	w.Close(name)
}

// Bytes writes an element with base64.
func (w *XMLWriter) Bytes(name string, b []byte) {
	w.Open(name)
	w.B = base64.StdEncoding.AppendEncode(w.B, b)
	w.Close(name)
}

// String writes a string member.
func (w *XMLWriter) String(name string, v String) {
	if v.Ok {
		w.Text(name, v.V)
	}
}

// Blob writes a blob member; nil is absent.
func (w *XMLWriter) Blob(name string, b []byte) {
	if b != nil {
		w.Bytes(name, b)
	}
}

// Bool writes a boolean member.
func (w *XMLWriter) Bool(name string, v Bool) {
	if v.Ok {
		w.Text(name, strconv.FormatBool(v.V))
	}
}

// Int32 writes an integer member.
func (w *XMLWriter) Int32(name string, v Int32) { w.Int64(name, Int64{V: int64(v.V), Ok: v.Ok}) }

// Int64 writes a long member.
func (w *XMLWriter) Int64(name string, v Int64) {
	if v.Ok {
		w.Open(name)
		w.B = strconv.AppendInt(w.B, v.V, 10)
		w.Close(name)
	}
}

// Time writes a timestamp member.
func (w *XMLWriter) Time(name string, v Time) {
	if v.Ok {
		w.Text(name, v.V.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
}

// AppendXMLText appends s as a text node, escaped as AWS escapes it: `"` and CR
// too, so that a reader's line-end rule leaves a message body unharmed. What XML
// cannot spell becomes U+FFFD.
func AppendXMLText(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		if esc := xmlEscape(r, n); esc != "" {
			b = append(append(b, s[start:i]...), esc...)
			start = i + n
		}
		i += n
	}
	return append(b, s[start:]...)
}

func xmlEscape(r rune, n int) string {
	switch {
	case r == '&':
		return "&amp;"
	case r == '<':
		return "&lt;"
	case r == '>':
		return "&gt;"
	case r == '"':
		return "&quot;"
	case r == '\r':
		return "&#xD;"
	case r < 0x20 && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF, r == utf8.RuneError && n == 1:
		return "\uFFFD"
	}
	return ""
}
