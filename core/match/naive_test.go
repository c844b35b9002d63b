package match

import "strings"

// naive is the definition of a match, word for word, and exponential.
func naive(f Filter, path string) bool {
	return naiveList(listOf(f.enc), listOf(path), true)
}

func naiveList(filter, path []string, first bool) bool {
	if len(filter) == 0 {
		return len(path) == 0
	}
	hidden := first && len(path) > 0 && strings.HasPrefix(path[0], "$")
	switch filter[0] {
	case "#":
		return naiveList(filter[1:], path, first) ||
			len(path) > 0 && !hidden && naiveList(filter, path[1:], false)
	case "*":
		return len(path) > 0 && !hidden && naiveList(filter[1:], path[1:], false)
	}
	return len(path) > 0 && unquote(filter[0]) == path[0] && naiveList(filter[1:], path[1:], false)
}

func listOf(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "/")
}

// lists is every list of up to n of the words, spelled; the list of one empty
// word has no spelling and comes out as the empty list.
func lists(words []string, n int) []string {
	out := []string{""}
	last := [][]string{nil}
	for range n {
		var next [][]string
		for _, l := range last {
			for _, w := range words {
				longer := append(append([]string(nil), l...), w)
				next = append(next, longer)
				if len(longer) > 1 || w != "" {
					out = append(out, strings.Join(longer, "/"))
				}
			}
		}
		last = next
	}
	return out
}

func filtersOf(words []string, n int) []Filter {
	var out []Filter
	for _, s := range lists(words, n) {
		f, err := Decode(s)
		if err != nil {
			panic(err)
		}
		out = append(out, f)
	}
	return out
}
