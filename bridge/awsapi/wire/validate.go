package wire

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Validator collects what a request's members fail of the model: required members
// and the limits that the model states. Both forms of a request pass through it
// after decoding, so that it is checked once.
//
// SQS names the first missing parameter. SNS and STS list every failure with its
// path, at most ten.
type Validator struct {
	missingStyle bool
	path         []pathStep
	missing      string
	failures     []string
	count        int
}

type pathStep struct {
	member string
	key    string
	index  int // from 1; 0: not a list
}

// NewValidator makes one for a service.
func NewValidator(s *Service) Validator { return Validator{missingStyle: s.MissingStyle} }

// Err is nil when nothing failed.
func (v *Validator) Err() *Error {
	switch {
	case v.missing != "":
		return MissingParameter.Newf("The request must contain the parameter %s.", v.missing)
	case v.count == 0:
		return nil
	}
	plural := "s"
	if v.count == 1 {
		plural = ""
	}
	return Validation.Newf("%d validation error%s detected: %s", v.count, plural, strings.Join(v.failures, "; "))
}

// List steps into element i of a list member; Leave steps out.
func (v *Validator) List(member string, i int) {
	v.path = append(v.path, pathStep{member: member, index: i + 1})
}

// Entry steps into a map member's entry; Leave steps out.
func (v *Validator) Entry(member, key string) {
	v.path = append(v.path, pathStep{member: member, key: key})
}

// Leave steps out of a list or a map.
func (v *Validator) Leave() { v.path = v.path[:len(v.path)-1] }

// Required notes a member that is absent.
func (v *Validator) Required(member string, present bool) {
	if present {
		return
	}
	if !v.missingStyle {
		v.fail(member, "null", "Member must not be null")
		return
	}
	if v.missing == "" {
		v.missing = member
	}
}

// Length checks a string's length in characters; max < 0: none.
func (v *Validator) Length(member string, s String, lo, hi int) {
	if !s.Ok {
		return
	}
	v.size(member, s.V, utf8.RuneCountInString(s.V), lo, hi)
}

// Count checks a list's length; an absent list passes.
func (v *Validator) Count(member string, n, lo, hi int) {
	if n > 0 {
		v.size(member, "["+strconv.Itoa(n)+" elements]", n, lo, hi)
	}
}

func (v *Validator) size(member, shown string, n, lo, hi int) {
	if n < lo {
		v.fail(member, quote(shown), "Member must have length greater than or equal to "+strconv.Itoa(lo))
	}
	if hi >= 0 && n > hi {
		v.fail(member, quote(shown), "Member must have length less than or equal to "+strconv.Itoa(hi))
	}
}

// Range checks a number.
func (v *Validator) Range(member string, n Int32, lo, hi int64) {
	if n.Ok && int64(n.V) < lo {
		v.fail(member, quote(strconv.Itoa(int(n.V))), "Member must have value greater than or equal to "+strconv.FormatInt(lo, 10))
	}
	if n.Ok && hi >= 0 && int64(n.V) > hi {
		v.fail(member, quote(strconv.Itoa(int(n.V))), "Member must have value less than or equal to "+strconv.FormatInt(hi, 10))
	}
}

const maxFailures = 10

func (v *Validator) fail(member, value, constraint string) {
	v.count++
	if len(v.failures) < maxFailures {
		v.failures = append(v.failures, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, v.at(member), constraint))
	}
}

// at spells the path as AWS does: lower camel case, `.N.member` for an element of
// a list and `.key.member` for an entry of a map.
func (v *Validator) at(member string) string {
	var b strings.Builder
	for _, s := range v.path {
		b.WriteString(lowerFirst(s.member))
		b.WriteByte('.')
		if s.index > 0 {
			b.WriteString(strconv.Itoa(s.index))
		} else {
			b.WriteString(clip(s.key))
		}
		b.WriteString(".member.")
	}
	b.WriteString(lowerFirst(member))
	return strings.TrimSuffix(b.String(), ".")
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}

func quote(s string) string { return "'" + clip(s) + "'" }

// clip keeps an error's text bounded whatever the client sent.
func clip(s string) string {
	const limit = 300
	if len(s) <= limit {
		return s
	}
	n := limit
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
