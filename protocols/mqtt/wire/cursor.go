package wire

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// cursor reads fields from the front of b. After the first error every read
// gives zero, so a caller checks err once. It copies nothing.
type cursor struct {
	b   []byte
	err *Error
}

func (c *cursor) fail(e *Error) {
	if c.err == nil {
		c.err = e
	}
	c.b = nil
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.fail(malformed("1.5", "the packet ends inside a field"))
		return nil
	}
	v := c.b[:n:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) u8() byte {
	if v := c.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if v := c.take(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if v := c.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

// varint reads a variable byte integer of version 5.
func (c *cursor) varint() int {
	v, n := varint(c.b)
	switch {
	case n == 0:
		c.fail(malformed("1.5", "the packet ends inside a variable byte integer"))
	case n < 0:
		c.fail(malformed("1.5.5", "variable byte integer of more than four bytes"))
	case n != varintLen(v):
		c.fail(malformed("MQTT-1.5.5-1", "variable byte integer longer than necessary"))
	default:
		c.b = c.b[n:]
		return v
	}
	return 0
}

// varint decodes the front of b: the value and its bytes, 0 if b is too short
// and -1 if there is no end after four bytes.
func varint(b []byte) (v, n int) {
	for i := 0; i < 4; i++ {
		if i == len(b) {
			return 0, 0
		}
		v |= int(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, -1
}

func varintLen(v int) int {
	switch {
	case v < 1<<7:
		return 1
	case v < 1<<14:
		return 2
	case v < 1<<21:
		return 3
	}
	return 4
}

func appendVarint(dst []byte, v int) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// bin reads binary data (1.5.6). It is not nil unless there is an error.
func (c *cursor) bin() []byte {
	n := int(c.u16())
	return c.take(n)
}

// str reads a UTF-8 string (1.5.4).
func (c *cursor) str() []byte {
	v := c.bin()
	switch {
	case !utf8.Valid(v): // that includes surrogates
		c.fail(malformed("MQTT-1.5.4-1", "string that is not UTF-8"))
	case bytes.IndexByte(v, 0) >= 0:
		c.fail(malformed("MQTT-1.5.4-2", "string with a null character"))
	default:
		return v
	}
	return nil
}

// end returns the first error, or one if anything is left.
func (c *cursor) end() error {
	if c.err == nil && len(c.b) > 0 {
		c.fail(malformed("2.1.4", "bytes after the last field of the packet"))
	}
	if c.err != nil { // not a typed nil
		return c.err
	}
	return nil
}
