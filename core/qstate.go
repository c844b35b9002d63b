package core

import (
	"container/heap"
	"slices"
	"sort"
)

// qstate is the queue's state machine: one order, many cursors. It has no
// lock, goroutine, clock or I/O; the Queue around it adds them. It holds
//
//   - per lane a window of the first entries and how many more are only in
//     the store (deep) from which sequence on (horizon);
//   - entries that were delivered before: leased, or returned and waiting at
//     their old place. Such an entry is never in a window.
//   - holes: entries that a skipping reader took from beyond the horizon, so
//     that loading passes over them.
//
// In a grouped queue the windows are an index of up to groupedWindow light
// entries, kept per group; see qgroups.go.
type qstate struct {
	*windowLimits // of a lane's window, or of the whole index; immutable, shared by the queues of a broker

	lanes   []*lane  // ordered: highest priority first
	*apart           // what is not in the windows; nothing until forApart
	grouped *qgroups // nil: it is not

	ready, readyBytes int64 // visible, in memory or not; readyBytes is of bodies
	maxSize           int   // of any entry ever appended
	expiry            int64 // when the next waiting entry may expire, 0 for never; the Queue's
}

// groupedWindow is how many entries a grouped queue looks ahead for a free
// group: AWS's own figure.
const groupedWindow = 120_000

type lane struct {
	num     uint8
	window  []*entry // by seq; empty in a grouped queue
	bytes   int      // of the window
	horizon uint64   // what is stored from here on is not in memory
	tail    uint64   // one past the last appended
	deep    int64    // entries from horizon on, holes not counted
	appends uint64   // counts deep appends, so that a load knows it was overtaken
}

// windowLimits is how much is kept in memory.
type windowLimits struct {
	limitN, limitBytes int
	transientN         int        // instead of limitN, of transient messages while memory is plenty
	wide               func() int // bytes that a window may grow to while memory is plenty; under 0: there is none to grow
}

func newQState(limits *windowLimits, grouped bool) *qstate {
	s := &qstate{windowLimits: limits, apart: nowhere}
	if grouped {
		s.grouped = newQGroups()
	}
	return s
}

// lane finds or makes the lane of that number.
func (s *qstate) lane(num uint8) *lane {
	i := sort.Search(len(s.lanes), func(i int) bool { return s.lanes[i].num >= num })
	if i < len(s.lanes) && s.lanes[i].num == num {
		return s.lanes[i]
	}
	l := &lane{num: num}
	s.lanes = slices.Insert(s.lanes, i, l)
	return l
}

// room says whether an entry of that size may join the lane's window of n at most:
// one of any size always may.
func (s *qstate) room(l *lane, n, size int) bool {
	if s.grouped != nil {
		return s.grouped.n < s.limitN
	}
	if len(l.window) == 0 {
		return true
	}
	wide := s.wide()
	return wide >= 0 && len(l.window) < n && l.bytes+size <= max(s.limitBytes, wide)
}

// holds says whether an entry that nothing needs to store would stay in memory,
// appended to the lane now. Where memory is plenty more of these are held than
// of others: it spares them a store that they need not see.
func (s *qstate) holds(num uint8, size int) bool {
	l := s.lane(num)
	return l.deep == 0 && s.room(l, s.holdsN(), size)
}

// holdsN is how many of them.
func (s *qstate) holdsN() int {
	if s.wide() > 0 {
		return max(s.limitN, s.transientN)
	}
	return s.limitN
}

// roomToLoad is how much one load of the lane may bring.
func (s *qstate) roomToLoad(l *lane) (n, bytes int) {
	if s.grouped != nil {
		return s.limitN - s.grouped.n, s.limitBytes - s.grouped.bytes
	}
	return s.limitN - len(l.window), s.limitBytes - l.bytes
}

// runsLow says whether a lane's window is to be filled from the store by now: with
// half of it left, since reading an entry may take as long as handing one out. A
// grouped queue's index is long enough to be filled when it is needed.
func (s *qstate) runsLow(num uint8) bool {
	if s.grouped != nil {
		return false
	}
	l := s.lane(num)
	return l.deep > 0 && len(l.window) <= s.limitN/2 && l.bytes <= s.limitBytes/2
}

// append adds a new last entry of its lane and reports whether it stays in
// memory. An entry that is kept nowhere else always does, and then waits at
// its place beyond the horizon.
func (s *qstate) append(e *entry) (held bool) {
	l := s.lane(e.lane)
	s.ready++
	s.readyBytes += int64(e.counted)
	s.maxSize = max(s.maxSize, e.size)
	l.tail = e.seq + 1
	if e.keep != inMemory && (l.deep > 0 || !s.room(l, s.limitN, e.size)) {
		if l.deep == 0 {
			l.horizon = e.seq
		}
		l.deep++
		l.appends++
		return false
	}
	if l.deep > 0 && s.grouped == nil {
		s.putReturned(e)
		return true
	}
	if l.deep == 0 {
		l.horizon = e.seq + 1
	}
	s.hold(l, e)
	return true
}

