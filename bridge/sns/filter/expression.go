package filter

// expression compiles {"operator": value} into a key's clause.
func (c *compiler) expression(o *node, k *clause) {
	if len(o.names) == 0 {
		c.fail(o.end, "Match expression name not found")
		return
	}
	name, v := o.names[0], o.values[0]
	switch name {
	case "exactly":
		k.add(c.text(v, "exact"), exactly(v))
	case "prefix":
		k.add(c.text(v, name), prefix(v.text))
	case "suffix":
		k.add(c.text(v, name), suffix(v.text))
	case "equals-ignore-case":
		k.add(c.text(v, name), ignoreCase(v.text))
	case "wildcard":
		if c.text(v, name) {
			pattern := c.wildcard(v.text)
			k.add(c.err == nil, pattern)
		}
	case "cidr":
		if c.text(v, "prefix") { // AWS's own slip
			block := c.cidr(v.text)
			k.add(c.err == nil, block)
		}
	case "exists":
		if v.kind != isTrue && v.kind != isFalse {
			c.fail(v.open, "exists match pattern must be either true or false.")
		}
		k.exists, k.absent = k.exists || v.kind == isTrue, k.absent || v.kind == isFalse
	case "numeric":
		within := c.numeric(v)
		k.add(c.err == nil, within)
	case "anything-but":
		not := c.anythingBut(v)
		k.add(c.err == nil, not)
	default:
		c.fail(v.open, "Unrecognized match type %s", name)
	}
	if len(o.names) > 1 && (name == "numeric" || name == "anything-but" && v.kind != object) {
		c.fail(o.values[1].open, "Too many elements in numeric expression")
	} else if len(o.names) > 1 {
		c.fail(o.values[1].open, "Only one key allowed in match expression")
	}
}

func (c *clause) add(ok bool, cond condition) {
	if ok {
		c.any = append(c.any, cond)
	}
}

func (c *compiler) text(v *node, operator string) bool {
	if v.kind != text {
		c.fail(v.open, "%s match pattern must be a string", operator)
	}
	return c.err == nil
}

// anythingBut compiles a value, a list of strings or of numbers, or a prefix.
func (c *compiler) anythingBut(v *node) condition {
	switch v.kind {
	case text, number:
		return c.noneOf([]*node{v}, v.open)
	case array:
		for _, e := range v.values {
			if e.kind != text && e.kind != number {
				// The compiler catches its own complaint and complains with it.
				c.fail(e.open, "Inside anything but list, start|null|boolean is not supported.%s", c.place(e.open))
			}
		}
		return c.noneOf(v.values, v.end)
	case object:
		return c.notPrefix(v)
	}
	c.fail(v.open, "Value of anything-but must be an array or single string/number value.")
	return nil
}

func (c *compiler) notPrefix(o *node) condition {
	if len(o.names) == 0 {
		c.fail(o.end, "Anything-But expression name not found")
		return nil
	}
	name, v := o.names[0], o.values[0]
	switch {
	case name != "prefix":
		c.fail(v.open, "Unsupported anything-but pattern: %s", name)
	case v.kind != text:
		c.fail(v.open, "prefix match pattern must be a string")
	case v.text == "":
		c.fail(v.end, "Null prefix not allowed")
	case len(o.names) > 1:
		c.fail(o.values[1].open, "Only one key allowed in match expression")
	}
	return notPrefix(v.text)
}

// noneOf compiles a list, read up to at.
func (c *compiler) noneOf(values []*node, at int) condition {
	not := noneOf{}
	texts, numbers := 0, 0
	for _, v := range values {
		if v.kind == number {
			numbers++
			c.operand(v, v.open)
		} else {
			texts++
		}
		not = append(not, exactly(v))
	}
	if (texts == 0) == (numbers == 0) {
		c.fail(at, "Inside anything but list, either all values are number or string, mixed type is not supported")
	}
	return not
}

// operand is a number that can be compared, which only some can.
func (c *compiler) operand(v *node, at int) int64 {
	n, ok := scaled(v.text)
	if !ok {
		c.fail(at, "Value must be between -1.0E9 and 1.0E9, inclusive")
	}
	return n
}
