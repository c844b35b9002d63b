package grouplog

import (
	"errors"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// maxPieces is what one call takes (IOV_MAX).
const maxPieces = 1024

// writeTogether writes pieces, which it uses up, one behind the other with one call:
// into files of the operating system, whose descriptors are what they seem to be.
func (l *Log) writeTogether(s *slot, pieces [][]byte) error {
	if l.FS != vfs.Default {
		return l.writeEach(s, pieces)
	}
	for off := l.off; len(pieces) > 0; {
		n, err := unix.Pwritev(int(s.Fd()), pieces[:min(len(pieces), maxPieces)], off)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return &os.PathError{Op: "pwritev", Path: s.path, Err: err}
		}
		off += int64(n)
		left := dropWritten(pieces, n)
		if n == 0 && len(left) > 0 {
			return &os.PathError{Op: "pwritev", Path: s.path, Err: io.ErrShortWrite}
		}
		pieces = left
	}
	return nil
}

// dropWritten takes the first n bytes away, and empty pieces that come then.
func dropWritten(pieces [][]byte, n int) [][]byte {
	for len(pieces) > 0 && n >= len(pieces[0]) {
		n -= len(pieces[0])
		pieces = pieces[1:]
	}
	if len(pieces) > 0 {
		pieces[0] = pieces[0][n:]
	}
	return pieces
}
