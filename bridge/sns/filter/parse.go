package filter

import (
	"fmt"
	"unicode/utf8"
)

// node is a value of a policy. open and end say where jackson stands, in UTF-16
// units of the compact text, when it has met the value and when it has read it:
// of a string it has only seen the quote at first.
type node struct {
	kind   kind
	text   string // of a text, unquoted; else as written
	names  []string
	values []*node // of an array, or of an object beside names

	open, end int
}

const (
	// maxPolicy is SNS's limit for the text.
	maxPolicy = 256 << 10
	// maxDepth is more than a policy of 150 combinations can have.
	maxDepth = 200
)

const (
	expectValue = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
	expectName  = "was expecting double-quote to start field name"
)

// reader builds the tree; it is jackson's first reading.
type reader struct {
	lexer
	marks []int // starts of the containers that are open
}

// readTree reads a whole text.
func readTree(in string) (*node, *Error) {
	r := reader{lexer: lexer{in: in}}
	n, err := r.value(r.next())
	if err != nil {
		return nil, err
	}
	if k := r.next(); k != end {
		return nil, r.odd(k, expectValue)
	}
	return n, nil
}

// value reads the value whose first token was k.
func (r *reader) value(k kind) (*node, *Error) {
	n := &node{kind: k, text: r.in[r.start:r.pos]}
	switch k {
	case null, isTrue, isFalse, number:
		return n, nil
	case text:
		n.text = unquote(n.text)
		return n, nil
	case array, object:
	default:
		return nil, r.odd(k, expectValue)
	}
	if len(r.marks) == maxDepth {
		return nil, errTooComplex
	}
	r.marks = append(r.marks, r.start)
	defer func() { r.marks = r.marks[:len(r.marks)-1] }()
	if k == array {
		return n, r.array(n)
	}
	return n, r.object(n)
}

func (r *reader) array(n *node) *Error {
	for k := r.next(); k != endArray; {
		v, err := r.value(k)
		if err != nil {
			return err
		}
		n.values = append(n.values, v)
		switch k = r.next(); k {
		case endArray:
		case comma:
			if k = r.next(); k == endArray {
				return r.odd(k, expectValue)
			}
		default:
			return r.odd(k, "was expecting comma to separate Array entries")
		}
	}
	return nil
}

// object reads members; of one name the last value counts, in the first's place.
func (r *reader) object(n *node) *Error {
	at := map[string]int{}
	for k := r.next(); k != endObject; {
		if k != text {
			return r.odd(k, expectName)
		}
		name := unquote(r.in[r.start:r.pos])
		if k = r.next(); k != colon {
			return r.odd(k, "was expecting a colon to separate field name and value")
		}
		v, err := r.value(r.next())
		if err != nil {
			return err
		}
		if i, twice := at[name]; twice {
			n.values[i] = v
		} else {
			at[name] = len(n.names)
			n.names, n.values = append(n.names, name), append(n.values, v)
		}
		switch k = r.next(); k {
		case endObject:
		case comma:
			if k = r.next(); k == endObject {
				return r.odd(k, expectName)
			}
		default:
			return r.odd(k, "was expecting comma to separate Object entries")
		}
	}
	return nil
}

// odd is jackson's complaint about a token that does not belong here.
func (r *reader) odd(k kind, expected string) *Error {
	switch {
	case k == end && len(r.marks) > 0:
		what, mark := "Array", r.marks[len(r.marks)-1]
		if r.in[mark] == '{' {
			what = "Object"
		}
		return r.unparsed(len(r.in), "Unexpected end-of-input: expected close marker for %s (start marker at %s)", what, r.place(mark))
	case k == end:
		return r.unparsed(len(r.in), "Unexpected end-of-input")
	case k == bad && r.why == openString:
		return r.unparsed(len(r.in), "Unexpected end-of-input: was expecting closing quote for a string value")
	case k == bad && r.why == badString:
		return r.unparsed(r.pos, "Illegal character or escape in a string value")
	case k == bad && r.why == badNumber:
		return r.unparsed(r.pos, "Unexpected character in numeric value")
	case k == bad && r.why == wrongWord && expected == expectValue:
		return r.unparsed(r.pos, "Unrecognized token '%.200s': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", r.in[r.start:r.pos])
	}
	c, _ := utf8.DecodeRuneInString(r.in[r.start:])
	return r.unparsed(r.start, "Unexpected character ('%c' (code %d)): %s", c, c, expected)
}

func (r *reader) unparsed(at int, format string, args ...any) *Error {
	return plain("failed to parse JSON. %s\n at %s", fmt.Sprintf(format, args...), r.place(at))
}

// place is a position in the text as given, which this reading does not repeat.
func (r *reader) place(at int) string {
	line, column := 1, 1
	for _, c := range r.in[:at] {
		switch {
		case c == '\n':
			line, column = line+1, 1
		case c > 0xffff:
			column += 2
		default:
			column++
		}
	}
	return fmt.Sprintf("[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: %d, column: %d]", line, column)
}

// writer puts the tree down compactly and notes where everything stands.
type writer struct {
	b     []byte
	units int // UTF-16 units written
}

func (w *writer) put(s string) {
	w.b = append(w.b, s...)
	for _, c := range s {
		w.units++
		if c > 0xffff {
			w.units++
		}
	}
}

func (w *writer) value(n *node) {
	switch n.kind {
	case text:
		n.open = w.units + 1
		w.put(string(appendQuoted(nil, n.text)))
	case array, object:
		w.put(n.text) // its bracket
		n.open = w.units
		for i, v := range n.values {
			if i > 0 {
				w.put(",")
			}
			if n.kind == object {
				w.put(string(appendQuoted(nil, n.names[i])))
				w.put(":")
			}
			w.value(v)
		}
		w.put(map[kind]string{array: "]", object: "}"}[n.kind])
	default:
		w.put(n.text)
		n.open = w.units
	}
	n.end = w.units
}
