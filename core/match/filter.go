package match

import "strings"

// The two wildcard levels of an encoded filter, and what makes a level that
// looks like one (or begins with the escape itself) a literal.
const (
	one    = "*"
	many   = "#"
	escape = `\`
)

// A Filter is a set of paths: levels that are literal, `*` or `#`. Filters
// are comparable: two are equal when their levels are. The zero Filter
// matches the empty path alone.
type Filter struct {
	enc string // immutable; canonical, see Encode
}

// Literal is the filter of one path.
func Literal(path string) Filter {
	if !strings.ContainsAny(path, `\*#`) {
		return Filter{path}
	}
	tokens := strings.Split(path, "/")
	for i, level := range tokens {
		tokens[i] = quote(level)
	}
	return Filter{strings.Join(tokens, "/")}
}

// Below is the filter of a path and everything below it: `T/#`.
func Below(path string) Filter {
	if path == "" {
		return Filter{many}
	}
	return Filter{Literal(path).enc + "/" + many}
}

// Path is the one path that the filter matches, if it has no wildcard.
func (f Filter) Path() (string, bool) {
	if !strings.ContainsAny(f.enc, `\*#`) {
		return f.enc, true
	}
	var out []string
	for l := levelsOf(f.enc); l.more; {
		token := l.next()
		if wildcard(token) {
			return "", false
		}
		out = append(out, unquote(token))
	}
	return strings.Join(out, "/"), true
}

// Encode is the filter's canonical spelling: `/` between levels, `*` and `#`,
// and a backslash before a literal level that is `*` or `#` or begins with a
// backslash. Configuration and the store use it.
func (f Filter) Encode() string { return f.enc }

// String is Encode.
func (f Filter) String() string { return f.enc }

// Decode reads what Encode wrote. A `+` is a literal to it.
func Decode(s string) (Filter, error) {
	// Below adds one level, and each level may have its escape.
	if len(s) > MaxBytes+MaxLevels+len("/#") {
		return Filter{}, ErrTooLong
	}
	if strings.Count(s, "/") > MaxLevels {
		return Filter{}, ErrTooDeep
	}
	for l := levelsOf(s); l.more; {
		token := l.next()
		if strings.HasPrefix(token, escape) && quote(token[1:]) != token {
			return Filter{}, ErrEscape
		}
	}
	return Filter{s}, nil
}

func wildcard(token string) bool { return token == one || token == many }

// quote spells a literal level, unquote reads one that is no wildcard.
func quote(level string) string {
	if wildcard(level) || strings.HasPrefix(level, escape) {
		return escape + level
	}
	return level
}

func unquote(token string) string { return strings.TrimPrefix(token, escape) }
