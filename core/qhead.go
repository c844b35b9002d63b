package core

import (
	"encoding/binary"
	"slices"
)

// queueHead is what a restart must know of a queue without scanning it: its
// counters and, per lane, how much the store holds. It changes only where an
// entry is staged, so a committed head always agrees with the committed
// entries: counts are exact after a crash.
type queueHead struct {
	inc     uint64 // incarnation: the prefix of its entries' keys
	seq     uint64 // next sequence
	number  uint64 // last number given in a grouped queue
	maxSize int
	delayed int64 // entries in table d
	lanes   []laneHead
}

type laneHead struct {
	num   uint8
	n     int64
	bytes int64  // of bodies, as the entries count them
	hint  uint64 // no entry of the lane is before it
}

func (h *queueHead) lane(num uint8) *laneHead {
	for i := range h.lanes {
		if h.lanes[i].num == num {
			return &h.lanes[i]
		}
	}
	h.lanes = append(h.lanes, laneHead{num: num})
	return &h.lanes[len(h.lanes)-1]
}

// headVersion: the recipe of entryVersion applies.
const headVersion = 1

func appendHead(dst []byte, h *queueHead) []byte {
	dst = be64(append(dst, headVersion), h.inc)
	dst = binary.AppendUvarint(dst, h.seq)
	dst = binary.AppendUvarint(dst, h.number)
	dst = binary.AppendUvarint(dst, uint64(h.maxSize))
	dst = binary.AppendUvarint(dst, uint64(h.delayed))
	for _, l := range h.lanes {
		if l.n == 0 {
			continue
		}
		dst = append(dst, l.num)
		dst = binary.AppendUvarint(dst, uint64(l.n))
		dst = binary.AppendUvarint(dst, uint64(l.bytes))
		dst = binary.AppendUvarint(dst, l.hint)
	}
	return dst
}

func decodeHead(val []byte) (h queueHead, err error) {
	if len(val) < 9 || val[0] != headVersion {
		return h, errEntry
	}
	f := fields{b: val[1:]}
	h.inc = f.u64()
	h.seq = f.uvarint()
	h.number = f.uvarint()
	h.maxSize = int(f.uvarint())
	h.delayed = int64(f.uvarint())
	for len(f.b) > 0 && !f.bad {
		l := laneHead{num: f.take(1)[0]}
		l.n, l.bytes, l.hint = int64(f.uvarint()), int64(f.uvarint()), f.uvarint()
		h.lanes = append(h.lanes, l)
	}
	if f.bad {
		return h, errEntry
	}
	slices.SortFunc(h.lanes, func(a, b laneHead) int { return int(a.num) - int(b.num) })
	return h, nil
}

// writeHead is the last thing staged for a touched queue.
func (q *Queue) writeHead(g *staging) {
	q.mu.Lock()
	q.touched = false
	if q.deleted {
		q.mu.Unlock()
		return
	}
	for i := range q.head.lanes {
		q.head.lanes[i].hint = q.lowest(&q.head.lanes[i])
	}
	g.val = appendHead(g.val[:0], &q.head)
	q.mu.Unlock()
	g.batch.Set(numKey(tabHead, q.id), g.val)
}

// lowest finds, where that is cheap, the first sequence of a lane that may
// still be stored, so that a restart does not scan over what was settled.
func (q *Queue) lowest(lh *laneHead) uint64 {
	if len(q.st.leases)+len(q.st.returned) > 0 || q.st.grouped != nil || len(q.st.holes) > 0 || q.pending+q.leaving > 0 {
		return lh.hint
	}
	l := q.st.lane(lh.num)
	if len(l.window) > 0 {
		return max(lh.hint, l.window[0].seq)
	}
	return max(lh.hint, l.horizon)
}

// stageEntry gives the entry its place and writes it. With due in the future
// it goes to the delayed table. Queue lock held.
func (q *Queue) stageEntry(g *staging, e *entry, durable bool, encoded []byte) {
	e.inc, e.seq = q.head.inc, q.head.seq
	q.head.seq++
	q.head.maxSize = max(q.head.maxSize, e.size)
	if e.keep == inMemory {
		return
	}
	q.spilled = q.spilled || e.keep == inSpill
	var tail []byte
	g.val, tail = appendEntry(g.val[:0], e, durable, encoded)
	switch {
	case e.due > g.now:
		q.head.delayed++
		g.key = delayKey(g.key[:0], e.inc, e.due, e.seq)
	default:
		q.count(e, 1)
		g.key = posKey(g.key[:0], e.keep.table(), e.inc, e.pos)
		if e.expires != 0 {
			g.batch.Set(expiryKey(nil, e.inc, e.expires, e.pos), nil)
		}
	}
	g.batch.SetJoined(g.key, g.val, tail)
	g.touch(q)
}

// stageRemoval deletes everything the store has of an entry that is leaving
// but its body, which release says to give up too. Queue lock held.
func (q *Queue) stageRemoval(g *staging, e *entry, release bool) {
	if e.keep == inMemory {
		return
	}
	q.leaving--
	if e.inc != q.head.inc || q.deleted {
		return // the sweeper's
	}
	g.key = posKey(g.key[:0], e.keep.table(), e.inc, e.pos)
	g.batch.Delete(g.key)
	q.count(e, -1)
	if e.expires != 0 {
		g.batch.Delete(expiryKey(nil, e.inc, e.expires, e.pos))
	}
	if e.recorded {
		g.key[0] = tabLease
		g.batch.Delete(g.key)
	}
	if release {
		e.body.release(g)
	}
	g.touch(q)
}

func (q *Queue) count(e *entry, by int64) {
	if e.keep != inStore {
		return
	}
	l := q.head.lane(e.lane)
	if l.n == 0 {
		l.hint = e.seq
	}
	l.n += by
	l.bytes += by * int64(e.counted)
}

func (r bodyRef) release(g *staging) {
	for i := range r.chunks {
		g.key = bodyKey(g.key[:0], r.id, i)
		g.batch.Release(g.key)
	}
}
