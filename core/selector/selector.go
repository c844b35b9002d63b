package selector

import (
	"fmt"
	"strings"
)

const (
	maxText  = 8 << 10
	maxDepth = 100
)

// Properties are what a selector decides on. Property returns the zero Value
// for a name that is not there; names are case sensitive.
type Properties interface {
	Property(name string) Value
}

// A Selector is a parsed condition: immutable, for any number of goroutines.
type Selector struct {
	text string
	root condition
}

// Options change how a selector is read.
type Options struct {
	// Convert compares text that is a number, or true or false, with numbers
	// and booleans: for protocols whose headers are all text.
	Convert bool
}

// convertPrefix before a selector asks for Options.Convert, in ActiveMQ's words.
const convertPrefix = "convert_string_expressions:"

// An Error says where a selector is wrong.
type Error struct {
	At  int // byte
	Msg string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at position %d", e.Msg, e.At+1) }

// Parse reads a selector; an empty one selects everything. The error is an
// *Error.
func Parse(text string, o Options) (*Selector, error) {
	if len(text) > maxText {
		return nil, &Error{Msg: fmt.Sprintf("a selector has at most %d bytes", maxText)}
	}
	body := text
	if rest, ok := strings.CutPrefix(text, convertPrefix); ok {
		body, o.Convert = rest, true
	}
	p := &parser{lexer: lexer{text: body, base: len(text) - len(body)}, convert: o.Convert}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Selector{text: text, root: root}, nil
}

// String is the text that was parsed.
func (s *Selector) String() string { return s.text }

// Eval is the truth of the condition.
func (s *Selector) Eval(p Properties) Truth {
	if s.root == nil {
		return True
	}
	return s.root.test(p)
}

// Selects says whether the condition is true.
func (s *Selector) Selects(p Properties) bool { return s.Eval(p) == True }
