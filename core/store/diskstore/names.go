package diskstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// The store's own keys, besides groupKey. To change them, raise formatVersion.
//
//	0xFF 'k' group uint64   a group whose record is referred to, or was: a name
//	0xFF 'o' life           a log that is over: its files are there only for what is named
//
// A table that may have a ref into a group has its name too. A name is
//
//	life   8 bytes
//	slot   uint64, big-endian as all that follows
//	from   uint32, the length from which on the group's values are referred to
//
// and in version 3 it was the life alone.
var (
	keepPrefix = []byte{reserved, 'k'}
	overPrefix = []byte{reserved, 'o'}
)

const nameLen = 8 + 8 + 4

type name struct {
	life grouplog.Life
	slot uint64
	from int
}

func keepKey(group uint64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clone(keepPrefix), group)
}

func overKey(l grouplog.Life) []byte { return append(slices.Clone(overPrefix), l[:]...) }

func (n name) encode() []byte {
	b := binary.BigEndian.AppendUint64(n.life[:], n.slot)
	return binary.BigEndian.AppendUint32(b, uint32(n.from))
}

// names are what tables say of the logs that they refer to.
type names struct {
	groups map[uint64]name
	old    []uint64 // of groups, those of which version 3 did not say where they are
	over   map[grouplog.Life]bool
}

func namesIn(db pebble.Reader) (n names, err error) {
	n = names{groups: map[uint64]name{}, over: map[grouplog.Life]bool{}}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: keepPrefix, UpperBound: []byte{reserved, overPrefix[1] + 1}})
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return n, err
		}
		if !n.add(it.Key(), v) {
			return n, fmt.Errorf("a key of the store's own is damaged: %q", it.Key())
		}
	}
	return n, it.Error()
}

func (n *names) add(key, val []byte) bool {
	kind, k := key[1], key[2:]
	switch {
	case len(k) != 8:
		return false
	case kind == overPrefix[1] && len(val) == 0:
		n.over[grouplog.Life(k)] = true
	case kind == keepPrefix[1] && len(val) == nameLen:
		n.groups[binary.BigEndian.Uint64(k)] = name{
			life: grouplog.Life(val), slot: binary.BigEndian.Uint64(val[8:]), from: int(binary.BigEndian.Uint32(val[16:])),
		}
	case kind == keepPrefix[1] && len(val) == len(grouplog.Life{}):
		g := binary.BigEndian.Uint64(k)
		n.groups[g] = name{life: grouplog.Life(val), from: countLen}
		n.old = append(n.old, g)
	default:
		return false
	}
	return true
}

func (n names) isOver(l grouplog.Life) bool { return n.over[l] }

// locate finds the groups of version 3 in the log. One that is there twice cannot be
// told from its copy.
func (n names) locate(found *grouplog.Found) error {
	for _, g := range n.old {
		at := n.groups[g]
		slots := found.Where(at.life, g)
		if len(slots) > 1 {
			return fmt.Errorf("group %d is in the files %d of the log: remove those that are copies", g, slots)
		}
		if len(slots) == 1 {
			at.slot = slots[0]
			n.groups[g] = at
		}
	}
	return nil
}

// missing returns the groups that the log should have and has not.
func (n names) missing(found *grouplog.Found) (groups []uint64) {
	for g, at := range n.groups {
		if !slices.Contains(found.Where(at.life, g), at.slot) {
			groups = append(groups, g)
		}
	}
	slices.Sort(groups)
	return groups
}

// compareNamed makes sure that what the tables refer to is in the log.
func compareNamed(dir string, n names, found *grouplog.Found) error {
	if m := n.missing(found); len(m) > 0 {
		return fmt.Errorf("values of group %d are in the log alone, which does not have it: it %s", m[0], damagedLog(dir))
	}
	return nil
}
