package core

import (
	"container/heap"
)

// qgroups is the index of a grouped (FIFO) queue: its waiting entries by
// message group, and the groups that nobody holds by the place of their first
// entry. An entry without a group id is in the group "".
type qgroups struct {
	byName map[string]*group
	free   groupHeap
	n      int // waiting in memory
	bytes  int // of the messages among them that are there too
}

type group struct {
	name     string
	waiting  []*entry // by pos
	inFlight int      // the group is locked while above 0
	heapAt   int      // place among the free, -1 when locked or empty
}

func newQGroups() *qgroups { return &qgroups{byName: map[string]*group{}} }

func (g *qgroups) of(e *entry) *group {
	gr := g.byName[e.group]
	if gr == nil {
		gr = &group{name: e.group, heapAt: -1}
		g.byName[e.group] = gr
	}
	return gr
}

func (g *qgroups) add(e *entry) {
	gr := g.of(e)
	gr.waiting = insertEntry(gr.waiting, e)
	g.settle(gr)
}

// settle puts the group where it belongs after any change.
func (g *qgroups) settle(gr *group) {
	free := gr.inFlight == 0 && len(gr.waiting) > 0
	switch {
	case free && gr.heapAt < 0:
		heap.Push(&g.free, gr)
	case free:
		heap.Fix(&g.free, gr.heapAt)
	case gr.heapAt >= 0:
		heap.Remove(&g.free, gr.heapAt)
	}
	if gr.inFlight == 0 && len(gr.waiting) == 0 {
		delete(g.byName, gr.name)
	}
}

func (g *qgroups) take(e *entry) {
	gr := g.of(e)
	if i, ok := findEntry(gr.waiting, e.pos); ok {
		gr.waiting = removeAt(gr.waiting, i)
	}
	g.settle(gr)
}

func (g *qgroups) lock(e *entry) {
	gr := g.of(e)
	gr.inFlight++
	g.settle(gr)
}

func (g *qgroups) unlock(e *entry) {
	gr := g.of(e)
	gr.inFlight--
	g.settle(gr)
}

func (g *qgroups) giveBack(e *entry) {
	gr := g.of(e)
	gr.inFlight--
	gr.waiting = insertEntry(gr.waiting, e)
	g.settle(gr)
}

// nextGrouped gives the next of the group that this pull is already taking
// from, else the first of the free group that stands first.
func (s *qstate) nextGrouped(r *reader) (*entry, *lane, verdict) {
	if r.group != nil {
		if e, v := r.firstIn(r.group); e != nil {
			return s.inIndex(e, v)
		}
	}
	var passed []*group
	defer func() {
		for _, gr := range passed {
			heap.Push(&s.grouped.free, gr)
		}
	}()
	for s.grouped.free.Len() > 0 {
		gr := s.grouped.free[0]
		if e, v := r.firstIn(gr); e != nil {
			return s.inIndex(e, v)
		}
		passed = append(passed, heap.Pop(&s.grouped.free).(*group))
	}
	if l := s.unread(pos{lane: laneHighest, seq: ^uint64(0)}); l != nil {
		return nil, l, needLoad
	}
	return nil, nil, nothing
}

// inIndex gives an entry of the index, unless the index lacks some that stand
// before it: after a restart it begins with what was delivered before.
func (s *qstate) inIndex(e *entry, v verdict) (*entry, *lane, verdict) {
	if l := s.unread(e.pos); l != nil {
		return nil, l, needLoad
	}
	return e, nil, v
}

// unread is the first lane that has entries before p which the index has room
// for and lacks.
func (s *qstate) unread(p pos) *lane {
	for _, l := range s.lanes {
		if l.deep > 0 && s.grouped.n < s.limitN && (pos{l.num, l.horizon}).before(p) {
			return l
		}
	}
	return nil
}

func (r *reader) firstIn(gr *group) (*entry, verdict) {
	for _, e := range gr.waiting {
		if r.refuses(e) {
			continue
		}
		if e.msg == nil {
			return e, needBody
		}
		if r.fits(e) {
			return e, got
		}
	}
	return nil, nothing
}

type groupHeap []*group

func (h groupHeap) Len() int           { return len(h) }
func (h groupHeap) Less(i, j int) bool { return h[i].waiting[0].before(h[j].waiting[0].pos) }
func (h groupHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}
func (h *groupHeap) Push(x any) {
	gr := x.(*group)
	gr.heapAt = len(*h)
	*h = append(*h, gr)
}
func (h *groupHeap) Pop() any {
	old := *h
	gr := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	gr.heapAt = -1
	return gr
}
