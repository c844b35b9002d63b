package diskstore

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// formatVersion is the layout of the directory: its files, pebble's
// FormatMajorVersion and merger, the group key and the SYNCED file. The layout
// of the core's keys has its own version, kept by the core under its own key.
//
// To change it: raise the number; in Open, before preflight, upgrade a
// directory of the version before (under the lock, and so that a crash half
// way leaves either version whole), then writeFormat; keep a directory of the
// old version under testdata and a test that opens it. A version above ours
// is always refused.
const formatVersion = 1

// A format says how far the directory has come.
type format int

const (
	formatAbsent format = iota // no FORMAT file
	formatNew                  // creation begun: nothing was ever confirmed
	formatReady                // a whole store
)

const (
	formatFile  = "FORMAT"
	lockFile    = "LOCK"
	syncedFile  = "SYNCED"
	ballastFile = "BALLAST"
	dbDir       = "db"
	tmpSuffix   = ".tmp"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A format file is four lines, the last a checksum of the others: a damaged
// one must not turn a whole store into one that may be begun anew.
func encodeFormat(f format) string {
	state := "ready"
	if f == formatNew {
		state = "new"
	}
	body := fmt.Sprintf("slipway store\nversion %d\nstate %s\n", formatVersion, state)
	return fmt.Sprintf("%schecksum %08x\n", body, crc32.Checksum([]byte(body), castagnoli))
}

func readFormat(fs vfs.FS, dir string) (format, error) {
	path := fs.PathJoin(dir, formatFile)
	b, err := readSmall(fs, path)
	if errors.Is(err, os.ErrNotExist) {
		return formatAbsent, nil
	}
	if err != nil {
		return formatAbsent, err
	}
	switch s := string(b); s {
	case encodeFormat(formatNew):
		return formatNew, nil
	case encodeFormat(formatReady):
		return formatReady, nil
	}
	var v int
	if n, _ := fmt.Sscanf(string(b), "slipway store\nversion %d\n", &v); n == 1 && v != formatVersion {
		return formatAbsent, fmt.Errorf("%s says version %d and this program knows version %d: use the program that wrote it", path, v, formatVersion)
	}
	return formatAbsent, fmt.Errorf("%s is damaged, or not slipway's", path)
}

func writeFormat(fs vfs.FS, dir string, f format) error {
	path := fs.PathJoin(dir, formatFile)
	tmp, err := fs.Create(path+tmpSuffix, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = tmp.Write([]byte(encodeFormat(f)))
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := fs.Rename(path+tmpSuffix, path); err != nil {
		return err
	}
	return syncDir(fs, dir)
}

// readSmall reads a file that is a few hundred bytes long when it is ours.
func readSmall(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	return b, errors.Join(err, f.Close())
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
