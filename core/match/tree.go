package match

import "unsafe"

// A Tree finds, for one path, the values of all filters that match it. It does
// not lock: Match, Len and Has may run beside each other, but not beside Add
// or Remove.
type Tree[T comparable] struct {
	exact    exact
	literals bags[T] // by exact's number
	trie     trie
	patterns bags[T] // by node.bag
	size     int
}

// NewTree returns an empty tree.
func NewTree[T comparable]() *Tree[T] {
	return &Tree[T]{exact: newExact(), trie: newTrie()}
}

// NewPlainTree returns an empty tree in which wildcards also stand for a first
// level that begins with `$`: a topic exchange of AMQP knows no such rule.
func NewPlainTree[T comparable]() *Tree[T] {
	t := NewTree[T]()
	t.trie.plain = true
	return t
}

// Len is the number of pairs of filter and value.
func (t *Tree[T]) Len() int { return t.size }

// Add puts a value under a filter and reports whether the pair is new.
func (t *Tree[T]) Add(f Filter, v T) bool {
	added := false
	if path, ok := f.Path(); ok {
		added = t.addLiteral(path, v)
	} else {
		added = t.addPattern(f, v)
	}
	if added {
		t.size++
	}
	return added
}

func (t *Tree[T]) addLiteral(path string, v T) bool {
	if id := t.exact.find(path); id != 0 {
		return t.literals.list[id].add(v)
	}
	t.exact.add(path, t.literals.put(v))
	return true
}

func (t *Tree[T]) addPattern(f Filter, v T) bool {
	at := t.trie.grow(f)
	if id := t.trie.nodes[at].bag; id != 0 {
		return t.patterns.list[id].add(v)
	}
	t.trie.nodes[at].bag = t.patterns.put(v)
	return true
}

// Remove takes a value from under a filter and reports whether it was there.
func (t *Tree[T]) Remove(f Filter, v T) bool {
	removed := false
	if path, ok := f.Path(); ok {
		removed = t.removeLiteral(path, v)
	} else {
		removed = t.removePattern(f, v)
	}
	if !removed {
		return false
	}
	if t.size--; t.size == 0 {
		plain := t.trie.plain
		*t = *NewTree[T]() // gives back what maps and slices never shrink
		t.trie.plain = plain
	}
	return true
}

func (t *Tree[T]) removeLiteral(path string, v T) bool {
	id := t.exact.find(path)
	if id == 0 {
		return false
	}
	removed, empty := t.literals.list[id].remove(v)
	if empty {
		t.literals.drop(id)
		t.exact.remove(path, id)
	}
	return removed
}

func (t *Tree[T]) removePattern(f Filter, v T) bool {
	at, ok := t.trie.find(f)
	if !ok || t.trie.nodes[at].bag == 0 {
		return false
	}
	id := t.trie.nodes[at].bag
	removed, empty := t.patterns.list[id].remove(v)
	if empty {
		t.patterns.drop(id)
		t.trie.nodes[at].bag = 0
		t.trie.prune(root, levelsOf(f.enc))
	}
	return removed
}

// Has reports whether any filter matches the path.
func (t *Tree[T]) Has(path string) bool {
	found := false
	t.each(path, func(*bag[T]) { found = true })
	return found
}

// Match calls f with each value whose filter matches the path: once for each
// pair of filter and value, so a value under two filters that match comes
// twice. The order is unspecified. f may Match the tree again but not change
// it. Match itself allocates nothing.
func (t *Tree[T]) Match(path string, f func(T)) {
	t.each(path, func(b *bag[T]) { b.each(f) })
}

// MatchDotted is Match for a path in AMQP's spelling.
func (t *Tree[T]) MatchDotted(key string, f func(T)) {
	w := walks.Get().(*walk)
	w.path = append(w.path[:0], key...)
	swap(w.path)
	// of which nothing is kept
	t.reach(w, unsafe.String(unsafe.SliceData(w.path), len(w.path)), func(b *bag[T]) { b.each(f) })
	walks.Put(w)
}

func (t *Tree[T]) each(path string, f func(*bag[T])) {
	w := walks.Get().(*walk)
	t.reach(w, path, f)
	walks.Put(w)
}

func (t *Tree[T]) reach(w *walk, path string, f func(*bag[T])) {
	if id := t.exact.find(path); id != 0 {
		f(&t.literals.list[id])
	}
	if t.trie.empty() {
		return
	}
	t.trie.walk(w, path)
	for _, reached := range [...][]uint32{w.here, w.open} {
		for _, at := range reached {
			if id := t.trie.nodes[at].bag; id != 0 {
				f(&t.patterns.list[id])
			}
		}
	}
}
