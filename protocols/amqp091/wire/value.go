package wire

import (
	"encoding/binary"
	"iter"
	"math"
)

// Kind is the type of a field value, by the octet that RabbitMQ writes for it:
// where the specification and its table of 0-9 differ, clients follow RabbitMQ.
type Kind byte

// The kinds.
const (
	KindBool    Kind = 't'
	KindInt8    Kind = 'b'
	KindUint8   Kind = 'B'
	KindInt16   Kind = 's'
	KindUint16  Kind = 'u'
	KindInt32   Kind = 'I'
	KindUint32  Kind = 'i'
	KindInt64   Kind = 'l'
	KindUint64  Kind = 'L'
	KindFloat   Kind = 'f'
	KindDouble  Kind = 'd'
	KindDecimal Kind = 'D' // a scale and an unsigned 32-bit number
	KindString  Kind = 'S'
	KindBytes   Kind = 'x'
	KindArray   Kind = 'A'
	KindTime    Kind = 'T' // seconds of the Unix epoch
	KindTable   Kind = 'F'
	KindVoid    Kind = 'V'
)

// fixed is the length of a kind's value; -1: its length precedes it.
func (k Kind) fixed() (n int, ok bool) {
	switch k {
	case KindVoid:
		return 0, true
	case KindBool, KindInt8, KindUint8:
		return 1, true
	case KindInt16, KindUint16:
		return 2, true
	case KindInt32, KindUint32, KindFloat:
		return 4, true
	case KindDecimal:
		return 5, true
	case KindInt64, KindUint64, KindDouble, KindTime:
		return 8, true
	case KindString, KindBytes, KindArray, KindTable:
		return -1, true
	}
	return 0, false
}

// typeNames are RabbitMQ's names of kinds, which its error texts have.
var typeNames = map[Kind]string{
	KindBool: "bool", KindInt8: "byte", KindUint8: "unsignedbyte", KindInt16: "short", KindUint16: "unsignedshort",
	KindInt32: "signedint", KindUint32: "unsignedint", KindInt64: "long", KindUint64: "unsignedlong", KindFloat: "float",
	KindDouble: "double", KindDecimal: "decimal", KindString: "longstr", KindBytes: "binary", KindArray: "array",
	KindTime: "timestamp", KindTable: "table", KindVoid: "void",
}

// String is the kind's name in RabbitMQ's error texts.
func (k Kind) String() string { return typeNames[k] }

// A Value is one field value as it is on the wire, without its kind and length.
type Value struct {
	Kind Kind
	Raw  []byte
}

// value reads one; the cursor is bad if it is none.
func (c *cursor) value() (v Value) {
	v.Kind = Kind(c.octet())
	n, ok := v.Kind.fixed()
	switch {
	case !ok:
		c.b, c.bad = nil, true
	case n < 0:
		v.Raw = c.longBytes()
	default:
		v.Raw = c.take(n)
	}
	return v
}

// StringValue and its siblings make a Value of their kind.
func StringValue(s string) Value { return Value{KindString, []byte(s)} }
func BytesValue(b []byte) Value  { return Value{KindBytes, b} }
func TableValue(t Table) Value   { return Value{KindTable, t} }
func BoolValue(b bool) Value     { return Value{KindBool, []byte{bitsOf(b)}} }
func LongValue(n int64) Value    { return Value{KindInt64, binary.BigEndian.AppendUint64(nil, uint64(n))} }
func UlongValue(n uint64) Value  { return Value{KindUint64, binary.BigEndian.AppendUint64(nil, n)} }
func TimeValue(s uint64) Value   { return Value{KindTime, binary.BigEndian.AppendUint64(nil, s)} }
func IntValue(n int32) Value     { return Value{KindInt32, binary.BigEndian.AppendUint32(nil, uint32(n))} }
func DoubleValue(f float64) Value {
	return Value{KindDouble, binary.BigEndian.AppendUint64(nil, math.Float64bits(f))}
}

// ArrayValue makes an array of values.
func ArrayValue(list ...Value) Value {
	var raw []byte
	for _, v := range list {
		raw = AppendValue(raw, v)
	}
	return Value{KindArray, raw}
}

// Elements reads the values of an array; they are lent.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		c := cursor{b: v.Raw}
		for v.Kind == KindArray && len(c.b) > 0 {
			e := c.value()
			if c.bad || !yield(e) {
				return
			}
		}
	}
}

// Table is the fields of a table; nil of another kind.
func (v Value) Table() Table {
	if v.Kind != KindTable {
		return nil
	}
	return Table(v.Raw)
}

// Text is a string; false of another kind.
func (v Value) Text() (string, bool) {
	return string(v.Raw), v.Kind == KindString
}

// Bool is a truth value; false of another kind.
func (v Value) Bool() bool { return v.Kind == KindBool && v.Raw[0] != 0 }

// Int is a whole number that fits; false of another kind.
func (v Value) Int() (int64, bool) {
	switch v.Kind {
	case KindInt8:
		return int64(int8(v.Raw[0])), true
	case KindInt16:
		return int64(int16(binary.BigEndian.Uint16(v.Raw))), true
	case KindInt32:
		return int64(int32(binary.BigEndian.Uint32(v.Raw))), true
	}
	n, ok := v.Uint()
	if v.Kind == KindInt64 {
		return int64(binary.BigEndian.Uint64(v.Raw)), true
	}
	return int64(n), ok && n <= math.MaxInt64
}

// Uint is an unsigned number, or a time in seconds; false of another kind.
func (v Value) Uint() (uint64, bool) {
	switch v.Kind {
	case KindUint8:
		return uint64(v.Raw[0]), true
	case KindUint16:
		return uint64(binary.BigEndian.Uint16(v.Raw)), true
	case KindUint32:
		return uint64(binary.BigEndian.Uint32(v.Raw)), true
	case KindUint64, KindTime:
		return binary.BigEndian.Uint64(v.Raw), true
	}
	return 0, false
}

// Float is a floating point number; false of another kind.
func (v Value) Float() (float64, bool) {
	switch v.Kind {
	case KindFloat:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(v.Raw))), true
	case KindDouble:
		return math.Float64frombits(binary.BigEndian.Uint64(v.Raw)), true
	}
	return 0, false
}

// Decimal is a number times ten to the minus scale; false of another kind.
func (v Value) Decimal() (scale uint8, n uint32, ok bool) {
	if v.Kind != KindDecimal {
		return 0, 0, false
	}
	return v.Raw[0], binary.BigEndian.Uint32(v.Raw[1:]), true
}
