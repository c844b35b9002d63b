package filter

import (
	"math"
	"strconv"
)

// maxNumber bounds what can be compared; decimals is to how many places.
const (
	maxNumber = 1e9
	decimals  = 1e5
)

// scaled is a number in units of its fifth decimal; false for one out of range.
func scaled(s string) (int64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= -maxNumber && f <= maxNumber) {
		return 0, false
	}
	return int64(math.Round(f * decimals)), true
}

// numeric compiles ["=", 1], ["<", 1] or [">", 1, "<=", 2].
func (c *compiler) numeric(list *node) condition {
	if list.kind != array {
		c.fail(list.open, "Value of numeric must be an array.")
		return nil
	}
	first := list.item(0)
	if first.kind != text {
		c.fail(first.open, "Invalid member in numeric match: %s", first.text)
		return nil
	}
	within := between{bottom: math.MinInt64, top: math.MaxInt64}
	v := list.item(1)
	switch first.text {
	case "=", "<", "<=":
		c.number(v, first.text)
		if third := list.item(2); third.kind != endArray {
			c.fail(third.open, "Too many elements in numeric expression")
		}
	case ">", ">=":
		c.number(v, first.text)
		if list.item(2).kind != endArray {
			return c.span(list)
		}
	default:
		c.fail(v.open, "Unrecognized numeric range operator: %s", first.text)
	}
	if c.err == nil {
		within.limit(first.text, c.operand(v, list.end))
	}
	return within
}

// span compiles a range, whose lower end was read.
func (c *compiler) span(list *node) condition {
	operator, v := list.item(2), list.item(3)
	switch {
	case operator.kind != text:
		c.fail(operator.open, "Bad value in numeric range: %s", operator.text)
	case operator.text != "<" && operator.text != "<=":
		c.fail(operator.end, "Bad numeric range operator: %s", operator.text)
	default:
		c.number(v, operator.text)
	}
	if fifth := list.item(4); fifth.kind != endArray {
		c.fail(fifth.open, "Too many terms in numeric range expression")
	}
	if c.err != nil {
		return nil
	}
	within := between{bottom: math.MinInt64, top: math.MaxInt64}
	bottom, top := c.operand(list.values[1], list.end), c.operand(v, list.end)
	if bottom >= top {
		c.fail(list.end, "Bottom must be less than top")
	}
	within.limit(list.values[0].text, bottom)
	within.limit(operator.text, top)
	return within
}

func (c *compiler) number(v *node, operator string) {
	if operator == "=" {
		operator = "equals"
	}
	if v.kind != number {
		c.fail(v.open, "Value of %s must be numeric", operator)
	}
}

// item is an element as the parser meets it: behind the last comes the bracket.
func (n *node) item(i int) *node {
	if i < len(n.values) {
		return n.values[i]
	}
	return &node{kind: endArray, text: "]", open: n.end, end: n.end}
}
