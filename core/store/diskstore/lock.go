package diskstore

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrLocked is returned by Open and Check while another has the store open.
var ErrLocked = errors.New("the store is open in another process")

// lockDir takes the directory for this process. On a file system of a test
// that is the file system's own lock; on a real one flock, which, unlike the
// fcntl locks of pebble, also holds against a second Open in this process.
func lockDir(fs vfs.FS, dir string) (io.Closer, error) {
	path := fs.PathJoin(dir, lockFile)
	if fs != vfs.Default {
		l, err := fs.Lock(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", dir, ErrLocked, err)
		}
		return l, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := flock(f, true); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 32))
		return nil, errors.Join(lockError(dir, string(holder), err), f.Close())
	}
	// Who holds it is written for people; nothing reads it back but messages.
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := fmt.Fprintf(f, "%d\n", os.Getpid()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockForCheck keeps a writer out while the directory is read, and writes
// nothing itself.
func lockForCheck(fs vfs.FS, dir string) (io.Closer, error) {
	path := fs.PathJoin(dir, lockFile)
	if fs != vfs.Default {
		return lockDir(fs, dir)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := flock(f, false); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 32))
		return nil, errors.Join(lockError(dir, string(holder), err), f.Close())
	}
	return f, nil
}

func lockError(dir, holder string, err error) error {
	if !isLocked(err) {
		return fmt.Errorf("%s: locking: %w", dir, err)
	}
	if _, scanErr := fmt.Sscanf(holder, "%d\n", new(int)); scanErr == nil {
		return fmt.Errorf("%s: %w (process %s)", dir, ErrLocked, holder[:len(holder)-1])
	}
	return fmt.Errorf("%s: %w", dir, ErrLocked)
}
