package match

import (
	"hash/maphash"
	"strings"
)

// exact has the filters without a wildcard, each under the one path it matches:
// of a million of them a path finds its own through two cache lines, where the
// trie would take two a level. The numbers are those of names and of the Tree's
// bags of literals.
type exact struct {
	seed  maphash.Seed
	table table
	names []name            // by number; 0 is nobody's
	long  map[uint32]string // paths that do not fit into their names
}

// A name is a path: one cache line, if it is not long.
type name struct {
	size  uint8 // isLong: it is in exact.long
	short [63]byte
}

func newExact() exact { return exact{seed: maphash.MakeSeed()} }

// hash is keyed by chance, so that nobody can choose paths that meet.
func (e *exact) hash(path string) uint32 {
	h := maphash.String(e.seed, path)
	return uint32(h ^ h>>32)
}

func (e *exact) find(path string) uint32 {
	if e.table.taken == 0 {
		return 0
	}
	return e.table.find(e.hash(path), func(id uint32) bool {
		n := &e.names[id]
		if n.size == isLong {
			return e.long[id] == path
		}
		return string(n.short[:n.size]) == path
	})
}

// add takes a path that is not there yet, under a number that is not either.
func (e *exact) add(path string, id uint32) {
	for len(e.names) <= int(id) {
		e.names = append(e.names, name{})
	}
	n := &e.names[id]
	if len(path) <= len(n.short) {
		n.size = uint8(copy(n.short[:], path))
	} else {
		if e.long == nil {
			e.long = map[uint32]string{}
		}
		n.size = isLong
		e.long[id] = strings.Clone(path) // or it may keep a larger string alive
	}
	e.table.add(e.hash(path), id)
}

// remove takes away a path that is there.
func (e *exact) remove(path string, id uint32) {
	e.table.remove(e.hash(path), id)
	delete(e.long, id)
	e.names[id] = name{}
}
