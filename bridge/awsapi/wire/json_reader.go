package wire

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of one request, whatever its size in bytes.
const (
	MaxElements = 10_000 // list elements and map entries together
	maxDepth    = 64     // of values that are skipped
)

// JSONReader reads one JSON value by position, without reflection and without
// copying: strings without escapes alias the input. After the first error every
// call is a no-op that ends loops; generated code checks only Err at the end.
type JSONReader struct {
	s     string
	i     int
	key   string
	elems int
	err   *Error
}

// NewJSONReader reads body. An empty body is an empty object: clients send it
// for operations without input.
func NewJSONReader(body string) JSONReader {
	if strings.TrimLeft(body, " \t\r\n") == "" {
		body = "{}"
	}
	r := JSONReader{s: body}
	if !utf8.ValidString(body) {
		r.fail("The request is not valid UTF-8")
	}
	return r
}

// End reports what went wrong, trailing bytes included.
func (r *JSONReader) End() *Error {
	if r.err == nil {
		r.space()
		if r.i < len(r.s) {
			r.fail("Unexpected content after the end of the request")
		}
	}
	return r.err
}

func (r *JSONReader) fail(message string) {
	if r.err == nil {
		r.err = Serialization.New(message)
	}
}

func (r *JSONReader) space() {
	for r.i < len(r.s) {
		switch r.s[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

// peek is the next significant byte, 0 at the end or after an error.
func (r *JSONReader) peek() byte {
	if r.err != nil {
		return 0
	}
	r.space()
	if r.i >= len(r.s) {
		r.fail("Unexpected end of the request")
		return 0
	}
	return r.s[r.i]
}

// null consumes a null; a null member is an absent one.
func (r *JSONReader) null() bool {
	if r.peek() != 'n' {
		return false
	}
	r.literal("null")
	return true
}

func (r *JSONReader) literal(word string) {
	if !strings.HasPrefix(r.s[r.i:], word) {
		r.fail("Unexpected token")
		return
	}
	r.i += len(word)
}

// Object starts an object; false for null and for anything else, which is an error.
func (r *JSONReader) Object() bool { return r.open('{', "Start of structure or map") }

// Array starts a list.
func (r *JSONReader) Array() bool { return r.open('[', "Start of list") }

func (r *JSONReader) open(c byte, what string) bool {
	if r.null() || r.err != nil {
		return false
	}
	if r.s[r.i] != c {
		r.fail("Expected " + strings.ToLower(what[:1]) + what[1:] + ", found " + r.found())
		return false
	}
	r.i++
	return true
}

// next moves to element n of a container that ends with end.
func (r *JSONReader) next(n int, end byte) bool {
	c := r.peek()
	if c == end {
		r.i++
		return false
	}
	if n > 0 {
		if c != ',' {
			r.fail("Unexpected token")
			return false
		}
		r.i++
	}
	return r.err == nil
}

// Field moves to member n of the object (n counts from 0) and reads its key.
func (r *JSONReader) Field(n int) bool {
	if !r.next(n, '}') {
		return false
	}
	if r.peek() != '"' {
		r.fail("Expected a key")
		return false
	}
	r.key = r.text()
	if r.peek() != ':' {
		r.fail("Expected a colon after a key")
		return false
	}
	r.i++
	return true
}

// Key is the key that Field read.
func (r *JSONReader) Key() string { return r.key }

// Pair is Field for a map: it also counts the entry.
func (r *JSONReader) Pair(n int) bool { return r.Field(n) && r.count() }

// Elem moves to element n of the list.
func (r *JSONReader) Elem(n int) bool { return r.next(n, ']') && r.count() }

func (r *JSONReader) count() bool {
	r.elems++
	if r.elems > MaxElements {
		r.fail("The request has too many elements")
	}
	return r.err == nil
}

// found names the next value in AWS's words.
func (r *JSONReader) found() string {
	switch r.s[r.i] {
	case '"':
		return "STRING_VALUE"
	case '{':
		return "start of structure or map"
	case '[':
		return "start of list"
	case 't':
		return "TRUE_VALUE"
	case 'f':
		return "FALSE_VALUE"
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return "NUMBER_VALUE"
	}
	return "an unexpected token"
}

// wrong notes a value of the wrong type.
func (r *JSONReader) wrong(want string) {
	if r.err != nil {
		return
	}
	switch r.s[r.i] {
	case '{':
		r.fail("Start of structure or map found where not expected.")
	case '[':
		r.fail("Start of list found where not expected.")
	default:
		r.fail(r.found() + " can not be converted to " + want)
	}
}

// String reads a string member.
func (r *JSONReader) String() String {
	if r.null() {
		return String{}
	}
	if r.peek() != '"' {
		r.wrong("a String")
		return String{}
	}
	return Some(r.text())
}

// Blob reads base64; nil when absent, never nil when present.
func (r *JSONReader) Blob() []byte {
	s := r.String()
	if !s.Ok || r.err != nil {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(s.V)
	if err != nil {
		r.fail("A blob is not valid base64")
		return nil
	}
	return b
}

// Bool reads a boolean member.
func (r *JSONReader) Bool() Bool {
	switch r.peek() {
	case 'n':
		r.literal("null")
		return Bool{}
	case 't':
		r.literal("true")
		return Some(true)
	case 'f':
		r.literal("false")
		return Some(false)
	}
	r.wrong("a Boolean")
	return Bool{}
}

// Int32 reads an integer member.
func (r *JSONReader) Int32() Int32 {
	n := r.integer(math.MinInt32, math.MaxInt32)
	return Int32{V: int32(n.V), Ok: n.Ok}
}

// Int64 reads a long member.
func (r *JSONReader) Int64() Int64 { return r.integer(math.MinInt64, math.MaxInt64) }

func (r *JSONReader) integer(lo, hi int64) Int64 {
	if r.null() {
		return Int64{}
	}
	if c := r.peek(); c != '-' && (c < '0' || c > '9') {
		r.wrong("an Integer")
		return Int64{}
	}
	text := r.number()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // 5.0 and 5e0 are integers to some clients' encoders
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			r.fail("A number is not an integer of the right size")
			return Int64{}
		}
		n = int64(f)
	}
	if n < lo || n > hi {
		r.fail("A number is not an integer of the right size")
		return Int64{}
	}
	return Some(n)
}

// Time reads a timestamp member: seconds since 1970.
func (r *JSONReader) Time() Time {
	if r.null() {
		return Time{}
	}
	if c := r.peek(); c != '-' && (c < '0' || c > '9') {
		r.wrong("a Timestamp")
		return Time{}
	}
	f, err := strconv.ParseFloat(r.number(), 64)
	if err != nil || math.Abs(f) > 1e11 {
		r.fail("A timestamp is out of range")
		return Time{}
	}
	return Some(time.UnixMilli(int64(f * 1000)).UTC())
}

// number reads a number by JSON's grammar (no leading zero, digits around the point).
func (r *JSONReader) number() string {
	start := r.i
	r.accept('-')
	switch {
	case r.accept('0'):
	case r.digits() == 0:
		r.fail("Unexpected token")
	}
	if r.accept('.') && r.digits() == 0 {
		r.fail("Unexpected token")
	}
	if r.accept('e') || r.accept('E') {
		if !r.accept('+') {
			r.accept('-')
		}
		if r.digits() == 0 {
			r.fail("Unexpected token")
		}
	}
	return r.s[start:r.i]
}

func (r *JSONReader) accept(c byte) bool {
	if r.i < len(r.s) && r.s[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *JSONReader) digits() int {
	start := r.i
	for r.i < len(r.s) && r.s[r.i] >= '0' && r.s[r.i] <= '9' {
		r.i++
	}
	return r.i - start
}

// Skip passes over the value of a member that the model does not know.
func (r *JSONReader) Skip() { r.skip(0) }

func (r *JSONReader) skip(depth int) {
	if depth > maxDepth {
		r.fail("The request is nested too deeply")
		return
	}
	switch r.peek() {
	case 0:
	case '{':
		r.i++
		for n := 0; r.Field(n); n++ {
			r.skip(depth + 1)
		}
	case '[':
		r.i++
		for n := 0; r.next(n, ']'); n++ {
			r.skip(depth + 1)
		}
	case '"':
		r.text()
	case 't', 'f':
		r.Bool()
	case 'n':
		r.null()
	default:
		if c := r.s[r.i]; c != '-' && (c < '0' || c > '9') {
			r.fail("Unexpected token")
			return
		}
		r.number()
	}
}
