package diskstore

import (
	"bytes"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// runs are the tables that have nothing but a stretch of one sequence: their first
// and last keys differ in the 8 bytes of a number at most. Many of them are a deep
// queue.
//
// New tables are cut at their edges. A flush has what was deleted at the head of a
// queue and what was added at its end; in one table these would overlap all that
// lies between, and every compaction wrote a deep queue anew, once and a half what
// was flushed. Cut, the end moves down as it is and the deletions meet the few
// tables that they are of. Tables of many short queues have no edges and are cut by
// size alone, or each flush would leave a file a queue.
type runs struct {
	all   atomic.Pointer[[]run] // by first, none overlapping another
	stale atomic.Bool           // tables have changed
}

type run struct{ first, last []byte }

// sequenceLen is how many of the last bytes may differ in a run.
const sequenceLen = 8

// cut is pebble's SpanPolicyFunc.
func (r *runs) cut(start []byte) (pebble.SpanPolicy, []byte, error) {
	policy, end, err := oneTableByte(start)
	all := r.all.Load()
	if all == nil || len(end) == 0 {
		return policy, end, err
	}
	i := sort.Search(len(*all), func(i int) bool { return bytes.Compare((*all)[i].last, start) >= 0 })
	if i == len(*all) {
		return policy, end, err
	}
	edge := (*all)[i].first
	if bytes.Compare(edge, start) <= 0 {
		edge = append(slices.Clone((*all)[i].last), 0)
	}
	if bytes.Compare(edge, end) < 0 {
		end = edge
	}
	return policy, end, err
}

// find looks at the tables that there are. Those below least bytes do not count.
func (r *runs) find(db *pebble.DB, least uint64) error {
	r.stale.Store(false)
	levels, err := db.SSTables()
	if err != nil {
		return err
	}
	var all []run
	for _, level := range levels {
		for _, t := range level {
			first, last := t.Smallest.UserKey, t.Largest.UserKey
			if t.Size >= least && sameSequence(first, last) {
				all = append(all, run{first, last})
			}
		}
	}
	slices.SortFunc(all, func(a, b run) int { return bytes.Compare(a.first, b.first) })
	apart := all[:0]
	for _, n := range all {
		if len(apart) == 0 || bytes.Compare(apart[len(apart)-1].last, n.first) < 0 {
			apart = append(apart, n)
		}
	}
	r.all.Store(&apart)
	return nil
}

func sameSequence(a, b []byte) bool {
	n := len(a) - sequenceLen
	return n > 0 && len(a) == len(b) && a[0] != reserved && bytes.Equal(a[:n], b[:n])
}
