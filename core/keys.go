package core

import (
	"encoding/binary"
	"slices"
)

// The key space, one table byte first (DESIGN section 5). Numbers are
// big-endian so that a table scans in order. 0xFF is the store's own.
//
//	c kind ns 0 name            definitions, JSON: namespaces, queues, topics, exchanges, bindings, replays, sessions, the boot number
//	h queue                     head: counters and counts, rewritten once per touched queue per group
//	m incarnation lane seq      queue entry
//	n incarnation lane seq      queue entry that a restart throws away (spilled transient)
//	d incarnation due seq       delayed entry
//	e incarnation at lane seq   expiry of an entry that has its own
//	l incarnation lane seq      lease or delivery count of an entry that was delivered
//	b body chunk                body shared by several entries, or large; counted
//	o body                      large body written but not yet referred to
//	x queue minute hash         deduplication
//	s session key               session state
//	t namespace path            retained value
//	w incarnation               incarnation to be swept
const (
	tabDef       = 'c'
	tabHead      = 'h'
	tabEntry     = 'm'
	tabSpill     = 'n'
	tabDelay     = 'd'
	tabExpiry    = 'e'
	tabLease     = 'l'
	tabBody      = 'b'
	tabOrphan    = 'o'
	tabDedup     = 'x'
	tabState     = 's'
	tabRetained  = 't'
	tabSweep     = 'w'
	laneHighest  = 255 // lane = laneHighest - priority
	entryKeySize = 1 + 8 + 1 + 8
)

func be64(dst []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(dst, v) }

func numKey(tab byte, id uint64) []byte { return be64(append(make([]byte, 0, 1+8), tab), id) }

func posKey(dst []byte, tab byte, inc uint64, p pos) []byte {
	dst = be64(append(slices.Grow(dst, entryKeySize), tab), inc)
	return be64(append(dst, p.lane), p.seq)
}

func keyPos(key []byte) pos {
	return pos{lane: key[9], seq: binary.BigEndian.Uint64(key[10:])}
}

func delayKey(dst []byte, inc uint64, due int64, seq uint64) []byte {
	dst = be64(append(dst, tabDelay), inc)
	return be64(be64(dst, uint64(due)), seq)
}

func keyDelay(key []byte) (due int64, seq uint64) {
	return int64(binary.BigEndian.Uint64(key[9:])), binary.BigEndian.Uint64(key[17:])
}

func expiryKey(dst []byte, inc uint64, at int64, p pos) []byte {
	dst = be64(append(dst, tabExpiry), inc)
	dst = be64(dst, uint64(at))
	return be64(append(dst, p.lane), p.seq)
}

func keyExpiry(key []byte) (at int64, p pos) {
	return int64(binary.BigEndian.Uint64(key[9:])), pos{lane: key[17], seq: binary.BigEndian.Uint64(key[18:])}
}

func bodyKey(dst []byte, id uint64, chunk int) []byte {
	dst = be64(append(dst, tabBody), id)
	return binary.BigEndian.AppendUint16(dst, uint16(chunk))
}

func stateKey(dst []byte, session uint64, key uint32) []byte {
	return binary.BigEndian.AppendUint32(be64(append(dst, tabState), session), key)
}

// prefixEnd is the first key after all keys that begin with prefix.
func prefixEnd(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