func (s *qstate) hold(l *lane, e *entry) {
	if s.grouped != nil {
		if s.grouped.bytes+e.size > s.limitBytes || s.wide() < 0 {
			e.dropBody() // the index goes on without bodies
		}
		s.index(e)
		s.grouped.add(e)
		return
	}
	l.window = append(l.window, e)
	l.bytes += e.size
}

// index and unindex keep the accounts of a grouped queue's index.
func (s *qstate) index(e *entry) {
	s.grouped.n++
	if e.msg != nil {
		s.grouped.bytes += e.size
	}
}

func (s *qstate) unindex(e *entry) {
	s.grouped.n--
	if e.msg != nil {
		s.grouped.bytes -= e.size
	}
}

// loaded adds what a scan of the lane from its horizon found. to is one past
// the last sequence that the scan saw; whole says that it reached the end of
// the lane; appends is the lane's count when the scan began. It returns what
// is now in memory, and whether the store had less than the counts said, which
// is damage.
func (s *qstate) loaded(l *lane, found []*entry, to uint64, whole bool, appends uint64) (held []*entry, damaged bool) {
	held = found[:0]
	for _, e := range found {
		if _, hole := s.holes[e.pos]; hole {
			delete(s.holes, e.pos)
			continue
		}
		l.deep--
		s.hold(l, e)
		held = append(held, e)
	}
	if to > l.horizon {
		l.horizon = to
	}
	if whole && appends == l.appends && l.deep != 0 {
		s.ready -= l.deep
		l.deep = 0
		if s.ready == 0 {
			s.readyBytes = 0
		}
		return held, true
	}
	return held, false
}

// bringForward has an entry that a skipping reader found beyond the horizon
// wait among the returned, at its place.
func (s *qstate) bringForward(e *entry) {
	s.lane(e.lane).deep--
	s.hole(e.pos)
	s.putReturned(e)
}

// takeDeep takes an entry that is only in the store.
func (s *qstate) takeDeep(e *entry) {
	s.lane(e.lane).deep--
	s.hole(e.pos)
	s.ready--
	s.readyBytes -= int64(e.counted)
	s.forApart().taken += uint32(e.size)
}

// verdict says why next gave no entry.
type verdict uint8

const (
	got      verdict = iota
	nothing          // no entry for this reader now
	needBody         // this entry is the next; its message is only in the store
	needLoad         // the lane's window is empty, the store has more
	needScan         // the reader must look beyond the window on this lane
)

// next is the entry that the reader gets now. It stays where it is until
// lease or remove takes it out.
func (s *qstate) next(r *reader) (*entry, *lane, verdict) {
	if s.grouped != nil {
		return s.nextGrouped(r)
	}
	if r.skips(s) {
		return s.nextSkipping(r)
	}
	for _, l := range s.lanes {
		if len(l.window) == 0 && l.deep == 0 {
			continue
		}
		p := pos{l.num, l.horizon}
		if len(l.window) > 0 {
			p = l.window[0].pos
		}
		if len(s.returned) > 0 && s.returned[0].before(p) {
			break
		}
		if len(l.window) == 0 {
			return nil, l, needLoad
		}
		return withBody(l.window[0])
	}
	if len(s.returned) > 0 {
		return withBody(s.returned[0])
	}
	return nil, nil, nothing
}

func withBody(e *entry) (*entry, *lane, verdict) {
	if e.msg == nil {
		return e, nil, needBody
	}
	return e, nil, got
}

// take removes a waiting entry from wherever it waits.
func (s *qstate) take(e *entry) {
	s.ready--
	s.readyBytes -= int64(e.counted)
	s.forApart().taken += uint32(e.size)
	if s.grouped != nil {
		s.unindex(e)
		s.grouped.take(e)
		return
	}
	if i, ok := findEntry(s.returned, e.pos); ok {
		s.returned = removeAt(s.returned, i)
		return
	}
	l := s.lane(e.lane)
	if i, ok := findEntry(l.window, e.pos); ok {
		l.window = removeAt(l.window, i)
		l.bytes -= e.size
	}
}

// takeable says whether an entry found by a scan is still there to be taken.
func (s *qstate) takeable(e *entry) bool {
	_, hole := s.holes[e.pos]
	return !hole && e.seq >= s.lane(e.lane).horizon
}

// lease holds a taken entry for a holder; deadline 0 is for push.
func (s *qstate) lease(e *entry, h *holder, deadline, now int64) {
	e.deliveries++
	e.undead = false
	e.lease++
	e.leased = now
	if e.first == 0 {
		e.first = now
	}
	s.hang(e, h, deadline)
}

