package policy

import "strings"

// pattern is text in which * is any text and ? any character; in documents of
// 2012 also ${key}, which stands for a value of the request, taken literally.
type pattern struct {
	source    string
	elements  []rune // nil where variables are left to fill in
	variables bool
}

// Elements that are no character.
const (
	anyText rune = -1
	anyOne  rune = -2
)

func compile(s string, variables bool) pattern {
	p := pattern{source: s, variables: variables && strings.Contains(s, "${")}
	if !p.variables {
		p.elements = appendElements(nil, s)
	}
	return p
}

func appendElements(e []rune, s string) []rune {
	for _, r := range s {
		switch r {
		case '*':
			r = anyText
		case '?':
			r = anyOne
		}
		e = append(e, r)
	}
	return e
}

// resolve fills in the variables; false if one has no value, and then nothing matches.
func (p *pattern) resolve(keys Keys) ([]rune, bool) {
	if !p.variables {
		return p.elements, true
	}
	var e []rune
	for rest := p.source; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		e = appendElements(e, before)
		if !found {
			break
		}
		name, behind, closed := strings.Cut(after, "}")
		if !closed {
			return appendElements(e, rest[len(before):]), true
		}
		v, ok := variable(name, keys)
		if !ok {
			return nil, false
		}
		e = append(e, []rune(v)...)
		rest = behind
	}
	return e, true
}

// variable is the value of ${name} or ${name, 'default'}; ${*}, ${?} and ${$} are
// those characters.
func variable(name string, keys Keys) (string, bool) {
	if name == "*" || name == "?" || name == "$" {
		return name, true
	}
	name, fallback, hasFallback := strings.Cut(name, ",")
	if values := keys[strings.ToLower(strings.TrimSpace(name))]; len(values) == 1 {
		return values[0], true
	}
	return strings.Trim(strings.TrimSpace(fallback), "'"), hasFallback
}

// matches compares a text with the pattern.
func (p *pattern) matches(s string, keys Keys) bool {
	e, ok := p.resolve(keys)
	return ok && glob(e, []rune(s))
}

// equals compares it letter by letter: only variables stand for something else.
func (p *pattern) equals(s string, keys Keys, same func(a, b string) bool) bool {
	if !p.variables {
		return same(p.source, s)
	}
	e, ok := p.resolve(keys)
	for i := range e {
		switch e[i] {
		case anyText:
			e[i] = '*'
		case anyOne:
			e[i] = '?'
		}
	}
	return ok && same(string(e), s)
}

// glob needs no more than len(e)*len(s) steps: of several * only the last is
// tried again.
func glob(e, s []rune) bool {
	i, j := 0, 0
	star, from := -1, 0
	for j < len(s) {
		switch {
		case i < len(e) && e[i] == anyText:
			star, from = i, j
			i++
		case i < len(e) && (e[i] == anyOne || e[i] == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(e) && e[i] == anyText {
		i++
	}
	return i == len(e)
}
