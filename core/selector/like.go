package selector

import (
	"unicode/utf8"
)

// A glob is the pattern of LIKE: literal characters, anyOne and anyMany.
type glob []rune

// What stands for `_` and `%`; no text has these.
const (
	anyOne  rune = -1
	anyMany rune = -2
)

// parseGlob reads a pattern; false if it ends with its escape character.
func parseGlob(pattern, escape string) (glob, bool) {
	esc, _ := utf8.DecodeRuneInString(escape)
	var g glob
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			escaped = false
		case escape != "" && r == esc:
			escaped = true
			continue
		case r == '_':
			r = anyOne
		case r == '%':
			r = anyMany
			if len(g) > 0 && g[len(g)-1] == anyMany {
				continue
			}
		}
		g = append(g, r)
	}
	return g, !escaped
}

// match goes through both, and of several anyMany tries only the last again: it
// needs no more steps than the length of the text times that of the pattern.
func (g glob) match(s string) bool {
	at, star, mark := 0, -1, 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case at < len(g) && g[at] == anyMany:
			star, mark = at, i
			at++
			continue
		case at < len(g) && (g[at] == anyOne || g[at] == r):
			at++
			i += size
			continue
		case star < 0:
			return false
		}
		_, step := utf8.DecodeRuneInString(s[mark:])
		mark += step
		at, i = star+1, mark
	}
	for at < len(g) && g[at] == anyMany {
		at++
	}
	return at == len(g)
}
