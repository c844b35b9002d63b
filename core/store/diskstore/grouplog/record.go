package grouplog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A Life begins every record that one Create's Log wrote.
type Life [8]byte

const headerLen = 36

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A header is what stands before a payload (doc.go).
type header struct {
	group, synced uint64
	length        uint32
	sum           uint32 // of the payload
}

func (h header) appendTo(b []byte, l Life) []byte {
	begin := len(b)
	b = append(b, l[:]...)
	b = binary.BigEndian.AppendUint64(b, h.group)
	b = binary.BigEndian.AppendUint64(b, h.synced)
	b = binary.BigEndian.AppendUint32(b, h.length)
	b = binary.BigEndian.AppendUint32(b, h.sum)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

// parseHeader reads the header that b begins with, if it is one of this life.
func parseHeader(b []byte, l Life) (h header, ok bool) {
	const sum = headerLen - 4
	if len(b) < headerLen || !bytes.Equal(b[:len(l)], l[:]) ||
		binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return header{}, false
	}
	return header{
		group:  binary.BigEndian.Uint64(b[8:]),
		synced: binary.BigEndian.Uint64(b[16:]),
		length: binary.BigEndian.Uint32(b[24:]),
		sum:    binary.BigEndian.Uint32(b[28:]),
	}, true
}

func slotName(l Life, n uint64) string { return fmt.Sprintf("%x-%d", l[:], n) }

// parseSlotName tells slots from files that are somebody else's.
func parseSlotName(name string) (l Life, n uint64, ok bool) {
	var b []byte
	if _, err := fmt.Sscanf(name, "%16x-%d", &b, &n); err != nil || len(b) != len(l) {
		return Life{}, 0, false
	}
	l = Life(b)
	return l, n, name == slotName(l, n)
}
