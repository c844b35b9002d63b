package core

import "math"

// ValueKind is the type of a header value. Numbers of every protocol fit one
// of three; what was narrower on the wire is in Origin.
type ValueKind uint8

const (
	// Null is the zero Value.
	Null ValueKind = iota
	// String is UTF-8 text.
	String
	// Bytes is opaque.
	Bytes
	// Bool is true or false.
	Bool
	// Int is a signed 64-bit number.
	Int
	// Uint is an unsigned 64-bit number that does not fit Int.
	Uint
	// Float is a 64-bit float.
	Float
	// Time is milliseconds of the Unix epoch.
	Time
	// Number is decimal text of any precision (AMQP decimal, SQS Number).
	Number
	// Array is a list of values.
	Array
	// Map is an ordered list of headers.
	Map
)

// A Value is one typed header value. Make it with the constructors below;
// the field that Kind names is the one that counts.
type Value struct {
	Kind ValueKind
	num  uint64
	Str  string // String, Number
	Raw  []byte // Bytes
	List []Value
	Map  []Header
}

// StringValue and its siblings make a Value of their kind.
func StringValue(s string) Value { return Value{Kind: String, Str: s} }
func NumberValue(s string) Value { return Value{Kind: Number, Str: s} }
func BytesValue(b []byte) Value  { return Value{Kind: Bytes, Raw: b} }
func IntValue(i int64) Value     { return Value{Kind: Int, num: uint64(i)} }
func UintValue(u uint64) Value   { return Value{Kind: Uint, num: u} }
func FloatValue(f float64) Value { return Value{Kind: Float, num: math.Float64bits(f)} }
func TimeValue(ms int64) Value   { return Value{Kind: Time, num: uint64(ms)} }
func ArrayValue(v []Value) Value { return Value{Kind: Array, List: v} }
func MapValue(h []Header) Value  { return Value{Kind: Map, Map: h} }
func BoolValue(b bool) (v Value) {
	v.Kind = Bool
	if b {
		v.num = 1
	}
	return v
}

// Int is the number of an Int or Time value, and 0 of any other.
func (v Value) Int() int64 { return int64(v.num) }

// Uint is the number of a Uint value.
func (v Value) Uint() uint64 { return v.num }

// Float is the number of a Float value.
func (v Value) Float() float64 { return math.Float64frombits(v.num) }

// Bool is the truth of a Bool value.
func (v Value) Bool() bool { return v.num == 1 }
