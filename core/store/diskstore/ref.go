package diskstore

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/slipwaymq/slipway/core/store/diskstore/grouplog"
)

// A ref is what tables have in place of a large value that is in the log:
//
//	begin   4 bytes of the value, so that a count stays where merging looks for it
//	life    8 bytes, the log's
//	slot    uint64, big-endian as all that follows
//	off     uint64, of the value in the slot
//	length  uint32, of the value
//	sum     uint32, crc32c of the value behind its first 4 bytes
//
// Nothing else can be taken for one: a log's life is random and never leaves this
// directory. To change it, raise formatVersion.
type ref struct {
	life   grouplog.Life
	slot   uint64
	off    int64
	length uint32
	sum    uint32
}

const (
	refLen  = countLen + 8 + 8 + 8 + 4 + 4
	refLife = countLen
	refSlot = refLife + 8
)

// refTo returns the ref to val.
func refTo(val []byte, life grouplog.Life, slot uint64, off int64) ref {
	return ref{life, slot, off, uint32(len(val)), crc32.Checksum(val[countLen:], castagnoli)}
}

func (r ref) appendTo(b []byte, begin []byte) []byte {
	b = append(b, begin[:countLen]...)
	b = append(b, r.life[:]...)
	b = binary.BigEndian.AppendUint64(b, r.slot)
	b = binary.BigEndian.AppendUint64(b, uint64(r.off))
	b = binary.BigEndian.AppendUint32(b, r.length)
	return binary.BigEndian.AppendUint32(b, r.sum)
}

func isRef(v []byte, life grouplog.Life) bool {
	return len(v) == refLen && grouplog.Life(v[refLife:]) == life
}

// parseRef reads what isRef is true of.
func parseRef(v []byte) ref {
	life := grouplog.Life(v[refLife:])
	v = v[refSlot:]
	return ref{
		life:   life,
		slot:   binary.BigEndian.Uint64(v),
		off:    int64(binary.BigEndian.Uint64(v[8:])),
		length: binary.BigEndian.Uint32(v[16:]),
		sum:    binary.BigEndian.Uint32(v[20:]),
	}
}
