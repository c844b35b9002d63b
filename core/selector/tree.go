package selector

import "strings"

// The parsed selector is a tree of these two. Both are immutable.
type (
	condition  interface{ test(p Properties) Truth }
	expression interface{ eval(p Properties) Value }
)

type literal Value

func (l literal) eval(Properties) Value { return Value(l) }

type property string

func (n property) eval(p Properties) Value { return p.Property(string(n)) }

type both struct{ a, b condition }

func (c both) test(p Properties) Truth {
	a := c.a.test(p)
	if a == False {
		return False
	}
	return a.and(c.b.test(p))
}

type either struct{ a, b condition }

func (c either) test(p Properties) Truth {
	a := c.a.test(p)
	if a == True {
		return True
	}
	return a.or(c.b.test(p))
}

type negated struct{ c condition }

func (c negated) test(p Properties) Truth { return c.c.test(p).not() }

// flag is a boolean that stands alone.
type flag struct {
	e       expression
	convert bool
}

func (c flag) test(p Properties) Truth {
	v := c.e.eval(p)
	if c.convert && v.kind == Text {
		v = boolean(v)
	}
	switch v.kind {
	case Null:
		return Unknown
	case Bool:
		return truth(v.num == 1)
	}
	return False
}

// boolean is text as a boolean; what is neither stays text.
func boolean(v Value) Value {
	switch {
	case strings.EqualFold(v.text, "true"):
		return BoolValue(true)
	case strings.EqualFold(v.text, "false"):
		return BoolValue(false)
	}
	return v
}

type isNull struct {
	name property
	not  bool
}

func (c isNull) test(p Properties) Truth {
	return truth((c.name.eval(p).kind == Null) != c.not)
}

type in struct {
	name property
	set  map[string]bool
}

func (c in) test(p Properties) Truth {
	v := c.name.eval(p)
	if v.kind != Text {
		return Unknown
	}
	return truth(c.set[v.text])
}

type like struct {
	name property
	glob glob
}

func (c like) test(p Properties) Truth {
	switch v := c.name.eval(p); v.kind {
	case Null:
		return Unknown
	case Text:
		return truth(c.glob.match(v.text))
	}
	return False
}
