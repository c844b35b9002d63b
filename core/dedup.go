package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// dedup remembers what a queue took in the last five minutes (SQS: the
// deduplication interval), by the minute: recent minutes in memory, all of a
// durable queue's in table x, which is cleared by the minute. It belongs to
// whose goroutine commits, so a duplicate that arrives before its original
// is durable is staged behind it and shares its confirmation.
type dedup struct {
	minutes map[int64]map[dedupKey]dedupRecord
	n       int
	since   int64 // minutes before this one are only in the store
	cleared int64 // minutes before this one are gone from the store
	evicted bool  // some of this run's are only in the store
}

type dedupKey [16]byte

type dedupRecord struct {
	id     MessageID
	number uint64
	at     int64
}

const (
	dedupInterval = 5 * time.Minute
	dedupInMemory = 200_000 // ids of one queue in memory
	minuteMs      = 60_000
)

// dedupKey is the hash under which a message is remembered; ok is false when
// it has no id and the queue makes none of its content.
func (q *Queue) dedupKey(m *Message, e *entry) (k dedupKey, ok bool) {
	h := sha256.New()
	if q.opt.Dedup == DedupGroup {
		h.Write([]byte(e.group))
	}
	h.Write([]byte{0})
	switch {
	case m.DedupID != "":
		h.Write([]byte(m.DedupID))
	case q.opt.DedupContent:
		sum := sha256.Sum256(m.Body)
		h.Write(sum[:])
	default:
		return k, false
	}
	copy(k[:], h.Sum(nil))
	return k, true
}

// deduplicate looks for the original of a message. Invalid: the queue needs
// an id and there is none. Queue lock held.
func (q *Queue) deduplicate(g *staging, m *Message, e *entry) (original dedupRecord, dup bool, err error) {
	k, ok := q.dedupKey(m, e)
	if !ok {
		if q.grouped || q.gate {
			return original, false, errf(Invalid, "queue %q needs a deduplication id or content-based deduplication", q.name)
		}
		return original, false, nil
	}
	if q.dedup == nil {
		q.dedup = &dedup{minutes: map[int64]map[dedupKey]dedupRecord{}, since: g.now / minuteMs}
		if !q.durable || q.id>>32 == q.ns.b.boot {
			q.dedup.since = 0 // of this run: the store has nothing older
		}
	}
	oldest := g.now - dedupInterval.Milliseconds()
	for minute := oldest / minuteMs; minute <= g.now/minuteMs; minute++ {
		r, found := q.dedup.minutes[minute][k]
		if !found && minute <= q.dedup.since && q.dedup.since > 0 {
			r, found = q.storedDedup(minute, k)
			found = found && (q.dedup.evicted || !q.ns.b.ahead(r.at))
		}
		if found && r.at > oldest {
			return r, true, nil
		}
	}
	return original, false, nil
}

// ahead says that an earlier run's record is of a clock that was ahead of this
// run's, by more than what is set right again and again: of its five minutes no
// one knows when they began.
func (b *Broker) ahead(at int64) bool { return at > b.begun+dedupInterval.Milliseconds() }

func (q *Queue) storedDedup(minute int64, k dedupKey) (r dedupRecord, found bool) {
	found, err := q.ns.b.store.Get(q.dedupStoreKey(minute, k), func(val []byte) error {
		if len(val) != 32 {
			return errEntry
		}
		copy(r.id[:], val)
		r.number = binary.BigEndian.Uint64(val[16:])
		r.at = int64(binary.BigEndian.Uint64(val[24:]))
		return nil
	})
	if err != nil {
		q.ns.b.log.Error("reading a deduplication record failed", "queue", q.name, "error", err)
		return r, false
	}
	return r, found
}

func (q *Queue) dedupStoreKey(minute int64, k dedupKey) []byte {
	key := binary.BigEndian.AppendUint32(numKey(tabDedup, q.id), uint32(minute))
	return append(key, k[:]...)
}

// noteDedup remembers a message that was taken. Queue lock held.
func (q *Queue) noteDedup(g *staging, m *Message, e *entry) {
	if q.opt.Dedup == DedupOff || q.dedup == nil {
		return
	}
	k, ok := q.dedupKey(m, e)
	if !ok {
		return
	}
	d, minute := q.dedup, g.now/minuteMs
	set := d.minutes[minute]
	if set == nil {
		q.forgetDedup(g, minute-int64(dedupInterval/time.Minute)-1)
		set = map[dedupKey]dedupRecord{}
		d.minutes[minute] = set
	}
	r := dedupRecord{id: m.ID, number: e.number, at: g.now}
	set[k] = r
	d.n++
	if q.durable {
		val := append(bytes.Clone(r.id[:]), make([]byte, 16)...)
		binary.BigEndian.PutUint64(val[16:], r.number)
		binary.BigEndian.PutUint64(val[24:], uint64(r.at))
		g.batch.Set(q.dedupStoreKey(minute, k), val)
		for d.n > dedupInMemory && len(d.minutes) > 1 {
			d.evict()
		}
	}
}

// evict leaves the oldest minute to the store alone.
func (d *dedup) evict() {
	oldest := int64(0)
	for minute := range d.minutes {
		if oldest == 0 || minute < oldest {
			oldest = minute
		}
	}
	d.n -= len(d.minutes[oldest])
	delete(d.minutes, oldest)
	d.since, d.evicted = max(d.since, oldest), true
}

// forgetDedup clears what is over, once a minute.
func (q *Queue) forgetDedup(g *staging, before int64) {
	d := q.dedup
	for minute, set := range d.minutes {
		if minute < before {
			d.n -= len(set)
			delete(d.minutes, minute)
		}
	}
	if q.durable && before > d.cleared {
		g.batch.DeleteRange(numKey(tabDedup, q.id), q.dedupStoreKey(before, dedupKey{}))
		d.cleared = before
	}
}
