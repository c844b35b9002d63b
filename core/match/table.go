package match

// table finds numbers by the hash of what they stand for: open addressing over
// a power of two of slots, at most three quarters taken. What a number stands
// for its owner knows, who compares. Zero is nobody's number.
type table struct {
	slots []slot
	taken int
}

// A slot is small, because a lookup among many is paid in cache misses.
type slot struct {
	hash uint32
	id   uint32 // 0: empty
}

const fewestSlots = 8

// find returns the number under a hash of which is says that it is the right
// one, or 0.
func (t *table) find(hash uint32, is func(id uint32) bool) uint32 {
	if t.taken == 0 {
		return 0
	}
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; t.slots[i].id != 0; i = (i + 1) & mask {
		if s := t.slots[i]; s.hash == hash && is(s.id) {
			return s.id
		}
	}
	return 0
}

// add takes a number that is not there yet.
func (t *table) add(hash, id uint32) {
	if 4*(t.taken+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]slot, max(fewestSlots, 2*len(old)))
		for _, s := range old {
			if s.id != 0 {
				t.place(s)
			}
		}
	}
	t.place(slot{hash, id})
	t.taken++
}

func (t *table) place(s slot) {
	mask := uint32(len(t.slots) - 1)
	i := s.hash & mask
	for t.slots[i].id != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

// remove takes away a number that is there, and moves what stands behind it to
// where it is found without it.
func (t *table) remove(hash, id uint32) {
	mask := uint32(len(t.slots) - 1)
	i := hash & mask
	for t.slots[i].id != id {
		i = (i + 1) & mask
	}
	t.taken--
	for j := (i + 1) & mask; t.slots[j].id != 0; j = (j + 1) & mask {
		if home := t.slots[j].hash & mask; (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot{}
}
