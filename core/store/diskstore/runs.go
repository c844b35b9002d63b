package diskstore

import (
	"bytes"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// runs are stretches of one queue, of tables that have nothing but keys with the same
// first 9 bytes, core's table byte and a number. Many of them are a deep queue, or when its
// messages expire.
//
// New tables are cut at their edges. A flush has what was deleted at the head of a
// queue and what was added at its end; in one table these would overlap all that
// lies between, and every compaction wrote a deep queue anew, once and a half what
// was flushed. Cut, the end moves down as it is and the deletions meet the few
// tables that they are of. Short queues have no edges and are cut by size alone, or
// each flush would leave a file a queue.
type runs struct {
	all   atomic.Pointer[[]run] // by first, none overlapping another
	stale atomic.Bool           // tables have changed
}

type run struct{ first, last []byte }

const (
	ownerLen = 1 + 8 // bytes that all keys of a run begin with
	mostRuns = 64    // or a flush could leave a file for each of them
)

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

// find looks at the tables that there are. A run has least bytes of them at the least,
// and more if there would be too many runs.
func (r *runs) find(db *pebble.DB, least uint64) error {
	r.stale.Store(false)
	levels, err := db.SSTables()
	if err != nil {
		return err
	}
	var tables []table
	for _, level := range levels {
		for _, t := range level {
			first, last := t.Smallest.UserKey, t.Largest.UserKey
			if sameOwner(first, last) {
				tables = append(tables, table{run{first, last}, t.Size})
			}
		}
	}
	slices.SortFunc(tables, func(a, b table) int { return bytes.Compare(a.first, b.first) })
	all := few(tables, least)
	r.all.Store(&all)
	return nil
}

type table struct {
	run
	size uint64
}

func few(tables []table, least uint64) []run {
	all := join(tables, least)
	for len(all) > mostRuns {
		least *= 2
		all = join(tables, least)
	}
	return all
}

// join makes runs of tables, by first, until each has least bytes. What overlaps goes
// together, so that no run overlaps another.
func join(tables []table, least uint64) (all []run) {
	for i := 0; i < len(tables); {
		n := tables[i]
		for i++; i < len(tables) && sameOwner(n.first, tables[i].first); i++ {
			next := tables[i]
			if n.size >= least && bytes.Compare(n.last, next.first) < 0 {
				break
			}
			n.size += next.size
			if bytes.Compare(n.last, next.last) < 0 {
				n.last = next.last
			}
		}
		if n.size >= least {
			all = append(all, n.run)
		}
	}
	return all
}

func sameOwner(a, b []byte) bool {
	return len(a) > ownerLen && len(b) > ownerLen && a[0] != reserved && bytes.Equal(a[:ownerLen], b[:ownerLen])
}
