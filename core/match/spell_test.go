package match

import (
	"errors"
	"strings"
	"testing"
)

func TestSwap(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""}, {"abc", "abc"}, {"sensors/kitchen/temp", "sensors.kitchen.temp"},
		{"plant.1/line", "plant/1.line"}, {"/", "."}, {"a//b.", "a..b/"}, {"\xff/\xfe", "\xff.\xfe"},
	} {
		if got := Swap(c[0]); got != c[1] {
			t.Errorf("Swap(%q) = %q, want %q", c[0], got, c[1])
		}
		if got := Swap(c[1]); got != c[0] {
			t.Errorf("Swap(%q) = %q, want %q", c[1], got, c[0])
		}
	}
}

func TestParseMQTT(t *testing.T) {
	for _, c := range []struct {
		in, enc string
		err     error
	}{
		{"a", "a", nil},
		{"a/b", "a/b", nil},
		{"#", "#", nil},
		{"+", "*", nil},
		{"a/#", "a/#", nil},
		{"+/b/+/#", "*/b/*/#", nil},
		{"/", "/", nil},
		{"//", "//", nil},
		{"*", `\*`, nil},
		{"a/*/+", `a/\*/*`, nil},
		{`\`, `\\`, nil},
		{`\*/a\b`, `\\*/a\b`, nil},
		{"$SYS/#", "$SYS/#", nil},
		{"plant.1/line", "plant.1/line", nil},
		{"", "", ErrEmpty},
		{"#/a", "", ErrWildcard},
		{"a#", "", ErrWildcard},
		{"a/b#", "", ErrWildcard},
		{"a/+b", "", ErrWildcard},
		{"a+/b", "", ErrWildcard},
		{"++", "", ErrWildcard},
		{"##", "", ErrWildcard},
		{"a/\x00", "", ErrEncoding},
		{"a/\xff", "", ErrEncoding},
		{"\xed\xa0\x80", "", ErrEncoding},
		{strings.Repeat("a", MaxBytes), strings.Repeat("a", MaxBytes), nil},
		{strings.Repeat("a", MaxBytes+1), "", ErrTooLong},
		{strings.Repeat("/", MaxLevels-1), strings.Repeat("/", MaxLevels-1), nil},
		{strings.Repeat("/", MaxLevels), "", ErrTooDeep},
	} {
		f, err := ParseMQTT(c.in)
		if !errors.Is(err, c.err) || f.Encode() != c.enc {
			t.Errorf("ParseMQTT(%.20q) = %.20q, %v; want %.20q, %v", c.in, f.Encode(), err, c.enc, c.err)
		}
		if back, ok := f.MQTT(); err == nil && (!ok || back != c.in) {
			t.Errorf("MQTT of %.20q is %.20q, %v", c.in, back, ok)
		}
	}
}

func TestParseAMQP(t *testing.T) {
	for _, c := range []struct {
		in, enc string
		err     error
	}{
		{"", "", nil},
		{"a.b", "a/b", nil},
		{"#", "#", nil},
		{"*.*", "*/*", nil},
		{"#.a.#.b", "#/a/#/b", nil},
		{"a*.#b", "a*/#b", nil},
		{"+", "+", nil},
		{"plant/1.line", "plant.1/line", nil},
		{".", "/", nil},
		{"a.", "a/", nil},
		{`\.x`, `\\/x`, nil},
		{"\xff\x00", "\xff\x00", nil},
		{strings.Repeat("a", 255), strings.Repeat("a", 255), nil},
		{strings.Repeat(".", 255), strings.Repeat("/", 255), nil},
		{strings.Repeat("a", 256), "", ErrTooLong},
	} {
		f, err := ParseAMQP(c.in)
		if !errors.Is(err, c.err) || f.Encode() != c.enc {
			t.Errorf("ParseAMQP(%.20q) = %.20q, %v; want %.20q, %v", c.in, f.Encode(), err, c.enc, c.err)
		}
		if back, ok := f.AMQP(); err == nil && (!ok || back != c.in) {
			t.Errorf("AMQP of %.20q is %.20q, %v", c.in, back, ok)
		}
	}
	if _, err := ParseDotted(strings.Repeat("a", 256)); err != nil {
		t.Errorf("ParseDotted of 256 bytes: %v", err)
	}
	if _, err := ParseDotted(strings.Repeat(".", MaxLevels)); !errors.Is(err, ErrTooDeep) {
		t.Errorf("ParseDotted of 257 levels: %v", err)
	}
}

func TestNoSpelling(t *testing.T) {
	for _, enc := range []string{"", "#/a", "a+", "a#", "+", "x/\x00", "\xff", `\#`} {
		f := Filter{enc}
		if s, ok := f.MQTT(); ok {
			t.Errorf("MQTT of %q is %q, want none", enc, s)
		}
	}
	for _, enc := range []string{`\*`, `a/\#`, strings.Repeat("a", 256)} {
		f := Filter{enc}
		if s, ok := f.AMQP(); ok {
			t.Errorf("AMQP of %.20q is %.20q, want none", enc, s)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, s := range []string{"", "a", "*/#", `\*`, `\#/\\`, `\\x`, "/", `a\`} {
		if f, err := Decode(s); err != nil || f.Encode() != s {
			t.Errorf("Decode(%q) = %q, %v", s, f, err)
		}
	}
	for s, want := range map[string]error{
		`\`: ErrEscape, `\a`: ErrEscape, `a/\*b`: ErrEscape, `\##`: ErrEscape,
		strings.Repeat("a", 70000):       ErrTooLong,
		strings.Repeat("/", MaxLevels+1): ErrTooDeep,
	} {
		if f, err := Decode(s); !errors.Is(err, want) {
			t.Errorf("Decode(%.20q) = %.20q, %v; want %v", s, f, err, want)
		}
	}
}

func TestLiteralAndBelow(t *testing.T) {
	for _, path := range []string{"", "a", "a/b", "/", "a/", "*", "a/#/b", `\`, `\*/x`, "+", "\xff\x00",
		strings.Repeat("*/", MaxLevels-1), strings.Repeat("/", MaxLevels-2) + strings.Repeat(`\`, MaxBytes-MaxLevels+2)} {
		if err := ValidPath(path); err != nil {
			t.Fatalf("path %.20q: %v", path, err)
		}
		lit := Literal(path)
		if back, ok := lit.Path(); !ok || back != path {
			t.Errorf("Literal(%.20q).Path() = %.20q, %v", path, back, ok)
		}
		if !lit.Match(path) || lit.Match(path+"x") || lit.Match(path+"/x") {
			t.Errorf("Literal(%.20q) does not match just it", path)
		}
		below := Below(path)
		if _, ok := below.Path(); ok || !below.Match(path) {
			t.Errorf("Below(%.20q) = %.20q", path, below)
		}
		if path != "" && !(below.Match(path+"/x") && below.Match(path+"//y") && !below.Match("x"+path)) {
			t.Errorf("Below(%.20q) = %.20q: wrong neighbours", path, below)
		}
		for _, f := range []Filter{lit, below} {
			if g, err := Decode(f.Encode()); err != nil || g != f {
				t.Errorf("%.20q does not decode: %v", f, err)
			}
		}
	}
}

func TestValidTopicName(t *testing.T) {
	for topic, want := range map[string]error{
		"a": nil, "/": nil, "a//b": nil, "$SYS/x": nil, "*": nil, "a.b": nil, "é": nil,
		"": ErrEmpty, "a/+": ErrWildcard, "#": ErrWildcard, "a+b": ErrWildcard, "x\x00": ErrEncoding, "\xff": ErrEncoding,
		strings.Repeat("a", MaxBytes+1): ErrTooLong, strings.Repeat("/", MaxLevels): ErrTooDeep,
	} {
		if err := ValidTopicName(topic); !errors.Is(err, want) {
			t.Errorf("ValidTopicName(%.20q) = %v, want %v", topic, err, want)
		}
		if VisibleToMQTT(topic) != (want == nil) {
			t.Errorf("VisibleToMQTT(%.20q) = %v", topic, want != nil)
		}
	}
	for path, want := range map[string]bool{"$SYS": true, "$": true, "a/$b": false, "": false, "/$x": false} {
		if Reserved(path) != want {
			t.Errorf("Reserved(%q) = %v", path, !want)
		}
	}
}

func FuzzParseMQTT(f *testing.F) {
	for _, s := range []string{"a/+/#", "*", `\`, "/", "$SYS/#", "a/#/b", "+a", "\x00", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter, err := ParseMQTT(s)
		if err != nil {
			return
		}
		roundTrip(t, filter)
		if back, ok := filter.MQTT(); !ok || back != s {
			t.Fatalf("%q comes back as %q, %v", s, back, ok)
		}
		if ValidTopicName(s) == nil && !filter.Match(s) {
			t.Fatalf("%q does not match itself", s)
		}
	})
}

func FuzzParseAMQP(f *testing.F) {
	for _, s := range []string{"", "a.*.#", "#.a.#", `\`, ".", "a/b.c", "+", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter, err := ParseAMQP(s)
		if err != nil {
			return
		}
		roundTrip(t, filter)
		if back, ok := filter.AMQP(); !ok || back != s {
			t.Fatalf("%q comes back as %q, %v", s, back, ok)
		}
		if !strings.ContainsAny(s, "*#") && !filter.Match(Swap(s)) {
			t.Fatalf("%q does not match itself", s)
		}
	})
}

func roundTrip(t *testing.T, f Filter) {
	if g, err := Decode(f.Encode()); err != nil || g != f {
		t.Fatalf("%q decodes to %q, %v", f, g, err)
	}
}
