package filter

// Attribute is a message attribute; Value is its text.
type Attribute struct{ DataType, Value string }

// leaf is one value of a message under a path, and in which objects of which
// arrays it stands.
type leaf struct {
	value
	in []place
}

// place is one object of one array of a body.
type place struct{ array, index int }

// maxSteps bounds one search, beside one look at each leaf.
const maxSteps = 100_000

// search looks for leaves that satisfy all clauses and go together.
type search struct {
	leaves [][]leaf // by slot
	pinned []place  // which objects the leaves chosen so far stand in
	steps  int      // looks at leaves that are left
}

// all tells whether the clauses hold and, with the choices that were made for
// them, next does too.
func (s *search) all(clauses []clause, next func() bool) bool {
	if len(clauses) == 0 {
		return next()
	}
	c, rest := &clauses[0], clauses[1:]
	if c.or != nil {
		for _, alternative := range c.or {
			if s.all(alternative, func() bool { return s.all(rest, next) }) {
				return true
			}
		}
		return false
	}
	leaves := s.leaves[c.slot]
	if len(leaves) == 0 {
		return c.absent && s.all(rest, next)
	}
	for i := range leaves {
		l := &leaves[i]
		if s.steps--; s.steps < 0 {
			return false
		}
		if !s.fits(l) || !c.takes(l.value) {
			continue
		}
		mark := len(s.pinned)
		s.pin(l)
		if s.all(rest, next) {
			return true
		}
		if len(s.pinned) == mark {
			return false // it bound nothing, so no other leaf can do better
		}
		s.pinned = s.pinned[:mark]
	}
	return false
}

// takes tells whether one of the conditions matches a value that is there; bad is
// the kind of what could not be read.
func (c *clause) takes(v value) bool {
	if c.exists || v.kind == bad {
		return c.exists
	}
	for _, cond := range c.any {
		if cond.matches(v) {
			return true
		}
	}
	return false
}

// fits tells whether a leaf stands in the objects chosen so far.
func (s *search) fits(l *leaf) bool {
	for _, p := range l.in {
		for _, q := range s.pinned {
			if p.array == q.array && p.index != q.index {
				return false
			}
		}
	}
	return true
}

func (s *search) pin(l *leaf) {
	known := s.pinned
next:
	for _, p := range l.in {
		for _, q := range known {
			if p == q {
				continue next
			}
		}
		s.pinned = append(s.pinned, p)
	}
}

func (p *Policy) search(leaves [][]leaf) bool {
	s := search{leaves: leaves, steps: maxSteps}
	for _, l := range leaves {
		s.steps += len(l)
	}
	return s.all(p.all, func() bool { return true })
}

// MatchAttributes decides on a message's attributes; get finds one by name.
func (p *Policy) MatchAttributes(get func(name string) (Attribute, bool)) bool {
	leaves := make([][]leaf, len(p.slots))
	for name, slot := range p.slots {
		if a, ok := get(name); ok {
			leaves[slot] = a.leaves()
		}
	}
	return p.search(leaves)
}

// leaves are an attribute's values: SNS ignores binary ones.
func (a Attribute) leaves() []leaf {
	base, custom := a.DataType, ""
	for i := range len(base) {
		if base[i] == '.' {
			base, custom = base[:i], base[i:]
			break
		}
	}
	switch {
	case base == "String" && custom == ".Array":
		return listLeaves(a.Value)
	case base == "String":
		return []leaf{{value: value{text, a.Value}}}
	case base == "Number":
		return []leaf{{value: value{number, a.Value}}}
	}
	return nil
}

// listLeaves are the elements of a String.Array. One that is no JSON array has
// none that a condition could match, but it is there.
func listLeaves(s string) []leaf {
	l := lexer{in: s}
	broken := []leaf{{value: value{kind: bad}}}
	var out []leaf
	if l.next() != array {
		return broken
	}
	for k := l.next(); k != endArray; {
		switch k {
		case text:
			out = append(out, leaf{value: value{text, unquote(s[l.start:l.pos])}})
		case null, isTrue, isFalse, number:
			out = append(out, leaf{value: value{k, s[l.start:l.pos]}})
		default:
			return broken
		}
		if k = l.next(); k == comma {
			if k = l.next(); k == endArray {
				return broken
			}
		} else if k != endArray {
			return broken
		}
	}
	if l.next() != end {
		return broken
	}
	return out
}
