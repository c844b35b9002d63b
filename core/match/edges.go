package match

import "hash/maphash"

// edges finds the literal children of all nodes of a trie: a table with open
// addressing, whose slots have the hash and the child's number. Whose child
// that is, and by which level, its node says.
type edges struct {
	seed  maphash.Seed
	slots []slot // a power of two of them, at most three quarters taken
	taken int
}

type slot struct {
	hash  uint64
	child uint32 // 0: empty
}

const fewestSlots = 8

func newEdges() edges { return edges{seed: maphash.MakeSeed()} }

// hash is keyed by chance, so that nobody can choose levels that meet.
func (e *edges) hash(from uint32, level string) uint64 {
	h := maphash.String(e.seed, level) ^ uint64(from)*0x9E3779B97F4A7C15
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	return h ^ h>>32
}

func (e *edges) find(t *trie, from uint32, level string) uint32 {
	if e.taken == 0 {
		return 0
	}
	h := e.hash(from, level)
	mask := uint64(len(e.slots) - 1)
	for i := h & mask; e.slots[i].child != 0; i = (i + 1) & mask {
		if s := e.slots[i]; s.hash == h && t.is(s.child, from, level) {
			return s.child
		}
	}
	return 0
}

// add takes an edge that is not there yet.
func (e *edges) add(from uint32, level string, child uint32) {
	if 4*(e.taken+1) > 3*len(e.slots) {
		old := e.slots
		e.slots = make([]slot, max(fewestSlots, 2*len(old)))
		for _, s := range old {
			if s.child != 0 {
				e.place(s)
			}
		}
	}
	e.place(slot{e.hash(from, level), child})
	e.taken++
}

func (e *edges) place(s slot) {
	mask := uint64(len(e.slots) - 1)
	i := s.hash & mask
	for e.slots[i].child != 0 {
		i = (i + 1) & mask
	}
	e.slots[i] = s
}

// remove takes away an edge that is there, and moves what stands behind it to
// where it is found without it.
func (e *edges) remove(from uint32, level string, child uint32) {
	mask := uint64(len(e.slots) - 1)
	i := e.hash(from, level) & mask
	for e.slots[i].child != child {
		i = (i + 1) & mask
	}
	e.taken--
	for j := (i + 1) & mask; e.slots[j].child != 0; j = (j + 1) & mask {
		if home := e.slots[j].hash & mask; (j-home)&mask >= (j-i)&mask {
			e.slots[i] = e.slots[j]
			i = j
		}
	}
	e.slots[i] = slot{}
}
