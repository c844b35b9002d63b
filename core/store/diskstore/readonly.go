package diskstore

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// openReadOnly opens db/ for reading. Nothing is written, not even a lock
// file: the caller holds the lock of the directory above.
func openReadOnly(dir string, o Options) (*pebble.DB, error) {
	ro := o
	ro.FS = readOnlyFS{o.FS}
	po := ro.pebbleOptions(func([]byte) {})
	po.ReadOnly = true
	po.ErrorIfNotExists = true
	po.Logger = pebbleLogger{o.Logger, func(err error) error { return err }}
	po.EventListener = &pebble.EventListener{
		BackgroundError: func(error) {}, // returned to whoever reads, too
		DataCorruption:  func(pebble.DataCorruptionInfo) {},
	}
	return openPebble(o.FS.PathJoin(dir, dbDir), po)
}

var errReadOnly = errors.New("diskstore: opened read-only")

// A readOnlyFS refuses whatever would change a file.
type readOnlyFS struct{ vfs.FS }

type noLock struct{}

func (noLock) Close() error { return nil }

func (readOnlyFS) Lock(string) (io.Closer, error) { return noLock{}, nil }

func (readOnlyFS) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, refuse("create", name)
}

func (readOnlyFS) OpenReadWrite(name string, _ vfs.DiskWriteCategory, _ ...vfs.OpenOption) (vfs.File, error) {
	return nil, refuse("open for writing", name)
}

func (readOnlyFS) ReuseForWrite(_, name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, refuse("reuse", name)
}

func (readOnlyFS) Link(_, name string) error                 { return refuse("link", name) }
func (readOnlyFS) Remove(name string) error                  { return refuse("remove", name) }
func (readOnlyFS) RemoveAll(name string) error               { return refuse("remove", name) }
func (readOnlyFS) Rename(_, name string) error               { return refuse("rename to", name) }
func (readOnlyFS) MkdirAll(name string, _ os.FileMode) error { return refuse("mkdir", name) }

func refuse(what, name string) error { return fmt.Errorf("%w: %s %s", errReadOnly, what, name) }
