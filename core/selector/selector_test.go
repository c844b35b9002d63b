package selector

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

type bag map[string]Value

func (b bag) Property(name string) Value { return b[name] }

var props = bag{
	"i": IntValue(7), "big": IntValue(9_223_372_036_854_775_807), "f": FloatValue(2.5), "s": TextValue("seven"), "n": TextValue("10"),
	"t": BoolValue(true), "z": BoolValue(false), "tt": TextValue("TRUE"), "e": TextValue(""), "content-type": TextValue("text/plain"),
	"p": TextValue("100%_x"), "u": TextValue("Müßig"), "ä": IntValue(1),
}

// cases are selectors, what they are, and what they are with Convert where that
// differs.
var cases = []struct {
	text    string
	want    Truth
	convert Truth
}{
	{"", True, True},
	{"i = 7", True, True}, {"i <> 7", False, False}, {"i < 7", False, False}, {"i <= 7", True, True}, {"i > 6", True, True}, {"i >= 8", False, False},
	{"i = 7.0", True, True}, {"f > 2", True, True}, {"big = 9223372036854775807", True, True}, {"big > 9223372036854775806", True, True},
	{"-9223372036854775808 < big", True, True}, {"big + 1 > big", False, False},
	{"s = 'seven'", True, True}, {"s = 'Seven'", False, False}, {"s <> 'eight'", True, True}, {"s < f", False, False},
	{"s = 7", False, False}, {"s <> 7", False, True}, {"n = 10", False, True}, {"n > 9", False, True}, {"n + 1 = 11", Unknown, True},
	{"s + 1 = 1", Unknown, Unknown}, {"n > n", False, False}, {"n >= n", False, True}, {"n BETWEEN 9 AND 11", False, True},
	{"t = TRUE", True, True}, {"t <> FALSE", True, True}, {"t", True, True}, {"z", False, False}, {"NOT z", True, True}, {"tt", False, True},
	{"tt = true", False, True}, {"i", False, False}, {"missing", Unknown, Unknown}, {"TRUE", True, True}, {"false", False, False},
	{"t = 1", False, False}, {"t < f", False, False},
	{"missing = 1", Unknown, Unknown}, {"missing <> 1", Unknown, Unknown}, {"NOT (missing = 1)", Unknown, Unknown}, {"missing = missing", Unknown, Unknown},
	{"missing IS NULL", True, True}, {"i IS NULL", False, False}, {"i is not null", True, True}, {"missing IS NOT NULL", False, False},
	{"missing = 1 OR i = 7", True, True}, {"missing = 1 AND i = 7", Unknown, Unknown}, {"missing = 1 AND i = 8", False, False}, {"missing + 1 > 0", Unknown, Unknown},
	{"i = 7 OR i = 8 AND i = 9", True, True}, {"(i = 7 OR i = 8) AND i = 9", False, False}, {"NOT i = 8 AND i = 7", True, True},
	{"NOT NOT i = 7", True, True}, {"not i = 7", False, False},
	{"i BETWEEN 7 AND 8", True, True}, {"i NOT BETWEEN 7 AND 8", False, False}, {"i BETWEEN 8 AND 9 OR i = 7", True, True}, {"missing BETWEEN 1 AND 2", Unknown, Unknown},
	{"s IN ('six', 'seven')", True, True}, {"s NOT IN ('six')", True, True}, {"missing IN ('a')", Unknown, Unknown}, {"missing NOT IN ('a')", Unknown, Unknown}, {"i IN ('7')", Unknown, Unknown},
	{"s LIKE 's%n'", True, True}, {"s LIKE 's_v_n'", True, True}, {"s LIKE 's_n'", False, False}, {"s LIKE '%'", True, True}, {"e LIKE '%'", True, True}, {"e LIKE '_'", False, False},
	{"s LIKE '%e%e%'", True, True}, {"s LIKE '%e%e%e%'", False, False}, {"s NOT LIKE 'x%'", True, True}, {"missing LIKE '%'", Unknown, Unknown}, {"i LIKE '7'", False, False},
	{`p LIKE '100\%\_x' ESCAPE '\'`, True, True}, {`s LIKE '\%' ESCAPE '\'`, False, False}, {"p LIKE '100%%x'", True, True}, {"u LIKE 'M_ßig'", True, True}, {"u LIKE '%ßi_'", True, True},
	{"i + 1 = 8", True, True}, {"i - 1 = 6", True, True}, {"i * 2 = 14", True, True}, {"i / 2 = 3", True, True}, {"i / 2.0 = 3.5", True, True}, {"i / 0 = 1", Unknown, Unknown},
	{"1 + 2 * 3 = 7", True, True}, {"(1 + 2) * 3 = 9", True, True}, {"10 - 2 - 3 = 5", True, True}, {"-i = -7", True, True}, {"+i = 7", True, True}, {"- -i = 7", True, True}, {"i - -1 = 8", True, True},
	{"i = 0x7", True, True}, {"i = 0X07L", True, True}, {"i = 07", True, True}, {"8 = 010", True, True}, {"i = 7L", True, True}, {"i = 7.", True, True}, {"f = 2.5F", True, True}, {"f = .25E1", True, True}, {"f = 25e-1d", True, True}, {"1E+2 = 100", True, True},
	{"s = 'it''s'", False, False}, {"'it''s' = 'it''s'", True, True}, {`"content-type" = 'text/plain'`, True, True}, {`"content-type" LIKE 'text/%'`, True, True}, {"ä = 1", True, True},
	{"\ti\n= 7 ", True, True}, {"i=7 and s='seven'", True, True}, {"7 = i", True, True}, {"I = 7", Unknown, Unknown},
	{"convert_string_expressions:n = 10", True, True},
	{"i/**/=/* a */7/***/", True, True}, {"/* i = 8 or\n*/ i = 7", True, True}, {"-- i = 8\ni = 7", True, True}, {"i = 7 -- 'it's\r\nAND s -- or\r = 'seven'--\n", True, True},
	{"s = '/* x */' OR s = '--\n' OR s = 'seven'", True, True}, {"s LIKE '/*%*/'", False, False}, {"i /* a /* b */ = 7", True, True}, {"i = 7 AND/**/NOT/**/z", True, True},
	{"i --1 = 8", True, True}, {"i = 7 --1", False, False}, {"i = 7 --missing", Unknown, Unknown}, {"i - /**/ -1 = 8", True, True}, {"i -/**/-1 = 8", True, True}, {"i/2=3", True, True},
	{"i % 4 = 3", True, True}, {"-i % 4 = -3", True, True}, {"f % 1 = 0.5", True, True}, {"i % 0 = 1", Unknown, Unknown}, {"n % 3 = 1", Unknown, True}, {"7 - 5 % 3 * 2 = 3", True, True},
	{"100000000000000000000 > big", True, True}, {"(t)", True, True}, {"(i) = (7)", True, True}, {"(i + 1) > 7 AND t", True, True},
}

