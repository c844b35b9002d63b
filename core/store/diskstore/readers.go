package diskstore

import "sync"

// readers knows how old those are who read now. What they were given may refer to
// the log, so a slot that nothing refers to any more waits for those who began
// before that was so.
type readers struct {
	mu     sync.Mutex
	age    uint64
	active map[uint64]int // readers of each age
}

// A reader is one who has entered.
type reader struct {
	in  *readers
	age uint64
}

func (r *readers) enter() reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.active == nil {
		r.active = map[uint64]int{}
	}
	r.active[r.age]++
	return reader{r, r.age}
}

func (r reader) leave() {
	r.in.mu.Lock()
	defer r.in.mu.Unlock()
	if r.in.active[r.age]--; r.in.active[r.age] == 0 {
		delete(r.in.active, r.age)
	}
}

// grow begins a new age and returns it.
func (r *readers) grow() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.age++
	return r.age
}

// count returns how many read now.
func (r *readers) count() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range r.active {
		n += of
	}
	return n
}

// olderThan reports whether somebody still reads who entered before that age.
func (r *readers) olderThan(age uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range r.active {
		if a < age {
			return true
		}
	}
	return false
}
