package selector

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	end     tokenKind = iota
	word              // an identifier, or a keyword: keyword tells
	quoted            // an identifier in double quotes
	text              // a text literal
	number            //
	symbol            // = <> < ( , ...
	invalid           //
)

// A token is one word of a selector; val is without quotes.
type token struct {
	kind tokenKind
	val  string
	at   int
}

// keyword is the token in upper case if it may be a keyword.
func (t token) keyword() string {
	if t.kind != word || len(t.val) > len("BETWEEN") {
		return ""
	}
	return strings.ToUpper(t.val)
}

func (t token) is(symbolOf string) bool { return t.kind == symbol && t.val == symbolOf }

type lexer struct {
	text string
	pos  int
	base int // of text in what the caller gave
}

func (l *lexer) errorAt(at int, msg string) error { return &Error{At: l.base + at, Msg: msg} }

func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	at := l.pos
	if at == len(l.text) {
		return token{kind: end, at: at}, nil
	}
	c := l.text[at]
	switch {
	case c == '\'':
		return l.quote('\'', text)
	case c == '"':
		return l.quote('"', quoted)
	case digit(c), c == '.' && at+1 < len(l.text) && digit(l.text[at+1]):
		return l.number(), nil
	}
	if n := l.symbolLen(); n > 0 {
		l.pos += n
		return token{symbol, l.text[at:l.pos], at}, nil
	}
	for l.pos < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.pos:])
		if r == utf8.RuneError && size == 1 || !inIdentifier(r, l.pos == at) {
			break
		}
		l.pos += size
	}
	if l.pos == at {
		return token{}, l.errorAt(at, "unexpected character")
	}
	return token{word, l.text[at:l.pos], at}, nil
}

// skip passes over white space and comments.
func (l *lexer) skip() error {
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch {
		case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
			l.pos++
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return l.errorAt(l.pos, "a comment that nothing closes")
			}
			l.pos += 2 + n + 2
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexAny(rest, "\r\n")
			if n < 0 {
				return nil // two signs, as ActiveMQ's grammar has it
			}
			l.pos += n + 1
		default:
			return nil
		}
	}
	return nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// inIdentifier is Character.isJavaIdentifierStart and Part, near enough.
func inIdentifier(r rune, first bool) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || !first && unicode.IsDigit(r)
}

// symbolLen is the length of the symbol that comes, 0 for none.
func (l *lexer) symbolLen() int {
	rest := l.text[l.pos:]
	for _, s := range []string{"<>", "<=", ">="} {
		if strings.HasPrefix(rest, s) {
			return 2
		}
	}
	if strings.IndexByte("=<>()+-*/%,", rest[0]) >= 0 {
		return 1
	}
	return 0
}

// quote reads up to the closing quote; two of them are one.
func (l *lexer) quote(q byte, kind tokenKind) (token, error) {
	at := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.text); l.pos++ {
		c := l.text[l.pos]
		if c != q {
			b.WriteByte(c)
			continue
		}
		if l.pos+1 < len(l.text) && l.text[l.pos+1] == q {
			b.WriteByte(q)
			l.pos++
			continue
		}
		l.pos++
		return token{kind, b.String(), at}, nil
	}
	return token{}, l.errorAt(at, "a quote that nothing closes")
}

// number takes everything that could be of one number; the parser judges it.
func (l *lexer) number() token {
	at := l.pos
	hex := strings.HasPrefix(l.text[at:], "0x") || strings.HasPrefix(l.text[at:], "0X")
	for l.pos++; l.pos < len(l.text); l.pos++ {
		c := l.text[l.pos]
		sign := (c == '+' || c == '-') && !hex && l.text[l.pos-1]|0x20 == 'e'
		if !sign && c != '.' && !digit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
	}
	return token{number, l.text[at:l.pos], at}
}