func TestSelectors(t *testing.T) {
	for _, c := range cases {
		for _, convert := range []bool{false, true} {
			s, err := Parse(c.text, Options{Convert: convert})
			if err != nil {
				t.Errorf("%s: %v", c.text, err)
				break
			}
			want := c.want
			if convert {
				want = c.convert
			}
			if got := s.Eval(props); got != want || s.Selects(props) != (want == True) {
				t.Errorf("%s (convert %v) is %v, not %v", c.text, convert, got, want)
			}
			if s.String() != c.text {
				t.Errorf("%q is shown as %q", c.text, s)
			}
		}
	}
}

// TestThreeValuedLogic is the table of JMS 2.0 section 3.8.1.3, as text.
func TestThreeValuedLogic(t *testing.T) {
	of := map[string]string{"T": "t", "F": "z", "U": "missing"}
	name := map[Truth]string{True: "T", False: "F", Unknown: "U"}
	for row, want := range map[string]string{
		"T AND T": "T", "T AND F": "F", "T AND U": "U", "F AND T": "F", "F AND F": "F", "F AND U": "F", "U AND T": "U", "U AND F": "F", "U AND U": "U",
		"T OR T": "T", "T OR F": "T", "T OR U": "T", "F OR T": "T", "F OR F": "F", "F OR U": "U", "U OR T": "T", "U OR F": "U", "U OR U": "U",
		"NOT T": "F", "NOT F": "T", "NOT U": "U",
	} {
		var text []string
		for _, w := range strings.Fields(row) {
			if v, ok := of[w]; ok {
				w = v
			}
			text = append(text, w)
		}
		s, err := Parse(strings.Join(text, " "), Options{})
		if err != nil {
			t.Fatal(row, err)
		}
		if got := name[s.Eval(props)]; got != want {
			t.Errorf("%s is %s, not %s", row, got, want)
		}
	}
}

