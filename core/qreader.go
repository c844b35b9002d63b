package core

import (
	"sort"
	"sync/atomic"
)

// A reader is one cursor over a queue. One without a filter sees the plain
// order. One that skips remembers per lane how far it has looked, so that a
// match behind any number of others is found once and nothing is looked at
// twice. Guarded by the queue's lock.
type reader struct {
	predicate Predicate
	maxBytes  int
	avoid     map[string]bool  // noisy tenants (fair.go); nil: none
	tooLarge  *atomic.Uint64   // counts what maxBytes refused; nil: nobody asks
	at        map[uint8]uint64 // per lane: everything before was looked at
	anew      int              // how often it began again, for a scan under way to see
	group     *group           // grouped: the group this pull is taking from
	groups    *groupOwners     // sticky: whose the groups are; nil: nobody's
	owner     *Consumer        // sticky: whose reader it is
}

// plain is the cursor of all who take anything. It has no place of its own and is
// never changed, so that queues share it.
var plain = &reader{}

// skips says whether the reader can be refused anything at all.
func (r *reader) skips(s *qstate) bool {
	return r.predicate != nil || r.owner != nil || len(r.avoid) > 0 || r.maxBytes > 0 && s.maxSize > r.maxBytes
}

// refuses says whether the entry is of a tenant that the reader passes over, or
// too large for it; of the latter it counts each once while it is in memory.
func (r *reader) refuses(e *entry) bool {
	if len(r.avoid) > 0 && r.avoid[e.group] || r.groups != nil && r.groups.others(e.group, r.owner) {
		return true
	}
	if r.maxBytes == 0 || e.size <= r.maxBytes {
		return false
	}
	if r.tooLarge != nil && !e.tooLarge {
		e.tooLarge = true
		r.tooLarge.Add(1)
	}
	return true
}

// fits says whether the reader may have the entry; the message must be there
// if a predicate is to decide.
func (r *reader) fits(e *entry) bool {
	if r.refuses(e) {
		return false
	}
	return r.predicate == nil || r.predicate.Matches(e.msg)
}

// restart sends the reader back to the head: what it passed over may be for it now.
func (r *reader) restart() {
	r.at = nil
	r.anew++
}

func (s *qstate) nextSkipping(r *reader) (*entry, *lane, verdict) {
	if r.at == nil {
		r.at = map[uint8]uint64{}
	}
	back := r.firstReturned(s)
	for _, l := range s.lanes {
		at := r.at[l.num]
		i := sort.Search(len(l.window), func(i int) bool { return l.window[i].seq >= at })
		for ; i < len(l.window) && (back == nil || l.window[i].before(back.pos)); i++ {
			e := l.window[i]
			if r.fits(e) {
				return e, nil, got
			}
			r.at[l.num] = e.seq + 1
		}
		p := pos{l.num, max(r.at[l.num], l.horizon)}
		if back != nil && !p.before(back.pos) {
			break
		}
		if l.deep > 0 && p.seq < l.tail {
			r.at[l.num] = p.seq
			return nil, l, needScan
		}
	}
	if back != nil {
		return withBody(back)
	}
	return nil, nil, nothing
}

// firstReturned is the first of the returned that the reader may have, or
// whose message it needs to tell.
func (r *reader) firstReturned(s *qstate) *entry {
	for i, e := range s.returned {
		if len(r.avoid) > 0 && i >= fairReturned {
			return nil
		}
		if r.refuses(e) {
			continue
		}
		if e.msg == nil || r.fits(e) {
			return e
		}
	}
	return nil
}
