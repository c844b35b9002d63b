package match

// A bag is the set of values under one filter: nearly always one, sometimes a
// hundred thousand (every device subscribes to `broadcast`).
type bag[T comparable] struct {
	first T
	more  *crowd[T] // nil, or not empty
}

func (b *bag[T]) add(v T) bool {
	if b.first == v {
		return false
	}
	if b.more == nil {
		b.more = &crowd[T]{}
	}
	return b.more.add(v)
}

func (b *bag[T]) remove(v T) (removed, empty bool) {
	switch {
	case b.first == v && b.more == nil:
		return true, true
	case b.first == v:
		b.first = b.more.list[0]
		b.more.remove(b.first)
	case b.more == nil || !b.more.remove(v):
		return false, false
	}
	if len(b.more.list) == 0 {
		b.more = nil
	}
	return true, false
}

func (b *bag[T]) each(f func(T)) {
	f(b.first)
	if b.more == nil {
		return
	}
	for _, v := range b.more.list {
		f(v)
	}
}

// bags are bags by number; 0 is nobody's.
type bags[T comparable] struct {
	list []bag[T]
	free []uint32 // to use again
}

// put makes a bag with one value.
func (b *bags[T]) put(v T) uint32 {
	if n := len(b.free); n > 0 {
		id := b.free[n-1]
		b.free = b.free[:n-1]
		b.list[id].first = v
		return id
	}
	if len(b.list) == 0 {
		b.list = make([]bag[T], 1)
	}
	b.list = append(b.list, bag[T]{first: v})
	return uint32(len(b.list) - 1)
}

func (b *bags[T]) drop(id uint32) {
	b.list[id] = bag[T]{}
	b.free = append(b.free, id)
}

// crowd is a list that can also be searched once it is long.
type crowd[T comparable] struct {
	list  []T
	place map[T]int // into list; nil while that is short
}

func (c *crowd[T]) find(v T) int {
	if c.place != nil {
		if i, ok := c.place[v]; ok {
			return i
		}
		return -1
	}
	for i, have := range c.list {
		if have == v {
			return i
		}
	}
	return -1
}

func (c *crowd[T]) add(v T) bool {
	if c.find(v) >= 0 {
		return false
	}
	c.list = append(c.list, v)
	switch {
	case c.place != nil:
		c.place[v] = len(c.list) - 1
	case len(c.list) > searchable:
		c.place = make(map[T]int, len(c.list))
		for i, have := range c.list {
			c.place[have] = i
		}
	}
	return true
}

func (c *crowd[T]) remove(v T) bool {
	i := c.find(v)
	if i < 0 {
		return false
	}
	last := len(c.list) - 1
	moved := c.list[last]
	c.list[i] = moved
	c.list[last] = *new(T)
	c.list = c.list[:last]
	if c.place != nil {
		c.place[moved] = i
		delete(c.place, v)
	}
	return true
}
