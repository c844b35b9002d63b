package selector

import (
	"cmp"
	"math"
)

type comparison uint8

const (
	equal comparison = iota
	unequal
	less
	lessEqual
	greater
	greaterEqual
)

// holds says whether the comparison holds for values ordered so.
func (op comparison) holds(order int) bool {
	switch op {
	case equal:
		return order == 0
	case unequal:
		return order != 0
	case less:
		return order < 0
	case lessEqual:
		return order <= 0
	case greater:
		return order > 0
	}
	return order >= 0
}

type compared struct {
	a, b    expression
	op      comparison
	convert bool
}

func (c compared) test(p Properties) Truth {
	a, b := c.a.eval(p), c.b.eval(p)
	if a.kind == Null || b.kind == Null {
		return Unknown
	}
	if c.convert {
		a, b = c.converted(a, b)
	}
	switch {
	case a.numeric() && b.numeric():
		return truth(c.op.holds(order(a, b)))
	case a.kind != b.kind:
		return truth(c.convert && c.op == unequal)
	case c.op != equal && c.op != unequal: // text and booleans have no order
		return False
	}
	return truth((a.num == b.num && a.text == b.text) == (c.op == equal))
}

// converted makes text what the other side is, where it can be. Where an order
// is asked for two texts are numbers.
func (c compared) converted(a, b Value) (Value, Value) {
	asked := c.op != equal && c.op != unequal
	return convert(a, b.kind, asked), convert(b, a.kind, asked)
}

func convert(v Value, other Kind, order bool) Value {
	if v.kind != Text {
		return v
	}
	switch {
	case other == Bool:
		return boolean(v)
	case other == Int || other == Float || order:
		if n := NumberValue(v.text); n.kind != Null {
			return n
		}
	}
	return v
}

func order(a, b Value) int {
	if a.kind == Int && b.kind == Int {
		return cmp.Compare(a.num, b.num)
	}
	return cmp.Compare(a.float(), b.float())
}

type calculated struct {
	a, b    expression
	op      byte
	convert bool
}

func (c calculated) eval(p Properties) Value {
	a, b := c.a.eval(p), c.b.eval(p)
	if c.convert {
		a, b = convert(a, Int, true), convert(b, Int, true)
	}
	if !a.numeric() || !b.numeric() {
		return Value{}
	}
	if a.kind == Int && b.kind == Int {
		if n, ok := exact(a.num, b.num, c.op); ok {
			return IntValue(n)
		}
	}
	x, y := a.float(), b.float()
	switch c.op {
	case '+':
		return FloatValue(x + y)
	case '-':
		return FloatValue(x - y)
	case '*':
		return FloatValue(x * y)
	}
	switch {
	case y == 0:
		return Value{}
	case c.op == '%':
		return FloatValue(math.Mod(x, y))
	}
	return FloatValue(x / y)
}

// exact calculates with integers; not ok if the result is none.
func exact(a, b int64, op byte) (n int64, ok bool) {
	switch op {
	case '+':
		n = a + b
		return n, (n > a) == (b > 0)
	case '-':
		n = a - b
		return n, (n < a) == (b > 0)
	case '*':
		if a == 0 || b == 0 {
			return 0, true
		}
		n = a * b
		return n, n/b == a && (a != -1 || b != math.MinInt64) && (b != -1 || a != math.MinInt64)
	}
	if b == 0 || a == math.MinInt64 && b == -1 {
		return 0, false
	}
	if op == '%' {
		return a % b, true
	}
	return a / b, true
}
