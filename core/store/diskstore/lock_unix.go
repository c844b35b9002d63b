//go:build unix

package diskstore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func flock(f *os.File, exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	return unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
}

func isLocked(err error) bool { return errors.Is(err, unix.EWOULDBLOCK) }
