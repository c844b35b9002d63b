package filter

import "fmt"

// Policy is a filter policy, ready to match. It is immutable.
type Policy struct {
	scope Scope
	slots map[string]int // path -> index of its leaves
	all   []clause
}

// clause is one thing that must hold: a key's conditions, or one of alternatives.
type clause struct {
	slot   int
	any    []condition
	exists bool
	absent bool
	or     [][]clause // if not nil, the rest is unused
}

// Parse reads a policy.
func Parse(policy string, scope Scope) (*Policy, error) {
	if len(policy) > maxPolicy {
		return nil, errTooComplex
	}
	root, err := readTree(policy)
	if err != nil {
		return nil, err
	}
	p := &Policy{scope: scope, slots: map[string]int{}}
	if root.kind == object && len(root.names) == 0 {
		return p, nil // no policy: everything matches
	}
	w := writer{}
	w.value(root)
	c := compiler{slots: p.slots, source: quoteSource(string(w.b))}
	p.all = c.rule(root)
	switch {
	case c.err != nil:
		return nil, c.err
	case len(root.names) > 5:
		return nil, errTooManyKeys
	case combinations(root, 1) > maxCombinations:
		return nil, errTooComplex
	case scope == MessageAttributes && c.nested:
		return nil, errNested
	}
	return p, nil
}

// Scope is what the policy is held against.
func (p *Policy) Scope() Scope { return p.scope }

// compiler is the second reading; its first complaint counts, so every step
// looks at err no more than it must.
type compiler struct {
	source string
	slots  map[string]int
	nested bool
	err    *Error
}

// fail complains with the position where the parser stands.
func (c *compiler) fail(at int, format string, args ...any) {
	if c.err == nil {
		c.err = plain("%s%s", fmt.Sprintf(format, args...), c.place(at))
	}
}

func (c *compiler) place(at int) string {
	return fmt.Sprintf("\n at [Source: %s; line: 1, column: %d]", c.source, at+1)
}

func (c *compiler) rule(root *node) []clause {
	if root.kind != object {
		c.fail(root.open, "Filter is not an object")
		return nil
	}
	return c.object(root, "")
}

// object compiles the members of an object at path.
func (c *compiler) object(o *node, path string) []clause {
	var all []clause
	for i, name := range o.names {
		if c.err != nil {
			return nil
		}
		v := o.values[i]
		switch {
		case isOr(name, v):
			or := make([][]clause, len(v.values))
			for j, alternative := range v.values {
				or[j] = c.object(alternative, path)
			}
			all = append(all, clause{or: or})
		case v.kind == object:
			c.nested = true
			all = append(all, c.object(v, path+name+".")...)
		case v.kind == array:
			all = append(all, c.key(v, path+name))
		default:
			c.fail(v.open, `"%s" must be an object or an array`, name)
		}
	}
	if len(o.names) == 0 {
		c.fail(o.end, "Empty objects are not allowed")
	}
	return all
}

// key compiles the conditions of one key.
func (c *compiler) key(list *node, path string) clause {
	slot, known := c.slots[path]
	if !known {
		slot = len(c.slots)
		c.slots[path] = slot
	}
	k := clause{slot: slot}
	for _, v := range list.values {
		switch v.kind {
		case object:
			c.expression(v, &k)
		case array:
			c.fail(v.open, "Match value must be String, number, true, false, or null")
		default:
			k.any = append(k.any, exactly(v))
		}
	}
	if len(list.values) == 0 {
		c.fail(list.end, "Empty arrays are not allowed")
	}
	return k
}

// operators are the names that make an object a match expression. An $or whose
// objects have one for a key is a key like any other.
var operators = map[string]bool{
	"exactly": true, "prefix": true, "suffix": true, "equals-ignore-case": true, "wildcard": true,
	"numeric": true, "cidr": true, "exists": true, "anything-but": true,
}

func isOr(name string, v *node) bool {
	if name != "$or" || v.kind != array || len(v.values) < 2 {
		return false
	}
	for _, alternative := range v.values {
		if alternative.kind != object {
			return false
		}
		for _, key := range alternative.names {
			if operators[key] {
				return false
			}
		}
	}
	return true
}

// maxCombinations is SNS's limit.
const maxCombinations = 150

// combinations counts as SNS does; past the limit it stops growing.
func combinations(o *node, depth int) int {
	total := 1
	for i, name := range o.names {
		n, v := 0, o.values[i]
		switch {
		case isOr(name, v):
			for _, alternative := range v.values {
				n = min(n+combinations(alternative, depth), maxCombinations+1)
			}
		case v.kind == object:
			n = combinations(v, depth+1)
		default:
			n = min(len(v.values), maxCombinations+1) * depth
		}
		total = min(total*n, maxCombinations+1)
	}
	return total
}
