package match

// Covers reports whether every path that asked matches is matched by granted
// too. It is exact, and polynomial: at most levels of granted times levels of
// asked squared.
//
// How: both filters become literals with gaps between them, a gap being a
// number of levels, exact (`*/*`) or at least that many (`*/#`), with one end
// mark before and one after. A wildcard of asked can be a level that granted
// never mentions, so granted can lay a literal only on a literal of asked.
// Granted falls into blocks, runs of literals at exact distances, with open
// gaps between the blocks; a path that has the blocks one after another, each
// far enough from the last, matches. Whoever picks the path wants to delay
// each block as long as possible. Open gaps of asked made short keep literals
// too near to the last block; made long, they tear apart every block that
// spans one; a gap is either before the start of a candidate or after it, so
// both can be had at once. What is left is the first occurrence between exact
// gaps whose start is far enough even when every gap before it is shortest.
// If each block has one, no path escapes.
func Covers(granted, asked Filter) bool {
	g := shapeOf(granted)
	for _, a := range shapeOf(asked).cases() {
		if !g.coversCase(a) {
			return false
		}
	}
	return true
}

// A shape is a filter as literals and the gaps around them: gaps[i] lies
// before lits[i] and the last one after them all. Point 0 is the start mark,
// point i is lits[i-1], the last point is the end mark.
type shape struct {
	lits []string
	gaps []gap
}

type gap struct {
	min  int
	open bool // min levels or more; otherwise exactly min
}

func shapeOf(f Filter) shape {
	s := shape{gaps: make([]gap, 1)}
	for l := levelsOf(f.enc); l.more; {
		last := &s.gaps[len(s.gaps)-1]
		switch token := l.next(); token {
		case one:
			last.min++
		case many:
			last.open = true
		default:
			s.lits = append(s.lits, unquote(token))
			s.gaps = append(s.gaps, gap{})
		}
	}
	return s
}

func (s shape) end() int { return len(s.lits) + 1 }

func (s shape) point(i int) string { return s.lits[i-1] }

// startsReserved reports whether the first literal can be a first level that
// begins with `$`.
func (s shape) startsReserved() bool {
	return len(s.lits) > 0 && s.gaps[0].min == 0 && Reserved(s.lits[0])
}

// with is the shape with another gap at i.
func (s shape) with(i int, g gap) shape {
	gaps := append([]gap(nil), s.gaps...)
	gaps[i] = g
	return shape{s.lits, gaps}
}

// cases splits what is asked where the general rule has an exception: a first
// level under `$` that is spelled out, and the list of one empty level, which
// is no path.
func (s shape) cases() []shape {
	switch {
	case s.startsReserved() && s.gaps[0].open:
		return []shape{s.with(0, gap{}), s.with(0, gap{1, true})}
	case len(s.lits) == 1 && s.lits[0] == "" && s.gaps[0].min == 0 && s.gaps[1].min == 0:
		var out []shape
		if s.gaps[0].open {
			out = append(out, s.with(0, gap{1, true}))
		}
		if s.gaps[1].open {
			out = append(out, s.with(0, gap{}).with(1, gap{1, true}))
		}
		return out
	}
	return []shape{s}
}

func (s shape) coversCase(a shape) bool {
	if a.startsReserved() {
		if !s.startsReserved() {
			return false
		}
		s = s.with(0, gap{}) // its first literal must be that first level
	}
	return s.covers(a)
}

func (s shape) covers(a shape) bool {
	to := s.blockEnd(0)
	at, ok := s.place(0, to, a, 0)
	for ok && to < s.end() {
		from, away := to+1, s.gaps[to].min
		to = s.blockEnd(from)
		at, ok = s.placeAfter(from, to, a, at, away)
	}
	return ok
}

// blockEnd is the last point of the block that begins at a point.
func (s shape) blockEnd(from int) int {
	for from < s.end() && !s.gaps[from].open {
		from++
	}
	return from
}

// placeAfter lays a block on the first points of a that it fits on, starting
// at least away levels after point at, and returns where it ends.
func (s shape) placeAfter(from, to int, a shape, at, away int) (int, bool) {
	distance := 0
	for start := at + 1; start <= a.end(); start++ {
		distance += a.gaps[start-1].min
		if distance >= away {
			if end, ok := s.place(from, to, a, start); ok {
				return end, true
			}
		}
		distance++
	}
	return 0, false
}

// place lays a block on a with its first point on a's point at, and returns
// the point its last one is on. No open gap of a may lie inside.
func (s shape) place(from, to int, a shape, at int) (int, bool) {
	for ; ; from++ {
		if !s.same(from, a, at) {
			return 0, false
		}
		if from == to {
			return at, true
		}
		left := s.gaps[from].min
		for ; ; left-- { // one turn passes one literal of a under a `*`
			if at == a.end() || a.gaps[at].open || a.gaps[at].min > left {
				return 0, false
			}
			left -= a.gaps[at].min
			at++
			if left == 0 {
				break
			}
			if at == a.end() {
				return 0, false
			}
		}
	}
}

// same reports whether a point of s can lie on a point of a.
func (s shape) same(i int, a shape, j int) bool {
	if i == 0 || j == 0 {
		return i == j
	}
	if i == s.end() || j == a.end() {
		return i == s.end() && j == a.end()
	}
	return s.point(i) == a.point(j)
}
