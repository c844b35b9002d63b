package storetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"
)

// A RawLog is the yardstick: a log of records with a length and a crc32c,
// written as one piece per group into recycled segments that were allocated
// and written before, so that an fdatasync has no metadata to write.
type RawLog struct {
	Delay time.Duration // what each sync takes longer

	segments []*os.File
	current  int
	off      int64
	buf      []byte
	fsync    func(*os.File) error
}

const (
	segmentSize  = 64 << 20
	segmentCount = 3
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenRawLog makes a log in dir.
func OpenRawLog(dir string) (*RawLog, error) {
	r := &RawLog{fsync: fdatasync}
	zeros := make([]byte, 1<<20)
	for i := range segmentCount {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.log", i)))
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.segments = append(r.segments, f)
		for off := int64(0); off < segmentSize; off += int64(len(zeros)) {
			if _, err := f.WriteAt(zeros, off); err != nil {
				return nil, errors.Join(err, r.Close())
			}
		}
		if err := f.Sync(); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

// Append adds a record to the group.
func (r *RawLog) Append(rec []byte) {
	var h [8]byte
	binary.BigEndian.PutUint32(h[:], uint32(len(rec)))
	binary.BigEndian.PutUint32(h[4:], crc32.Checksum(rec, castagnoli))
	r.buf = append(append(r.buf, h[:]...), rec...)
}

// Sync writes the group and makes it durable.
func (r *RawLog) Sync() error {
	if r.off+int64(len(r.buf)) > segmentSize {
		r.current, r.off = (r.current+1)%segmentCount, 0
	}
	f := r.segments[r.current]
	if _, err := f.WriteAt(r.buf, r.off); err != nil {
		return err
	}
	r.off += int64(len(r.buf))
	r.buf = r.buf[:0]
	err := r.fsync(f)
	if r.Delay > 0 {
		<-time.After(r.Delay)
	}
	return err
}

// Close closes the segments.
func (r *RawLog) Close() error {
	var err error
	for _, f := range r.segments {
		err = errors.Join(err, f.Close())
	}
	return err
}
