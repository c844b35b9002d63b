package match

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

func (t *Tree[T]) matches(path string) []T {
	var out []T
	t.Match(path, func(v T) { out = append(out, v) })
	return out
}

func TestTreeOncePerFilterAndValue(t *testing.T) {
	tree := NewTree[string]()
	for _, enc := range []string{"a/b", "a/*", "#", "#/#", "#/b/#", "#/a/#/b", "", "$s/#"} {
		if f := (Filter{enc}); !tree.Add(f, enc) || tree.Add(f, enc) || !tree.Add(f, "x") {
			t.Errorf("Add(%q) is wrong about what is new", enc)
		}
	}
	got := tree.matches("a/b")
	slices.Sort(got)
	want := []string{"#", "#/#", "#/a/#/b", "#/b/#", "a/*", "a/b", "x", "x", "x", "x", "x", "x"}
	if !slices.Equal(got, want) {
		t.Errorf("a/b: %q, want %q", got, want)
	}
	if got := tree.matches(""); len(got) != 6 {
		t.Errorf("empty path: %q", got)
	}
	if !tree.Has("$s") || tree.Has("$t") || tree.Len() != 16 {
		t.Errorf("Has or Len (%d) is wrong", tree.Len())
	}
}

// Random adding and removing against a plain set of pairs.
func TestTreeAgainstModel(t *testing.T) {
	type pair struct {
		f Filter
		v int
	}
	filters := filtersOf([]string{"a", "b", "$s", "", "*", "#"}, 3)
	paths := lists([]string{"a", "b", "$s", "", "z"}, 4)
	rnd := rand.New(rand.NewPCG(1, 2))
	tree, model := NewTree[int](), map[pair]bool{}
	for i := range 60_000 {
		// Few filters and many values for a while, then the other way round.
		p := pair{filters[rnd.IntN(1+i%len(filters))], rnd.IntN(40)}
		if rnd.IntN(20_000) < (i*2)%20_000 { // grows, then shrinks, over and over
			if got := tree.Remove(p.f, p.v); got != model[p] {
				t.Fatalf("Remove(%q, %d) = %v", p.f, p.v, got)
			}
			delete(model, p)
		} else {
			if got := tree.Add(p.f, p.v); got == model[p] {
				t.Fatalf("Add(%q, %d) = %v", p.f, p.v, got)
			}
			model[p] = true
		}
		if tree.Len() != len(model) {
			t.Fatalf("Len %d, want %d", tree.Len(), len(model))
		}
		if i%200 != 0 {
			continue
		}
		path := paths[rnd.IntN(len(paths))]
		var want []int
		for p := range model {
			if p.f.Match(path) {
				want = append(want, p.v)
			}
		}
		got := tree.matches(path)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", path, got, want)
		}
	}
	for p := range model {
		tree.Remove(p.f, p.v)
	}
	if n := len(tree.trie.nodes) - 1 + tree.trie.edges.table.taken + len(tree.exact.names) + tree.exact.table.taken; tree.Len() != 0 || n != 0 {
		t.Errorf("an emptied tree keeps %d nodes, edges and names", n)
	}
}

// What is removed leaves no node behind while others stay.
func TestTreePrunes(t *testing.T) {
	tree := NewTree[int]()
	tree.Add(Filter{"stays/here/#"}, 0)
	nodes, edges := len(tree.trie.nodes), tree.trie.edges.table.taken
	for round := range 100 {
		f := Filter{fmt.Sprintf("stays/%d/*/#/deep", round)}
		tree.Add(f, 1)
		if !tree.Remove(f, 1) || tree.Remove(f, 1) {
			t.Fatal("Remove is wrong about what was there")
		}
	}
	if used := len(tree.trie.nodes) - len(tree.trie.free); used != nodes || tree.trie.edges.table.taken != edges {
		t.Errorf("%d nodes and %d edges in use, want %d and %d", used, tree.trie.edges.table.taken, nodes, edges)
	}
	if len(tree.trie.nodes) > nodes+4 {
		t.Errorf("nodes are not used again: %d", len(tree.trie.nodes))
	}
	if len(tree.patterns.list) > 3 {
		t.Errorf("bags are not used again: %d", len(tree.patterns.list))
	}
	for _, enc := range []string{"stays", "no", "stays/here", "stays/#"} {
		if tree.Remove(Filter{enc}, 0) {
			t.Errorf("removed %q, which was never there", enc)
		}
	}
	if tree.Remove(Filter{"stays/here/#"}, 1) {
		t.Error("removed a value that was never there")
	}
}

