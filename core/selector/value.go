package selector

import (
	"math"
	"strconv"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds.
const (
	Null Kind = iota // the zero Value: there is no such property
	Bool
	Int
	Float
	Text
)

// A Value is one property, literal or result.
type Value struct {
	kind Kind
	num  int64 // Int; Bool: 1 for true
	flt  float64
	text string
}

// BoolValue and its siblings make a Value.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// IntValue is an exact number.
func IntValue(i int64) Value { return Value{kind: Int, num: i} }

// FloatValue is an approximate number; NaN is no value.
func FloatValue(f float64) Value {
	if math.IsNaN(f) {
		return Value{}
	}
	return Value{kind: Float, flt: f}
}

// TextValue is text.
func TextValue(s string) Value { return Value{kind: Text, text: s} }

// NumberValue reads decimal text; null if it is none.
func NumberValue(s string) Value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return IntValue(n)
	}
	if !decimal(s) {
		return Value{} // strconv reads more than numbers: inf, 0x1p-2, 1_000
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return Value{}
	}
	return FloatValue(f)
}

func decimal(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '.', c == 'e', c == 'E', c == '+', c == '-':
		default:
			return false
		}
	}
	return s != ""
}

func (v Value) numeric() bool { return v.kind == Int || v.kind == Float }

func (v Value) float() float64 {
	if v.kind == Int {
		return float64(v.num)
	}
	return v.flt
}

// Truth is the value of a condition.
type Truth uint8

// The three truths.
const (
	Unknown Truth = iota
	False
	True
)

func (t Truth) String() string { return [...]string{"unknown", "false", "true"}[t] }

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// not, and, or are those of SQL-92.
func (t Truth) not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

func (t Truth) and(u Truth) Truth {
	switch {
	case t == False || u == False:
		return False
	case t == True && u == True:
		return True
	}
	return Unknown
}

func (t Truth) or(u Truth) Truth {
	switch {
	case t == True || u == True:
		return True
	case t == False && u == False:
		return False
	}
	return Unknown
}
