package match

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"testing"
)

// keyOrder compares paths as lists of levels.
func keyOrder(a, b string) int { return slices.Compare(listOf(a), listOf(b)) }

func TestEncodeLevelsOrder(t *testing.T) {
	paths := lists([]string{"", "a", "b", "ab", "a\x00", "a\x00\x01", "a\x01", "\x00", "\xff", "$"}, 3)
	slices.SortFunc(paths, keyOrder)
	paths = slices.Compact(paths)
	for i, p := range paths {
		key := EncodeLevels(nil, p)
		if back, ok := DecodeLevels(key); !ok || back != p {
			t.Fatalf("%q is %x and comes back as %q, %v", p, key, back, ok)
		}
		if i > 0 && bytes.Compare(EncodeLevels(nil, paths[i-1]), key) >= 0 {
			t.Fatalf("%q is before %q, their keys are not", paths[i-1], p)
		}
	}
}

func TestDecodeLevelsRefuses(t *testing.T) {
	for _, key := range []string{"\x00\x01", "a", "a\x00", "a\x00\x02", "a\x00\x01b", "a/b\x00\x01", "\x00\xff", "a\x00\x00\x01"} {
		if path, ok := DecodeLevels([]byte(key)); ok {
			t.Errorf("%q is the path %q", key, path)
		}
	}
}

func FuzzEncodeLevels(f *testing.F) {
	for _, c := range [][2]string{{"a", "a/b"}, {"a\x00", "a"}, {"", "/"}, {"a\x00\x01", "a\x00\xff"}, {"a/", "a//"}} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := EncodeLevels(nil, a), EncodeLevels(nil, b)
		if bytes.Compare(x, y) != keyOrder(a, b) {
			t.Fatalf("%q and %q: keys %x and %x", a, b, x, y)
		}
		if back, ok := DecodeLevels(x); !ok || back != a {
			t.Fatalf("%q comes back as %q, %v", a, back, ok)
		}
		if path, ok := DecodeLevels([]byte(b)); ok && string(EncodeLevels(nil, path)) != b {
			t.Fatalf("key %q is %q, which has another key", b, path)
		}
	})
}

// keyspace is a sorted store of keys; scan is how a store uses a Cursor.
type keyspace [][]byte

func newKeyspace(paths []string) keyspace {
	var keys keyspace
	for _, p := range paths {
		keys = append(keys, EncodeLevels(nil, p))
	}
	slices.SortFunc(keys, bytes.Compare)
	return slices.CompactFunc(keys, bytes.Equal)
}

func (keys keyspace) from(lo []byte) int {
	return sort.Search(len(keys), func(i int) bool { return bytes.Compare(keys[i], lo) >= 0 })
}

func (keys keyspace) scan(t *testing.T, f Filter) (found []string, touched int) {
	lo, hi := f.Range()
	c := f.Cursor()
	for seek := lo; ; {
		i := keys.from(seek)
		if i == len(keys) || hi != nil && bytes.Compare(keys[i], hi) >= 0 {
			return found, touched
		}
		touched++
		match, next := c.Next(keys[i])
		if match {
			path, _ := DecodeLevels(keys[i])
			found = append(found, path)
		}
		if next == nil {
			return found, touched
		}
		if bytes.Compare(next, keys[i]) <= 0 {
			t.Fatalf("%q: from %x back to %x", f, keys[i], next)
		}
		seek = next
	}
}

// No match is ever jumped over: every small filter over many sets of keys.
func TestCursorMissesNothing(t *testing.T) {
	all := lists([]string{"", "a", "b", "c", "$s", "%"}, 4)
	filters := filtersOf([]string{"a", "b", "$s", "", "*", "#"}, 3)
	for stride := range 6 {
		var paths []string
		for i := stride; i < len(all); i += 1 + stride*3 {
			paths = append(paths, all[i])
		}
		keys := newKeyspace(paths)
		for _, f := range filters {
			var want []string
			for _, key := range keys {
				if p, _ := DecodeLevels(key); f.Match(p) {
					want = append(want, p)
				}
			}
			if got, _ := keys.scan(t, f); !slices.Equal(got, want) {
				t.Fatalf("%q finds %q, want %q", f, got, want)
			}
		}
	}
}

// `+/x` over 100,000 first levels of several keys each touches a few keys a
// first level, not all; a literal start touches only what is below it.
func TestCursorSkips(t *testing.T) {
	const firsts = 100_000
	var paths []string
	for i := range firsts {
		for _, rest := range []string{"a", "m/1", "m/2", "m/3", "p/q/r", "x/deep", "y", "z"} {
			paths = append(paths, fmt.Sprintf("dev%d/%s", i, rest))
		}
		if i%10 == 0 {
			paths = append(paths, fmt.Sprintf("dev%d/x", i), fmt.Sprintf("$dev%d/x", i))
		}
	}
	keys := newKeyspace(paths)
	for _, c := range []struct {
		filter         string
		found, touched int
	}{
		{"*/x", firsts / 10, 2*firsts + firsts/10 + 1},
		{"*/m/*", 3 * firsts, 6 * firsts},
		{"dev7/*", 3, 10},
		{"dev7/#", 8, 9},
		{"dev7/m/2", 1, 1},
		{"nobody/#", 0, 0},
		{"*/nobody", 0, 2*firsts + 1},
		{"$dev0/#", 1, 1},
	} {
		found, touched := keys.scan(t, Filter{c.filter})
		if len(found) != c.found || touched > c.touched {
			t.Errorf("%s: %d found, %d of %d keys touched; want %d and at most %d",
				c.filter, len(found), touched, len(keys), c.found, c.touched)
		}
	}
}

// Damaged keys are stepped over, whatever the filter.
func FuzzCursor(f *testing.F) {
	f.Add("*/x", []byte("a\x00\x01x\x00\x01"))
	f.Add("a/#/b", []byte("a\x00\x01\x00"))
	f.Add("$s", []byte("$"))
	f.Fuzz(func(t *testing.T, enc string, key []byte) {
		filter, err := Decode(enc)
		if err != nil {
			return
		}
		match, seek := filter.Cursor().Next(key)
		if seek != nil && bytes.Compare(seek, key) <= 0 {
			t.Fatalf("%q: from %x back to %x", enc, key, seek)
		}
		path, ok := DecodeLevels(key)
		if ok && match != filter.Match(path) {
			t.Fatalf("%q with %q: %v", enc, path, match)
		}
	})
}
