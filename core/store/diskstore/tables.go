package diskstore

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// tableFS has new tables written in large pieces. pebble's own buffer has 4 KiB,
// and a write of each block took a quarter of all the time that a store under load
// spends: the log and the tables share the processors.
//
// It also has a new manifest's name durable before the marker that points to it is
// made. pebble makes both so with one sync of the directory, which leaves it to
// the file system which of them a power cut in between keeps.
type tableFS struct{ vfs.FS }

const tablePiece = 256 << 10

func (fs tableFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(fs.PathBase(name), "marker.") {
		if err := syncDir(fs.FS, fs.PathDir(name)); err != nil {
			return nil, err
		}
	}
	f, err := fs.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".sst") {
		return f, err
	}
	return &tableWriter{File: f}, nil
}

// Unwrap lets pebble find what is below.
func (fs tableFS) Unwrap() vfs.FS { return fs.FS }

// A tableWriter is a new table until it is closed. pebble reads it back through
// another file, after Sync. What a late write meets, the call that needed it
// returns: nothing counts on a table before its Sync.
type tableWriter struct {
	vfs.File
	buf []byte
	err error // the first: what was in buf then is lost
}

func (w *tableWriter) Write(p []byte) (int, error) {
	if len(w.buf)+len(p) > tablePiece {
		w.flush()
	}
	if w.err != nil {
		return 0, w.err
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// flush closes a file that cannot be written: pebble does not close one whose
// Sync fails, and its space would be held until the process ends.
func (w *tableWriter) flush() {
	if w.err != nil || len(w.buf) == 0 {
		return
	}
	_, w.err = w.File.Write(w.buf)
	w.buf = w.buf[:0]
	if w.err != nil {
		_ = w.File.Close() // what counts is why
	}
}

func (w *tableWriter) Sync() error {
	if w.flush(); w.err != nil {
		return w.err
	}
	return w.File.Sync()
}

func (w *tableWriter) SyncData() error {
	if w.flush(); w.err != nil {
		return w.err
	}
	return w.File.SyncData()
}

func (w *tableWriter) SyncTo(length int64) (fullSync bool, err error) {
	if w.flush(); w.err != nil {
		return false, w.err
	}
	return w.File.SyncTo(length)
}

func (w *tableWriter) Close() error {
	if w.flush(); w.err != nil {
		return w.err
	}
	return w.File.Close()
}
