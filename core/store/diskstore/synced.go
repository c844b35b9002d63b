package diskstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A syncedMark remembers, outside pebble, the last group that was on stable
// storage. It is written after the sync and so never says too much; it is
// fsynced only now and then, so after a power cut it may say too little, which
// weakens the check and never makes it wrong.
//
// The file has two slots in blocks of their own, written in turn: a torn or
// damaged slot leaves the one before. A slot is
//
//	magic "SLIPSYNC", group uint64, crc32c of both uint32, all big-endian
//
// To change it, raise formatVersion and change the magic.
type syncedMark struct {
	mu    sync.Mutex // guards all below: the committer writes, the prober syncs
	f     vfs.File
	dirty bool
	buf   [slotLen]byte
}

const (
	slotMagic  = "SLIPSYNC"
	slotLen    = 8 + 8 + 4
	slotStride = 4096
	slots      = 2
)

// errNoMark is a missing SYNCED file: an operator's way to accept a loss.
var errNoMark = errors.New("no " + syncedFile + " file")

func encodeSlot(b []byte, group uint64) {
	copy(b, slotMagic)
	binary.BigEndian.PutUint64(b[8:], group)
	binary.BigEndian.PutUint32(b[16:], crc32.Checksum(b[:16], castagnoli))
}

func decodeSlot(b []byte) (group uint64, ok bool) {
	if len(b) < slotLen || string(b[:8]) != slotMagic ||
		binary.BigEndian.Uint32(b[16:]) != crc32.Checksum(b[:16], castagnoli) {
		return 0, false
	}
	return binary.BigEndian.Uint64(b[8:]), true
}

// readSynced returns the highest group that the file remembers.
func readSynced(fs vfs.FS, dir string) (uint64, error) {
	path := fs.PathJoin(dir, syncedFile)
	f, err := fs.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, errNoMark
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var best uint64
	valid := 0
	for i := range int64(slots) {
		var b [slotLen]byte
		if n, err := f.ReadAt(b[:], i*slotStride); err != nil && !(errors.Is(err, io.EOF) && n >= 0) {
			return 0, err
		}
		if g, ok := decodeSlot(b[:]); ok {
			valid++
			best = max(best, g)
		}
	}
	if valid == 0 {
		return 0, fmt.Errorf("%s is damaged", path)
	}
	return best, nil
}

// openSynced opens the file for writing, with both slots saying group.
func openSynced(fs vfs.FS, dir string, group uint64) (*syncedMark, error) {
	f, err := fs.OpenReadWrite(fs.PathJoin(dir, syncedFile), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	m := &syncedMark{f: f}
	var b [slotStride * slots]byte
	encodeSlot(b[:], group)
	encodeSlot(b[slotStride:], group)
	if _, err := f.WriteAt(b[:], 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), syncDir(fs, dir)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return m, nil
}

// remember notes that group is on stable storage.
func (m *syncedMark) remember(group uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	encodeSlot(m.buf[:], group)
	_, err := m.f.WriteAt(m.buf[:], int64(group%slots)*slotStride)
	m.dirty = true
	return err
}

// sync makes what remember wrote survive a power cut.
func (m *syncedMark) sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dirty {
		return nil
	}
	m.dirty = false
	return m.f.SyncData()
}

func (m *syncedMark) close() error {
	return errors.Join(m.sync(), m.f.Close())
}
