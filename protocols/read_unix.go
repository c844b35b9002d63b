//go:build unix

package protocols

import (
	"errors"
	"io"
	"syscall"
)

const canWaitReady = true

// readyReader takes a buffer only once the socket has something to read: the
// runtime calls try, and parks the goroutine when it returns false. Nothing else
// may happen inside try: it runs with the descriptor held, and Close waits for
// the descriptor.
type readyReader struct {
	raw     syscall.RawConn
	attempt func(uintptr) bool // try, made once
	mayWait bool
	buf     *[readSize]byte // nil while parked
	n       int
	err     error
}

func newReadyReader(raw syscall.RawConn) reader {
	r := &readyReader{raw: raw}
	r.attempt = r.try
	return r
}

func (r *readyReader) read(mayWait bool) ([]byte, bool, error) {
	r.n, r.err, r.mayWait = 0, nil, mayWait
	if err := r.raw.Read(r.attempt); err != nil {
		return nil, true, err // the deadline passed or the socket was closed
	}
	switch {
	case errors.Is(r.err, syscall.EAGAIN):
		return nil, true, nil
	case r.err != nil:
		return nil, true, r.err
	case r.n == 0:
		return nil, true, io.EOF
	}
	return r.buf[:r.n], r.n < readSize, nil
}

func (r *readyReader) try(fd uintptr) bool {
	if r.buf == nil {
		r.buf = readPool.Get().(*[readSize]byte)
	}
	for {
		r.n, r.err = syscall.Read(int(fd), r.buf[:])
		if !errors.Is(r.err, syscall.EINTR) {
			break
		}
	}
	if !errors.Is(r.err, syscall.EAGAIN) {
		return true
	}
	r.release()
	return !r.mayWait
}

func (r *readyReader) release() {
	if r.buf != nil {
		readPool.Put(r.buf)
		r.buf = nil
	}
}

// tryWrite writes what the socket takes now. It never waits: blocked says that
// the socket is full.
func tryWrite(fd uintptr, b []byte) (n int, blocked bool, err error) {
	for n < len(b) {
		m, werr := syscall.Write(int(fd), b[n:])
		switch {
		case errors.Is(werr, syscall.EINTR):
		case errors.Is(werr, syscall.EAGAIN):
			return n, true, nil
		case werr != nil:
			return n, false, werr
		default:
			n += m
		}
	}
	return n, false, nil
}
