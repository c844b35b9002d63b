package match

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		filter  string
		yes, no string // paths, space separated; _ is the empty one
	}{
		{"", "_", "a /"},
		{"#", "_ a / a/b //", "$SYS $ $a/b"},
		{"*", "a \\*", "_ / a/ $SYS"},
		{"a/#", "a a/ a/b a/b/c", "_ b ab a.b /a"},
		{"*/*", "a/b / a/ /b", "a a/b/c $x/b _"},
		{"/", "/", "_ a // a/"},
		{"a//b", "a//b", "a/b a///b"},
		{"/*", "/ /a /$x", "a // a/b"},
		{"$SYS/#", "$SYS $SYS/ $SYS/a/b", "SYS a/$SYS $SYSx"},
		{"$SYS/*", "$SYS/ $SYS/a $SYS/$x", "$SYS $SYS/a/b"},
		{"#/$SYS/x", "$SYS/x a/$SYS/x b/c/$SYS/x", "$SYS/$SYS/x $y/$SYS/x x"},
		{"*/$SYS", "a/$SYS", "$SYS $SYS/$SYS"},
		{"#/a/#", "a a/a x/a a/x x/a/y x/y/a/z", "_ b x/y $x/a"},
		{"#/a", "a x/a x/y/a a/a", "a/x _ x"},
		{"*/#", "a / a/b", "_ $a $a/b"},
		{"#/*", "a / a/b", "_ $a $a/b"},
		{"#/#", "_ a a/b", "$a"},
		{"#/a/*/b/#", "a/x/b y/a/x/b a/a/b/b a/x/b/z", "a/b a/x/y/b"},
		{`\*`, "*", "a _"},
		{`\#/\\`, `#/\`, `#/\\ a/\`},
		{"+", "+", "a"},
	} {
		f := Filter{c.filter}
		for want, paths := range map[bool]string{true: c.yes, false: c.no} {
			for _, p := range strings.Fields(paths) {
				if p == "_" {
					p = ""
				}
				if got := f.Match(p); got != want {
					t.Errorf("%q matches %q: %v, want %v", c.filter, p, got, want)
				}
				if naive(f, p) != want {
					t.Errorf("naive: %q matches %q: %v", c.filter, p, !want)
				}
			}
		}
	}
}

// Every filter of up to four levels against every path of up to five.
func TestMatchAll(t *testing.T) {
	paths := lists([]string{"a", "b", "$s", ""}, 5)
	for _, f := range filtersOf([]string{"a", "$s", "", "*", "#"}, 4) {
		for _, p := range paths {
			if got, want := f.Match(p), naive(f, p); got != want {
				t.Fatalf("%q matches %q: %v, want %v", f, p, got, want)
			}
		}
	}
}

func TestMatchAllocates(t *testing.T) {
	f := Filter{`#/a/\*/#/b/*`}
	if n := testing.AllocsPerRun(100, func() { f.Match("x/y/a/*/z/b/b/c") }); n != 0 {
		t.Errorf("%v allocations a match", n)
	}
}

func FuzzMatch(f *testing.F) {
	for _, c := range [][2]string{{"#/a/#", "x/a/y"}, {"$s/*", "$s/a"}, {`\*/#`, "*"}, {"", ""}, {"*/", "a/"}} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, enc, path string) {
		filter, err := Decode(enc)
		if err != nil || ValidPath(path) != nil || strings.Count(enc, "#") > 5 || len(path) > 40 {
			return
		}
		want := naive(filter, path)
		if got := filter.Match(path); got != want {
			t.Fatalf("%q matches %q: %v, want %v", enc, path, got, want)
		}
		tree := NewTree[int]()
		tree.Add(filter, 1)
		tree.Add(Filter{many}, 2)
		found := 0
		tree.Match(path, func(v int) { found += v })
		if found&1 != 0 != want || found > 3 {
			t.Fatalf("tree: %q with %q: sum %d, want match %v", enc, path, found, want)
		}
		match, _ := filter.Cursor().Next(EncodeLevels(nil, path))
		if match != want {
			t.Fatalf("cursor: %q matches %q: %v, want %v", enc, path, match, want)
		}
	})
}
