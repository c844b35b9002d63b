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
// To change it: raise the number; in Open, upgrade a directory of the version
// before (under the lock, and so that a crash half way leaves either version
// whole), then writeFormat; keep a directory of the old version under testdata
// and a test that opens it. A version above ours is always refused.
//
// Version 1 had no log/: its groups were in pebble's own logs, which pebble
// reads and puts into tables when it opens them. So the same steps open both:
// nothing is written to log/ before FORMAT says 2, and before it does, all that
// version 1 had is in db/ as it was, or in tables.
//
// Version 2 had a log/ and whole values in all tables, in version 3 no table referred
// to a log that was over, and names did not say where (names.go). Both are opened as
// ours is, as soon as FORMAT says that it is: recovery leaves what is only of ours.
const (
	formatVersion      = 4
	formatVersionNoLog = 1 // the first
)

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
	logDir      = "log"
	tmpSuffix   = ".tmp"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A format file is four lines, the last a checksum of the others: a damaged
// one must not turn a whole store into one that may be begun anew.
func encodeFormat(version int, f format) string {
	state := "ready"
	if f == formatNew {
		state = "new"
	}
	body := fmt.Sprintf("slipway store\nversion %d\nstate %s\n", version, state)
	return fmt.Sprintf("%schecksum %08x\n", body, crc32.Checksum([]byte(body), castagnoli))
}

func readFormat(fs vfs.FS, dir string) (version int, f format, err error) {
	path := fs.PathJoin(dir, formatFile)
	b, err := readSmall(fs, path)
	if errors.Is(err, os.ErrNotExist) {
		return formatVersion, formatAbsent, nil
	}
	if err != nil {
		return 0, formatAbsent, err
	}
	for version := formatVersionNoLog; version <= formatVersion; version++ {
		for _, f := range []format{formatNew, formatReady} {
			if string(b) == encodeFormat(version, f) {
				return version, f, nil
			}
		}
	}
	var v int
	if n, _ := fmt.Sscanf(string(b), "slipway store\nversion %d\n", &v); n == 1 && v > formatVersion {
		return v, formatAbsent, fmt.Errorf("%s says version %d and this program knows version %d: use the program that wrote it", path, v, formatVersion)
	}
	return 0, formatAbsent, fmt.Errorf("%s is damaged, or not slipway's", path)
}

func writeFormat(fs vfs.FS, dir string, f format) error {
	path := fs.PathJoin(dir, formatFile)
	tmp, err := fs.Create(path+tmpSuffix, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = tmp.Write([]byte(encodeFormat(formatVersion, f)))
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