// The same for filters without a wildcard, short ones and long ones: among
// thousands each is found, and only as long as it is there.
func TestTreeLiterals(t *testing.T) {
	tree := NewTree[int]()
	tree.Add(Filter{"stays"}, -1)
	path := func(i int) string { return fmt.Sprint(strings.Repeat("x", i%130), "/", i) }
	for round := range 3 {
		for i := range 5000 {
			if !tree.Add(Literal(path(i)), i) || tree.Add(Literal(path(i)), i) {
				t.Fatal("Add is wrong about what is new")
			}
		}
		for i := range 5000 {
			if got := tree.matches(path(i)); len(got) != 1 || got[0] != i {
				t.Fatalf("round %d, %q: %v", round, path(i), got)
			}
			if !tree.Remove(Literal(path(i)), i) || tree.Remove(Literal(path(i)), i) || tree.Has(path(i)) {
				t.Fatal("Remove is wrong about what is there")
			}
		}
	}
	if e := &tree.exact; e.table.taken != 1 || len(e.long) != 0 || len(e.names) > 5002 || len(tree.literals.list) != len(e.names) {
		t.Errorf("%d taken, %d long, %d names, %d bags", e.table.taken, len(e.long), len(e.names), len(tree.literals.list))
	}
	if !tree.Has("stays") {
		t.Error("what stayed is gone")
	}
}

// A hundred thousand values under one filter are added and removed one by one
// without looking through the others.
func TestTreeCrowd(t *testing.T) {
	const n = 100_000
	tree, f := NewTree[int](), Below("broadcast")
	for v := range n {
		tree.Add(f, v)
	}
	for v := range n {
		if tree.Add(f, v) {
			t.Fatal("added twice")
		}
	}
	if got := len(tree.matches("broadcast/all")); got != n {
		t.Fatalf("%d values, want %d", got, n)
	}
	for v := range n {
		if !tree.Remove(f, v) {
			t.Fatalf("%d was not there", v)
		}
	}
}

// Nested `#` cost nodes times levels, not two to the power of either. The
// count is of nodes looked at, so the machine's speed does not matter.
func TestTreePathological(t *testing.T) {
	for _, c := range []struct{ filter, path string }{
		{strings.Repeat("#/a/", 100) + "#/b", strings.Repeat("a/", 200) + "c"},
		{strings.Repeat("#/", 200) + "b", strings.Repeat("a/", 200) + "b"},
		{strings.Repeat("#/*/", 100) + "#/b", strings.Repeat("a/", 200) + "b"},
	} {
		tree := NewTree[int]()
		tree.Add(Filter{c.filter}, 1)
		w := &walk{seen: map[uint32]struct{}{}}
		tree.trie.walk(w, c.path)
		nodes, levels := len(tree.trie.nodes), strings.Count(c.path, "/")+1
		if bound := nodes * (levels + 1); w.cost > bound {
			t.Errorf("%.12q...: %d nodes looked at, want at most %d", c.filter, w.cost, bound)
		}
		if got := tree.Has(c.path); got != (Filter{c.filter}).Match(c.path) {
			t.Errorf("%.12q...: Has = %v", c.filter, got)
		}
	}
	// All filters of a, `*` and `#` at once: many nodes are reached at once.
	tree := NewTree[int]()
	for i, f := range filtersOf([]string{"a", "*", "#"}, 7) {
		tree.Add(f, i)
	}
	w := &walk{seen: map[uint32]struct{}{}}
	tree.trie.walk(w, strings.Repeat("a/", 30)+"a")
	if bound := len(tree.trie.nodes) * 32; w.cost > bound {
		t.Errorf("%d nodes looked at, want at most %d", w.cost, bound)
	}
}