func TestNoSelectors(t *testing.T) {
	for text, at := range map[string]int{
		"i =": 4, "= 7": 1, "i 7": 3, "(i = 7": 7, "i = 7)": 6, "i = 'open": 5, "i = \"open": 5, "7": 1, "'s'": 1, "i + 1": 1, "i AND 5": 7, "NOT 5": 5,
		"s LIKE 5": 8, "s LIKE x": 8, "5 LIKE '5'": 1, `s LIKE 'a\' ESCAPE '\'`: 1, "s LIKE 'a' ESCAPE 'xy'": 12, "s LIKE 'a' ESCAPE ''": 12,
		"s IN ()": 7, "s IN ('a',)": 11, "s IN 'a'": 6, "s IN ('a' 'b')": 11, "s IN (1)": 7, "5 IN ('a')": 1, "i BETWEEN 1": 12, "i BETWEEN 1 OR 2": 13,
		"i IS 7": 6, "5 IS NULL": 1, "i NOT 7": 7, "i = NULL": 5, "s > 'a'": 5, "i > TRUE": 5, "s + 'a' = 'b'": 5, "-'a' = 1": 2,
		"i = 0x": 5, "i = 7LL": 5, "i = 1.2.3": 5, "i = 1e": 5, "i = 08x": 5, "i = 7.5L": 5, "i ! 7": 3, "i = 7;": 6, "i = 7 i = 8": 7, "a = b = c": 1, "(a = b) + 1 = 2": 2, "and": 1,
		"i = 7 /* open": 7, "/*/ i = 7": 1, "i = 7 */ 8": 8, "/* only */": 11, "-- only\n": 9, "i = 7 --": 9, "i / * 2 = 1": 5,
		"\xff = 1": 1, "a\xff = 1": 2,
	} {
		_, err := Parse(text, Options{})
		var bad *Error
		if !errors.As(err, &bad) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if bad.At+1 != at {
			t.Errorf("%q: %v, not at %d", text, err, at)
		}
	}
}

func TestLimits(t *testing.T) {
	fits := strings.Repeat("(", maxDepth) + "i = 7" + strings.Repeat(")", maxDepth)
	if _, err := Parse(fits, Options{}); err != nil {
		t.Error(err)
	}
	for _, text := range []string{
		"(" + fits + ")", strings.Repeat("NOT ", maxDepth+1) + "t", strings.Repeat("-", maxDepth+1) + "i = 7", "s = '" + strings.Repeat("x", maxText) + "'",
	} {
		if _, err := Parse(text, Options{}); err == nil {
			t.Errorf("%.20s... of %d bytes is taken", text, len(text))
		}
	}
	long := strings.TrimSuffix(strings.Repeat("i = 7 AND ", maxText/10), " AND ")
	if s, err := Parse(long, Options{}); err != nil || !s.Selects(props) {
		t.Error(err)
	}
}

// FuzzParse looks for panics, and for selectors that disagree with themselves
// when they are put in parentheses or denied twice.
func FuzzParse(f *testing.F) {
	for _, c := range cases {
		f.Add(c.text, false)
		f.Add(c.text, true)
	}
	f.Fuzz(func(t *testing.T, text string, convert bool) {
		o := Options{Convert: convert}
		s, err := Parse(text, o)
		if err != nil {
			var bad *Error
			if !errors.As(err, &bad) || bad.At < 0 || bad.At > len(text) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		want := s.Eval(props)
		if strings.HasPrefix(text, convertPrefix) || strings.TrimSpace(text) == "" {
			return
		}
		for _, form := range []string{"(%s)", "NOT (NOT (%s))"} {
			again, err := Parse(fmt.Sprintf(form, text), o)
			if err != nil {
				continue // a limit
			}
			if got := again.Eval(props); got != want {
				t.Fatalf(form+" is %v and not %v", text, got, want)
			}
		}
	})
}

func BenchmarkSelects(b *testing.B) {
	s, err := Parse("i BETWEEN 5 AND 9 AND s LIKE 'sev%' AND missing IS NULL", Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !s.Selects(props) {
			b.Fatal("not selected")
		}
	}
}
