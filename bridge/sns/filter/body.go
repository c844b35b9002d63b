package filter

import (
	"slices"
	"unsafe"
)

// maxBodyDepth is jackson's; a deeper body is no JSON to it.
const maxBodyDepth = 1000

// MatchBody decides on a message's body, which must be a JSON object. The empty
// policy {} is none and takes every body.
func (p *Policy) MatchBody(body []byte) bool {
	if len(p.all) == 0 {
		return true
	}
	// The leaves view the body, and nobody keeps them past the search.
	f := flattener{lexer: lexer{in: unsafe.String(unsafe.SliceData(body), len(body))}, slots: p.slots}
	f.leaves = make([][]leaf, len(p.slots))
	if f.next() != object || !f.object(0) || f.next() != end {
		return false
	}
	return p.search(f.leaves)
}

// flattener collects the leaves of a body that a policy asks for.
type flattener struct {
	lexer
	slots  map[string]int
	leaves [][]leaf
	path   []byte
	where  []place // of which array's which object the value being read is
	arrays int
}

// value reads the value whose first token was k; false means bad JSON.
func (f *flattener) value(k kind, depth int) bool {
	if depth > maxBodyDepth {
		return false
	}
	switch k {
	case object:
		return f.object(depth)
	case array:
		return f.array(depth)
	case text:
		if slot, ok := f.slots[string(f.path)]; ok {
			f.add(slot, value{text, unquote(f.token())})
		}
		return true
	case null, isTrue, isFalse, number:
		if slot, ok := f.slots[string(f.path)]; ok {
			f.add(slot, value{k, f.token()})
		}
		return true
	}
	return false
}

func (f *flattener) token() string { return f.in[f.start:f.pos] }

func (f *flattener) add(slot int, v value) {
	f.leaves[slot] = append(f.leaves[slot], leaf{v, slices.Clone(f.where)})
}

func (f *flattener) object(depth int) bool {
	mark := len(f.path)
	defer func() { f.path = f.path[:mark] }()
	for k := f.next(); k != endObject; {
		if k != text {
			return false
		}
		f.path = f.path[:mark]
		if depth > 0 {
			f.path = append(f.path, '.')
		}
		f.path = appendUnquoted(f.path, f.in[f.start+1:f.pos-1])
		if f.next() != colon || !f.value(f.next(), depth+1) {
			return false
		}
		if k = f.next(); k == comma {
			k = f.next()
			if k == endObject {
				return false
			}
		} else if k != endObject {
			return false
		}
	}
	return true
}

// array reads elements under the array's own path; those that are objects bind
// their leaves together.
func (f *flattener) array(depth int) bool {
	id := f.arrays
	f.arrays++
	index := 0
	for k := f.next(); k != endArray; index++ {
		mark := len(f.where)
		if k == object {
			f.where = append(f.where, place{id, index})
		}
		ok := f.value(k, depth+1)
		f.where = f.where[:mark]
		if !ok {
			return false
		}
		if k = f.next(); k == comma {
			k = f.next()
			if k == endArray {
				return false
			}
		} else if k != endArray {
			return false
		}
	}
	return true
}
