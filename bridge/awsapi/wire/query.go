package wire

import (
	"encoding/base64"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Query is the parameters of a Query request, sorted by name so that a list or a
// map is one range of them.
type Query struct {
	pairs []pair
	elems int
	err   *Error
}

type pair struct{ key, value string }

// ParseQuery reads forms (a body, a query string), the earlier ones winning.
func ParseQuery(forms ...string) (*Query, *Error) {
	q := &Query{}
	for _, form := range forms {
		if err := q.parse(form); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(q.pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	return q, nil
}

func (q *Query) parse(form string) *Error {
	for form != "" {
		var part string
		part, form, _ = strings.Cut(form, "&")
		if part == "" {
			continue
		}
		if len(q.pairs) >= MaxElements {
			return MalformedQuery.New("The request has too many parameters")
		}
		k, v, _ := strings.Cut(part, "=")
		key, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil || !utf8.ValidString(key) || !utf8.ValidString(value) {
			return MalformedQuery.New("The query string contains a syntax error")
		}
		q.pairs = append(q.pairs, pair{key, value})
	}
	return nil
}

// Err is the first parameter of the wrong type.
func (q *Query) Err() *Error { return q.err }

func (q *Query) fail(key, want string) {
	if q.err == nil {
		q.err = Serialization.Newf("The value of the parameter %s is not %s", clip(key), want)
	}
}

// find is the position of key, or of where it would stand.
func (q *Query) find(key string) (int, bool) {
	return slices.BinarySearchFunc(q.pairs, key, func(p pair, k string) int { return strings.Compare(p.key, k) })
}

// Get is a parameter's value.
func (q *Query) Get(key string) (string, bool) {
	i, ok := q.find(key)
	if !ok {
		return "", false
	}
	return q.pairs[i].value, true
}

// Default sets a parameter that is absent or empty.
func (q *Query) Default(key, value string) {
	i, ok := q.find(key)
	if !ok {
		q.pairs = slices.Insert(q.pairs, i, pair{key, value})
	} else if q.pairs[i].value == "" {
		q.pairs[i].value = value
	}
}

// Indexes are the numbers N for which a parameter `prefix.N` or `prefix.N.x`
// exists, ascending: clients may leave gaps. A number has at most nine digits
// and no leading zero, so that it spells its parameter back.
func (q *Query) Indexes(prefix string) []int {
	var out []int
	prefix += "."
	i, _ := q.find(prefix)
	for ; i < len(q.pairs) && strings.HasPrefix(q.pairs[i].key, prefix); i++ {
		digits, _, _ := strings.Cut(q.pairs[i].key[len(prefix):], ".")
		if n, ok := index(digits); ok {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	q.elems += len(out)
	if q.elems > MaxElements {
		q.fail(prefix, "a list of acceptable length")
		return nil
	}
	return out
}

func index(digits string) (int, bool) {
	if digits == "" || len(digits) > 9 || digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0
}

// At is `prefix.N`.
func At(prefix string, n int) string { return prefix + "." + strconv.Itoa(n) }

// Elements are the names of a list's or map's elements, which stand under the
// first of the given spellings that is there.
func (q *Query) Elements(spellings ...string) []string {
	for _, prefix := range spellings {
		if ns := q.Indexes(prefix); len(ns) > 0 {
			names := make([]string, len(ns))
			for i, n := range ns {
				names[i] = At(prefix, n)
			}
			return names
		}
	}
	return nil
}

// Bare tells whether a list's name stands by itself, as clients write an empty one.
func (q *Query) Bare(list string) bool {
	_, name := q.Get(list)
	_, member := q.Get(list + ".member")
	return name || member
}

// Key reads a map entry's key under either spelling of the word.
func (q *Query) Key(name, word string) string {
	if v, ok := q.Get(name + "." + word); ok {
		return v
	}
	v, _ := q.Get(name + "." + swapCase(word))
	return v
}

// Word is the spelling of word that stands under name: clients write Value or value.
func (q *Query) Word(name, word string) string {
	full := name + "." + word
	if q.Has(full) {
		return full
	}
	if other := name + "." + swapCase(word); q.Has(other) {
		return other
	}
	return full
}

// Has tells whether key or something below it is there.
func (q *Query) Has(key string) bool {
	if _, ok := q.find(key); ok {
		return true
	}
	i, _ := q.find(key + ".")
	return i < len(q.pairs) && strings.HasPrefix(q.pairs[i].key, key+".")
}

// swapCase gives Key for key and key for Key.
func swapCase(word string) string {
	if word == "" {
		return word
	}
	return string(word[0]^0x20) + word[1:]
}

// String reads a string member.
func (q *Query) String(key string) String {
	v, ok := q.Get(key)
	return String{V: v, Ok: ok}
}

// Blob reads base64; nil when absent.
func (q *Query) Blob(key string) []byte {
	v, ok := q.Get(key)
	if !ok {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		q.fail(key, "valid base64")
		return nil
	}
	return b
}

// Bool reads a boolean member. An empty scalar is absent in this form.
func (q *Query) Bool(key string) Bool {
	v, ok := q.Get(key)
	if !ok || v == "" {
		return Bool{}
	}
	switch strings.ToLower(v) {
	case "true":
		return Some(true)
	case "false":
		return Some(false)
	}
	q.fail(key, "a boolean")
	return Bool{}
}

// Int32 reads an integer member.
func (q *Query) Int32(key string) Int32 {
	n := q.integer(key, math.MinInt32, math.MaxInt32)
	return Int32{V: int32(n.V), Ok: n.Ok}
}

// Int64 reads a long member.
func (q *Query) Int64(key string) Int64 { return q.integer(key, math.MinInt64, math.MaxInt64) }

func (q *Query) integer(key string, lo, hi int64) Int64 {
	v, ok := q.Get(key)
	if !ok || v == "" {
		return Int64{}
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < lo || n > hi {
		q.fail(key, "an integer")
		return Int64{}
	}
	return Some(n)
}

// Time reads a timestamp member in ISO 8601.
func (q *Query) Time(key string) Time {
	v, ok := q.Get(key)
	if !ok || v == "" {
		return Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		q.fail(key, "a timestamp")
		return Time{}
	}
	return Some(t.UTC())
}
