package wire

import (
	"encoding/binary"
	"iter"
)

// A Table is the encoded fields of a field table (4.2.5.5), without its length.
// One that came out of a decoder is sound: all of it can be read.
type Table []byte

const (
	maxDepth  = 32      // tables and arrays in tables
	maxValues = 1 << 16 // fields and elements of one table, nested ones too
)

// Fields reads the fields in order; names and values are lent.
func (t Table) Fields() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		c := cursor{b: t}
		for len(c.b) > 0 && !c.bad {
			name := c.shortBytes()
			v := c.value()
			if c.bad || !yield(name, v) {
				return
			}
		}
	}
}

// Get is the first field of that name.
func (t Table) Get(name string) (Value, bool) {
	for n, v := range t.Fields() {
		if string(n) == name {
			return v, true
		}
	}
	return Value{}, false
}

// check says what is wrong with a table.
func (t Table) check() *Error {
	left := maxValues
	return checkFields(t, maxDepth, &left)
}

func checkFields(b []byte, depth int, left *int) *Error {
	c := cursor{b: b}
	for len(c.b) > 0 {
		c.shortBytes()
		if err := c.checkValue(depth, left); err != nil {
			return err
		}
	}
	return nil
}

func checkArray(b []byte, depth int, left *int) *Error {
	c := cursor{b: b}
	for len(c.b) > 0 {
		if err := c.checkValue(depth, left); err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) checkValue(depth int, left *int) *Error {
	v := c.value()
	if c.bad {
		return Errorf(SyntaxError, "a field table that cannot be read")
	}
	if *left--; *left < 0 {
		return Errorf(SyntaxError, "a field table of more than %d values", maxValues)
	}
	if v.Kind != KindTable && v.Kind != KindArray {
		return nil
	}
	if depth == 0 {
		return Errorf(SyntaxError, "a field table nested deeper than %d", maxDepth)
	}
	if v.Kind == KindTable {
		return checkFields(v.Raw, depth-1, left)
	}
	return checkArray(v.Raw, depth-1, left)
}

// AppendField appends a field whose value f appends, its kind first.
func AppendField[S string | []byte](t Table, name S, v Value) Table {
	return AppendValue(appendShortstr(t, name), v)
}

// AppendTable appends a table with its length.
func AppendTable(dst []byte, t Table) []byte { return appendTable(dst, t) }

// TableOf reads a table with its length at the front of b, and what follows.
func TableOf(b []byte) (t Table, rest []byte, err error) {
	c := cursor{b: b}
	t = c.table()
	if c.bad {
		return nil, nil, Errorf(SyntaxError, "a field table that ends early")
	}
	if c.err != nil {
		return nil, nil, c.err
	}
	return t, c.b, nil
}

// AppendValue appends a value, its kind first.
func AppendValue(dst []byte, v Value) []byte {
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case KindString, KindBytes, KindTable, KindArray:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(v.Raw)))
	}
	return append(dst, v.Raw...)
}
