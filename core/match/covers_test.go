package match

import (
	"strings"
	"testing"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		granted, asked string
		want           bool
	}{
		{"#", "#", true},
		{"#", "a/*/#/b", true},
		{"#", "$SYS/#", false},
		{"#", "#/$SYS", false},
		{"$SYS/#", "$SYS/a/*", true},
		{"$SYS/#", "*/a", false},
		{"*/#", "#", false},
		{"#", "*/#", true},
		{"*/#", "#/*", true},
		{"#/*", "*/#", true},
		{"*/#", "#/a", true},
		{"a/#", "a", true},
		{"a/#", "a/b", true},
		{"a/*", "a/#", false},
		{"a/#", "#", false},
		{"a/#/b", "a/b", true},
		{"a/#/b", "a/#/b/#/b", true},
		{"a/#/b", "a/#", false},
		{"#/a/#", "#/b/a/c/*", true},
		{"#/a/*/b/#", "#/a/#/b/#", false},
		{"#/a/*/#/b/#", "#/a/#/a/#/b/#", true},
		{"#/a/*/#/b/#", "#/a/#/b/#", false},
		{"*/*/*/#", "a/#/*/#/b", true},
		{"", "", true},
		{"#", "", true},
		{"*", "", false},
		{"*/*", "/", true},
		{"#/*/", "#/", true}, // the list of one empty level is no path
		{`\*`, "*", false},
		{"*", `\*`, true},
	} {
		if got := Covers(Filter{c.granted}, Filter{c.asked}); got != c.want {
			t.Errorf("%q covers %q: %v, want %v", c.granted, c.asked, got, c.want)
		}
	}
}

// Inclusion is compared with the sets themselves: every filter over a small
// alphabet, with every path that is long enough to tell them apart; the last
// word of each list of paths is in no filter.
func TestCoversIsInclusion(t *testing.T) {
	for _, c := range []struct {
		tokens, words []string
		deep, long    int
	}{
		{[]string{"a", "$s", "", "*", "#"}, []string{"a", "$s", "", "z"}, 4, 6},
		{[]string{"a", "*", "#"}, []string{"a", "z"}, 6, 11},
		{[]string{"a", "b", "#", "*"}, []string{"a", "b", "z"}, 4, 8},
	} {
		if raceEnabled {
			c.deep--
		}
		filters := filtersOf(c.tokens, c.deep)
		sets := setsOf(filters, lists(c.words, c.long))
		for i, granted := range filters {
			for j, asked := range filters {
				want := subset(sets[j], sets[i])
				if got := Covers(granted, asked); got != want {
					t.Fatalf("%q covers %q: %v, want %v", granted, asked, got, want)
				}
			}
		}
		t.Logf("%d pairs", len(filters)*len(filters))
	}
}

func setsOf(filters []Filter, paths []string) [][]uint64 {
	sets := make([][]uint64, len(filters))
	for i, f := range filters {
		sets[i] = make([]uint64, (len(paths)+63)/64)
		for j, p := range paths {
			if f.Match(p) {
				sets[i][j/64] |= 1 << (j % 64)
			}
		}
	}
	return sets
}

func subset(a, b []uint64) bool {
	for i := range a {
		if a[i]&^b[i] != 0 {
			return false
		}
	}
	return true
}

// The largest filters there are must stay polynomial.
func TestCoversLargest(t *testing.T) {
	alike := Filter{strings.Repeat("#/a/*/", MaxLevels/3) + "#"}
	other := Filter{strings.Repeat("#/a/", MaxLevels/2) + "b"}
	if !Covers(alike, alike) || Covers(alike, other) || Covers(other, alike) {
		t.Error("wrong about the largest filters")
	}
}

// FuzzCovers grows both filters out of bytes, so that they are over a small
// alphabet, and asks for a counterexample by brute force.
func FuzzCovers(f *testing.F) {
	f.Add([]byte{0, 5}, []byte{5, 0})
	f.Add([]byte{5, 0, 4, 1, 5}, []byte{5, 0, 5, 1, 5})
	paths := lists([]string{"a", "b", "$s", "z", ""}, 5)
	tokens := []string{"a", "b", "$s", "", "*", "#"}
	spell := func(b []byte) Filter {
		var out []string
		for _, c := range b[:min(len(b), 5)] {
			out = append(out, tokens[int(c)%len(tokens)])
		}
		return Filter{strings.Join(out, "/")}
	}
	f.Fuzz(func(t *testing.T, g, a []byte) {
		granted, asked := spell(g), spell(a)
		covers, escape := Covers(granted, asked), ""
		for _, p := range paths {
			if asked.Match(p) && !granted.Match(p) {
				if escape = p; covers {
					t.Fatalf("%q covers %q but not its %q", granted, asked, escape)
				}
				return
			}
		}
		// No short path escapes; a long one must, if Covers says so. Gaps
		// wider than granted are as good as any.
		if !covers && !escapes(granted, asked) {
			t.Fatalf("%q does not cover %q, but no path says so", granted, asked)
		}
	})
}

// escapes looks for a path of asked that granted lacks, with each `#` replaced
// by 0 to 7 levels that no filter names.
func escapes(granted, asked Filter) bool {
	list := listOf(asked.enc)
	var try func(i int, path []string) bool
	try = func(i int, path []string) bool {
		if i == len(list) {
			p := strings.Join(path, "/")
			return asked.Match(p) && !granted.Match(p)
		}
		switch list[i] {
		case "#":
			for n := range 8 {
				longer := append([]string(nil), path...)
				for range n {
					longer = append(longer, "z")
				}
				if try(i+1, longer) {
					return true
				}
			}
			return false
		case "*":
			return try(i+1, append(path[:len(path):len(path)], "z"))
		}
		return try(i+1, append(path[:len(path):len(path)], list[i]))
	}
	return try(0, nil)
}