// Each filter counts once, however many nested `#` a path reaches, and on
// whichever side of the length where open is no longer searched.
func TestTreeManyOpen(t *testing.T) {
	for n := searchable - 2; n <= searchable+4; n++ {
		tree := NewTree[int]()
		for i := 1; i <= n; i++ {
			tree.Add(Filter{strings.Repeat("#/a/", i) + "#"}, i)
		}
		path := strings.Repeat("a/", 2*n) + "a"
		if got := len(tree.matches(path)); got != n {
			t.Errorf("%d filters match, want %d", got, n)
		}
	}
}

func TestTreeConcurrentReaders(t *testing.T) {
	tree := NewTree[int]()
	for i, f := range filtersOf([]string{"a", "b", "*", "#"}, 4) {
		tree.Add(f, i)
	}
	want := len(tree.matches("a/b/a"))
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 200 {
				n := 0
				tree.Match("a/b/a", func(int) {
					if n == 0 {
						tree.Has("b/b") // a reader inside a reader
					}
					n++
				})
				if n != want {
					t.Errorf("%d values, want %d", n, want)
				}
			}
		})
	}
	readers.Wait()
}

// manyFilters is one subscription a device, with wildcards among them.
func manyFilters(n int) *Tree[int] {
	tree := NewTree[int]()
	for i := range n {
		enc := devicePath(i, n)
		switch i % 10 {
		case 0:
			enc = enc[:strings.LastIndexByte(enc, '/')] + "/#"
		case 1:
			enc = enc[:strings.LastIndexByte(enc, '/')] + "/*"
		}
		tree.Add(Filter{enc}, i)
	}
	return tree
}

func devicePath(i, n int) string {
	return fmt.Sprintf("site/%d/device/%d/state", i%max(1, n/1000), i)
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{100, 1_000_000} {
		before := heap()
		tree := manyFilters(n)
		perFilter := float64(heap()-before) / float64(n)
		for _, spread := range []int{1, 64, n} {
			paths := make([]string, min(spread, 1<<16))
			rnd := rand.New(rand.NewPCG(3, 4))
			for i := range paths {
				paths[i] = devicePath(rnd.IntN(n), n)
			}
			b.Run(fmt.Sprintf("filters=%d/paths=%d", n, len(paths)), func(b *testing.B) {
				found := 0
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					tree.Match(paths[i%len(paths)], func(int) { found++ })
				}
				b.ReportMetric(perFilter, "B/filter")
				if found == 0 {
					b.Fatal("nothing matched")
				}
			})
		}
		runtime.KeepAlive(tree)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkAdd(b *testing.B) {
	b.ReportAllocs()
	tree := NewTree[int]()
	for i := 0; b.Loop(); i++ {
		tree.Add(Filter{devicePath(i, 1_000_000)}, i)
	}
}

func BenchmarkFilterMatch(b *testing.B) {
	f := Filter{"site/*/device/17/#"}
	for b.Loop() {
		f.Match("site/7/device/17/state")
	}
}

func BenchmarkCovers(b *testing.B) {
	granted, asked := Filter{"site/7/#"}, Filter{"site/7/device/*/state"}
	for b.Loop() {
		Covers(granted, asked)
	}
}

// A plain tree has no rule for `$`; keys are AMQP's, of any length.
func TestPlainTree(t *testing.T) {
	tree := NewPlainTree[int]()
	for i, key := range []string{"#", "*.b", "$x.*", "a/.b"} {
		f, err := ParseDotted(key)
		if err != nil {
			t.Fatal(err)
		}
		tree.Add(f, 1<<i)
	}
	long := strings.Repeat("w.", 200)
	for key, want := range map[string]int{"": 1, "a": 1, "$x.b": 7, "$y.b": 3, "a/.b": 1 | 2 | 8, long: 1} {
		got := 0
		tree.MatchDotted(key, func(v int) { got |= v })
		if got != want {
			t.Errorf("%.10q: %b, want %b", key, got, want)
		}
	}
	f, _ := ParseDotted("#")
	for i, key := range []string{"#", "*.b", "$x.*", "a/.b"} {
		f, _ := ParseDotted(key)
		tree.Remove(f, 1<<i)
	}
	tree.Add(f, 1)
	if !tree.Has("$x") {
		t.Error("emptied, it has the rule again")
	}
}
