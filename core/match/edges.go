package match

import "hash/maphash"

// edges finds the literal children of all nodes of a trie. Whose child a node
// is, and by which level, it says itself.
type edges struct {
	seed  maphash.Seed
	table table
}

func newEdges() edges { return edges{seed: maphash.MakeSeed()} }

// hash is keyed by chance, so that nobody can choose levels that meet.
func (e *edges) hash(from uint32, level string) uint32 {
	h := maphash.String(e.seed, level) ^ uint64(from)*0x9E3779B97F4A7C15
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	return uint32(h ^ h>>32)
}

func (e *edges) find(t *trie, from uint32, level string) uint32 {
	return e.table.find(e.hash(from, level), func(child uint32) bool { return t.is(child, from, level) })
}

// add takes an edge that is not there yet.
func (e *edges) add(from uint32, level string, child uint32) {
	e.table.add(e.hash(from, level), child)
}

// remove takes away an edge that is there.
func (e *edges) remove(from uint32, level string, child uint32) {
	e.table.remove(e.hash(from, level), child)
}
