package core

// apart is where entries are that do not wait in a window. Most queues are idle
// and have none: they share nowhere.
type apart struct {
	returned  []*entry
	leases    map[pos]*entry // nil until there is one, as holes
	tenants   map[string]int // leases by group id, unless grouped
	deadlines deadlineHeap
	holes     map[pos]struct{}
	scans     int32  // store scans under way that may still see what is settled
	taken     uint32 // sizes of what was ever taken, modulo 2^32: how much one dispatch hands out
	late      []pos  // holes to close when scans is 0

	leasedBytes int64 // of bodies
}

// nowhere is read by any queue and written never: who would change it says
// forApart first.
var nowhere = &apart{}

// forApart is the state's own, to be changed.
func (s *qstate) forApart() *apart {
	if s.apart == nowhere {
		s.apart = &apart{}
	}
	return s.apart
}

// putReturned has an entry wait at its place outside the windows.
func (s *qstate) putReturned(e *entry) {
	a := s.forApart()
	a.returned = insertEntry(a.returned, e)
}

// scanning begins a store scan that may see what is settled before scanned.
func (s *qstate) scanning() { s.forApart().scans++ }

// hole notes that an entry beyond the horizon was taken.
func (s *qstate) hole(p pos) {
	a := s.forApart()
	if a.holes == nil {
		a.holes = map[pos]struct{}{}
	}
	a.holes[p] = struct{}{}
}

// scanned ends one store scan: once none is under way, holes of settled
// entries are closed.
func (s *qstate) scanned() {
	if s.scans--; s.scans > 0 {
		return
	}
	for _, p := range s.late {
		delete(s.holes, p)
	}
	s.late = s.late[:0]
}

// forget is called when the store no longer has a settled entry.
func (s *qstate) forget(p pos) {
	if _, hole := s.holes[p]; !hole {
		return
	}
	if s.scans > 0 {
		s.late = append(s.late, p)
		return
	}
	delete(s.holes, p)
}
