package filter

import (
	"fmt"
	"unicode/utf16"
)

// Error is what AWS says of a policy; Text follows "Invalid parameter: " when an
// attribute is set, and "Invalid parameter: Attributes Reason: " when subscribing.
type Error struct{ Text string }

// Error implements error.
func (e *Error) Error() string { return e.Text }

// Scope is what a policy is held against.
type Scope int

// The scopes.
const (
	MessageAttributes Scope = iota
	MessageBody
)

// String is the scope as FilterPolicyScope spells it.
func (s Scope) String() string {
	if s == MessageBody {
		return "MessageBody"
	}
	return "MessageAttributes"
}

// ParseScope reads the attribute FilterPolicyScope.
func ParseScope(s string) (Scope, error) {
	switch s {
	case "MessageAttributes":
		return MessageAttributes, nil
	case "MessageBody":
		return MessageBody, nil
	}
	return 0, &Error{fmt.Sprintf("FilterPolicyScope: Invalid value [%.200s]. Please use either MessageBody or MessageAttributes", s)}
}

var (
	errTooManyKeys = &Error{"FilterPolicy: Filter policy can not have more than 5 keys"}
	errTooComplex  = &Error{"FilterPolicy: Filter policy is too complex"}
	errNested      = &Error{"Filter policy scope MessageAttributes does not support nested filter policy"}
)

// plain is a complaint without a position.
func plain(format string, args ...any) *Error {
	return &Error{"FilterPolicy: " + fmt.Sprintf(format, args...)}
}

// maxQuoted is how much of a policy jackson repeats.
const maxQuoted = 500

// quoteSource is `(String)"..."`, as jackson names what it read, cut at 500 of its
// characters.
func quoteSource(s string) string {
	if len(s) <= maxQuoted {
		return `(String)"` + s + `"`
	}
	units := utf16.Encode([]rune(s))
	if len(units) <= maxQuoted {
		return `(String)"` + s + `"`
	}
	return fmt.Sprintf(`(String)"%s"[truncated %d chars]`, string(utf16.Decode(units[:maxQuoted])), len(units)-maxQuoted)
}