// hang puts an entry under lease as it is.
func (s *qstate) hang(e *entry, h *holder, deadline int64) {
	a := s.forApart()
	if a.leases == nil {
		a.leases = map[pos]*entry{}
	}
	a.leases[e.pos] = e
	a.leasedBytes += int64(e.counted)
	s.tenant(e, 1)
	if s.grouped != nil {
		s.grouped.lock(e)
	}
	h.add(e)
	e.deadline = deadline
	if deadline != 0 {
		heap.Push(&s.deadlines, e)
	}
}

// setDeadline moves the end of a pull lease.
func (s *qstate) setDeadline(e *entry, deadline int64) {
	e.deadline = deadline
	heap.Fix(&s.deadlines, e.heapAt)
}

// end takes an entry out of its lease.
func (s *qstate) end(e *entry) {
	delete(s.leases, e.pos)
	s.leasedBytes -= int64(e.counted)
	s.tenant(e, -1)
	e.holder.remove(e)
	if e.heapAt >= 0 {
		heap.Remove(&s.deadlines, e.heapAt)
	}
	if s.grouped != nil {
		s.grouped.unlock(e)
	}
}

// giveBack ends a lease and puts the entry back at its old place.
func (s *qstate) giveBack(e *entry) {
	delete(s.leases, e.pos)
	s.leasedBytes -= int64(e.counted)
	s.tenant(e, -1)
	e.holder.remove(e)
	if e.heapAt >= 0 {
		heap.Remove(&s.deadlines, e.heapAt)
	}
	e.deadline = 0
	s.ready++
	s.readyBytes += int64(e.counted)
	if s.grouped != nil {
		s.index(e)
		s.grouped.giveBack(e)
		return
	}
	s.putReturned(e)
}

// setBody gives a waiting entry its message, read from the store.
func (s *qstate) setBody(e *entry, m *Message) {
	if e.msg == nil && s.grouped != nil {
		s.grouped.bytes += e.size
	}
	e.msg = m
}

// dropBody forgets the message of an entry that the store has too.
func (e *entry) dropBody() {
	if e.keep != inMemory {
		e.msg, e.sharers = nil, nil
	}
}

func insertEntry(es []*entry, e *entry) []*entry {
	i, _ := findEntry(es, e.pos)
	return slices.Insert(es, i, e)
}

func findEntry(es []*entry, p pos) (int, bool) {
	if len(es) == 0 || es[len(es)-1].before(p) {
		return len(es), false
	}
	i := sort.Search(len(es), func(i int) bool { return !es[i].before(p) })
	return i, i < len(es) && es[i].pos == p
}

// removeAt removes without shifting when it is the first.
func removeAt(es []*entry, i int) []*entry {
	if i == 0 {
		es[0] = nil
		return es[1:]
	}
	return slices.Delete(es, i, i+1)
}

// deadlineHeap orders pull leases by their end.
type deadlineHeap []*entry

func (h deadlineHeap) Len() int           { return len(h) }
func (h deadlineHeap) Less(i, j int) bool { return h[i].deadline < h[j].deadline }
func (h deadlineHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}
func (h *deadlineHeap) Push(x any) {
	e := x.(*entry)
	e.heapAt = len(*h)
	*h = append(*h, e)
}
func (h *deadlineHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.heapAt = -1
	return e
}

// holder is the list of entries that one consumer or one pull holds.
type holder struct {
	head, last *entry
	n          int
}

func (h *holder) add(e *entry) {
	e.holder, e.prev, e.next = h, h.last, nil
	if h.last != nil {
		h.last.next = e
	} else {
		h.head = e
	}
	h.last = e
	h.n++
}

func (h *holder) remove(e *entry) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		h.head = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		h.last = e.prev
	}
	e.holder, e.prev, e.next = nil, nil, nil
	h.n--
}

// each calls f for every waiting entry in memory; f may not change the state.
func (s *qstate) each(f func(*entry)) {
	for _, e := range s.returned {
		f(e)
	}
	for _, l := range s.lanes {
		for _, e := range l.window {
			f(e)
		}
	}
	if s.grouped != nil {
		for _, g := range s.grouped.byName {
			for _, e := range g.waiting {
				f(e)
			}
		}
	}
}

// deepAny says whether some entries are only in the store.
func (s *qstate) deepAny() bool {
	for _, l := range s.lanes {
		if l.deep > 0 {
			return true
		}
	}
	return false
}

// putBack undoes a take.
func (s *qstate) putBack(e *entry) {
	s.ready++
	s.readyBytes += int64(e.counted)
	if s.grouped != nil {
		s.index(e)
		s.grouped.add(e)
		return
	}
	s.putReturned(e)
}
