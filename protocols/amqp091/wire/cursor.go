package wire

import "encoding/binary"

// cursor reads a method's arguments; what is not there makes it bad, and reads
// as nothing.
type cursor struct {
	b   []byte
	bad bool
	err *Error
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.b, c.bad = nil, true
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) octet() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) short() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) long() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) longlong() uint64 {
	if b := c.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// shortBytes lends a short string.
func (c *cursor) shortBytes() []byte { return c.take(int(c.octet())) }

func (c *cursor) shortstr() string { return string(c.shortBytes()) }

func (c *cursor) longBytes() []byte {
	n := c.long()
	if uint64(n) > uint64(len(c.b)) {
		c.b, c.bad = nil, true
		return nil
	}
	return c.take(int(n))
}

func (c *cursor) longstr() string { return string(c.longBytes()) }

// table lends a table that was found sound.
func (c *cursor) table() Table {
	t := Table(c.longBytes())
	if c.err == nil {
		c.err = t.check()
	}
	return t
}

// done says whether all was as it should be. Bytes that are left over are, as
// in RabbitMQ, an error.
func (c *cursor) done(m MethodID) error {
	switch {
	case c.bad || len(c.b) > 0:
		return &Error{Code: SyntaxError, Detail: "the arguments are not those of " + m.String(), Method: m}
	case c.err != nil:
		c.err.Method = m
		return c.err
	}
	return nil
}

func appendOctet(dst []byte, v uint8) []byte     { return append(dst, v) }
func appendShort(dst []byte, v uint16) []byte    { return binary.BigEndian.AppendUint16(dst, v) }
func appendLong(dst []byte, v uint32) []byte     { return binary.BigEndian.AppendUint32(dst, v) }
func appendLonglong(dst []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(dst, v) }
func appendTable(dst []byte, t Table) []byte     { return append(appendLong(dst, uint32(len(t))), t...) }

// appendShortstr appends at most 255 bytes of s: texts are cut, names are
// bounded before.
func appendShortstr[S string | []byte](dst []byte, s S) []byte {
	s = s[:min(len(s), 255)]
	return append(append(dst, byte(len(s))), s...)
}

func appendLongstr[S string | []byte](dst []byte, s S) []byte {
	return append(appendLong(dst, uint32(len(s))), s...)
}

func bitsOf(bits ...bool) (b byte) {
	for i, set := range bits {
		if set {
			b |= 1 << i
		}
	}
	return b
}
