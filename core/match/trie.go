package match

import (
	"strings"
	"sync"
)

// trie has the filters of a Tree that have a wildcard, without their values:
// nodes in one slice, known by number, and one table of all literal edges
// (edges.go). A million filters are then a few allocations without pointers,
// nothing for the collector to walk, where a map a node would be millions. A path
// through a million filters is paid in cache misses, so a node is one cache line
// that says all a step needs, its level too. Whoever owns the Tree guards it.
type trie struct {
	nodes []node
	edges edges
	long  map[uint32]string // levels that do not fit into their nodes
	free  []uint32          // nodes to use again
	plain bool              // a first level that begins with `$` is like any other
}

const root = 0

// A node stands for the levels of a filter so far. Zero is the root's number,
// which is nobody's child, so it says "none" here.
type node struct {
	one  uint32 // child by `*`
	many uint32 // child by `#`
	kids uint32 // how many literal children
	only uint32 // the literal child; 0: there are several, or others were there
	bag  uint32 // the Tree's values of the filter that ends here

	from  uint32 // whose literal child this is
	size  uint8  // of the level; isLong: it is in trie.long
	short [39]byte
}

const isLong = 255

func newTrie() trie {
	return trie{nodes: make([]node, 1), edges: newEdges()}
}

// is says whether node at is the literal child of from by that level.
func (t *trie) is(at, from uint32, level string) bool {
	n := &t.nodes[at]
	if n.from != from {
		return false
	}
	if n.size == isLong {
		return t.long[at] == level
	}
	return string(n.short[:n.size]) == level
}

// literal is the literal child by that level, or 0.
func (t *trie) literal(at uint32, level string) uint32 {
	n := &t.nodes[at]
	switch {
	case n.kids == 0:
		return 0
	case n.only != 0:
		if t.is(n.only, at, level) {
			return n.only
		}
		return 0
	}
	return t.edges.find(t, at, level)
}

// child is the node one encoded level on, or 0.
func (t *trie) child(at uint32, token string) uint32 {
	switch token {
	case one:
		return t.nodes[at].one
	case many:
		return t.nodes[at].many
	}
	return t.literal(at, unquote(token))
}

// empty says that no filter is there.
func (t *trie) empty() bool { return len(t.nodes) == len(t.free)+1 }

func (t *trie) find(f Filter) (uint32, bool) {
	at := uint32(root)
	for l := levelsOf(f.enc); l.more; {
		if at = t.child(at, l.next()); at == 0 {
			return 0, false
		}
	}
	return at, true
}

func (t *trie) grow(f Filter) uint32 {
	at := uint32(root)
	for l := levelsOf(f.enc); l.more; {
		token := l.next()
		next := t.child(at, token)
		if next == 0 {
			next = t.newNode()
			t.link(at, token, next)
		}
		at = next
	}
	return at
}

func (t *trie) newNode() uint32 {
	if n := len(t.free); n > 0 {
		id := t.free[n-1]
		t.free = t.free[:n-1]
		return id
	}
	t.nodes = append(t.nodes, node{})
	return uint32(len(t.nodes) - 1)
}

func (t *trie) link(at uint32, token string, child uint32) {
	switch token {
	case one:
		t.nodes[at].one = child
	case many:
		t.nodes[at].many = child
	default:
		t.name(child, at, unquote(token))
		t.edges.add(at, unquote(token), child)
		n := &t.nodes[at]
		if n.kids++; n.kids == 1 {
			n.only = child
		} else {
			n.only = 0
		}
	}
}

// name says in a node whose child it is, and by which level.
func (t *trie) name(child, from uint32, level string) {
	n := &t.nodes[child]
	n.from = from
	if len(level) <= len(n.short) {
		n.size = uint8(copy(n.short[:], level))
		return
	}
	if t.long == nil {
		t.long = map[uint32]string{}
	}
	n.size = isLong
	t.long[child] = strings.Clone(level) // or it would keep a 64 KiB filter alive
}

// prune takes away what leads to no value any more on the way along a filter,
// and reports whether node at is such itself.
func (t *trie) prune(at uint32, l levels) bool {
	if l.more {
		token := l.next()
		child := t.child(at, token)
		if t.prune(child, l) {
			t.unlink(at, token, child)
			delete(t.long, child)
			t.nodes[child] = node{}
			t.free = append(t.free, child)
		}
	}
	n := &t.nodes[at]
	return at != root && n.one == 0 && n.many == 0 && n.kids == 0 && n.bag == 0
}

func (t *trie) unlink(at uint32, token string, child uint32) {
	switch token {
	case one:
		t.nodes[at].one = 0
	case many:
		t.nodes[at].many = 0
	default:
		t.edges.remove(at, unquote(token), child)
		n := &t.nodes[at]
		n.kids--
		n.only = 0
	}
}

// A walk is the set of nodes that a path has reached, kept level by level.
// A node behind a `#` stays reached for good, since the `#` may always take
// one level more; that it was reached again, later, adds nothing. So a path
// costs at most its levels times the nodes, however `#` are nested.
type walk struct {
	here []uint32            // reached after exactly the levels read
	next []uint32            // the same one level on, while it is made
	open []uint32            // reached by `#`: stays so
	seen map[uint32]struct{} // open, once it is too long to be searched
	cost int                 // nodes looked at
	path []byte              // scratch: a key in the tree's spelling
}

// walks is shared by every tree so that a match allocates nothing.
var walks = sync.Pool{New: func() any { return &walk{seen: map[uint32]struct{}{}} }}

const searchable = 16

func (t *trie) walk(w *walk, path string) {
	w.here = append(w.here[:0], root)
	w.cost = 0
	w.forget()
	w.openFrom(t)
	reserved := !t.plain && Reserved(path)
	for l := levelsOf(path); l.more && len(w.here)+len(w.open) > 0; {
		level := l.next()
		w.next = w.next[:0]
		w.step(t, w.here, level, reserved)
		w.step(t, w.open, level, reserved)
		if reserved { // no `#` takes the first level
			w.forget()
		}
		reserved = false
		w.here, w.next = w.next, w.here
		w.openFrom(t)
	}
}

func (w *walk) step(t *trie, from []uint32, level string, literalOnly bool) {
	w.cost += len(from)
	for _, at := range from {
		n := &t.nodes[at]
		if n.one != 0 && !literalOnly {
			w.next = append(w.next, n.one)
		}
		if child := t.literal(at, level); child != 0 {
			w.next = append(w.next, child)
		}
	}
}

// openFrom follows the `#` of the nodes reached, which need no level.
func (w *walk) openFrom(t *trie) {
	for _, at := range w.here {
		for h := t.nodes[at].many; h != 0 && w.reach(h); h = t.nodes[h].many {
			w.cost++
		}
	}
}

// reach adds a node to open and reports whether it is new there.
func (w *walk) reach(h uint32) bool {
	if len(w.open) <= searchable {
		for _, o := range w.open {
			if o == h {
				return false
			}
		}
	} else if _, old := w.seen[h]; old {
		return false
	}
	w.open = append(w.open, h)
	switch {
	case len(w.open) == searchable+1:
		for _, o := range w.open {
			w.seen[o] = struct{}{}
		}
	case len(w.open) > searchable+1:
		w.seen[h] = struct{}{}
	}
	return true
}

func (w *walk) forget() {
	w.open = w.open[:0]
	if len(w.seen) > 0 {
		clear(w.seen)
	}
}
