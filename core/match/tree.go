package match

import "unsafe"

// A Tree finds, for one path, the values of all filters that match it. It does
// not lock: Match, Len and Has may run beside each other, but not beside Add
// or Remove.
type Tree[T comparable] struct {
	trie trie
	bags []bag[T] // by node.bag; number 0 is nobody's
	free []uint32 // bags to use again
	size int
}

// NewTree returns an empty tree.
func NewTree[T comparable]() *Tree[T] {
	return &Tree[T]{trie: newTrie(), bags: make([]bag[T], 1)}
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
	at := t.trie.grow(f)
	if id := t.trie.nodes[at].bag; id != 0 {
		if !t.bags[id].add(v) {
			return false
		}
	} else {
		t.trie.nodes[at].bag = t.newBag(v)
	}
	t.size++
	return true
}

func (t *Tree[T]) newBag(v T) uint32 {
	if n := len(t.free); n > 0 {
		id := t.free[n-1]
		t.free = t.free[:n-1]
		t.bags[id].first = v
		return id
	}
	t.bags = append(t.bags, bag[T]{first: v})
	return uint32(len(t.bags) - 1)
}

// Remove takes a value from under a filter and reports whether it was there.
func (t *Tree[T]) Remove(f Filter, v T) bool {
	at, ok := t.trie.find(f)
	if !ok || t.trie.nodes[at].bag == 0 {
		return false
	}
	id := t.trie.nodes[at].bag
	removed, empty := t.bags[id].remove(v)
	if !removed {
		return false
	}
	if t.size--; t.size == 0 {
		plain := t.trie.plain
		*t = *NewTree[T]() // gives back what maps and slices never shrink
		t.trie.plain = plain
		return true
	}
	if empty {
		t.bags[id] = bag[T]{}
		t.free = append(t.free, id)
		t.trie.nodes[at].bag = 0
		t.trie.prune(root, levelsOf(f.enc))
	}
	return true
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
	t.trie.walk(w, unsafe.String(unsafe.SliceData(w.path), len(w.path))) // which keeps nothing of it
	t.reached(w, func(b *bag[T]) { b.each(f) })
	walks.Put(w)
}

func (t *Tree[T]) each(path string, f func(*bag[T])) {
	w := walks.Get().(*walk)
	t.trie.walk(w, path)
	t.reached(w, f)
	walks.Put(w)
}

func (t *Tree[T]) reached(w *walk, f func(*bag[T])) {
	for _, reached := range [...][]uint32{w.here, w.open} {
		for _, at := range reached {
			if id := t.trie.nodes[at].bag; id != 0 {
				f(&t.bags[id])
			}
		}
	}
}
