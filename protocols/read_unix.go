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
	room    []byte          // where the first of what comes goes
	large   bool            // there was room at the last read: the next frame is probably large, too
	plain   int             // how much of buf is read into where there is no room
	pair    [2][]byte       // room and what of buf is read into behind it
	buf     *[readSize]byte // nil while parked
	n       int
	err     error
}

func newReadyReader(raw syscall.RawConn) reader {
	r := &readyReader{raw: raw}
	r.attempt = r.try
	return r
}

func (r *readyReader) read(room []byte, mayWait bool) (landed int, buf []byte, drained bool, err error) {
	r.n, r.err, r.mayWait, r.room, r.plain = 0, nil, mayWait, room, readSize
	if r.large { // what is read of a large body before it has its memory is copied there
		r.plain = behindRoom
	}
	err = r.raw.Read(r.attempt)
	r.room = nil
	if err != nil {
		return 0, nil, true, err // the deadline passed or the socket was closed
	}
	switch {
	case errors.Is(r.err, syscall.EAGAIN):
		return 0, nil, true, nil
	case r.err != nil:
		return 0, nil, true, r.err
	case r.n == 0:
		return 0, nil, true, io.EOF
	}
	r.large = len(room) > 0
	landed, most := min(r.n, len(room)), r.plain
	if len(room) > 0 {
		most = len(room) + behindRoom
	}
	return landed, r.buf[:r.n-landed], r.n < most, nil
}

func (r *readyReader) try(fd uintptr) bool {
	if r.buf == nil {
		r.buf = readPool.Get().(*[readSize]byte)
	}
	for {
		r.n, r.err = r.once(int(fd))
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

func (r *readyReader) once(fd int) (int, error) {
	if len(r.room) == 0 {
		return syscall.Read(fd, r.buf[:r.plain])
	}
	r.pair = [2][]byte{r.room, r.buf[:behindRoom]}
	n, err := readBoth(fd, &r.pair)
	r.pair = [2][]byte{}
	return n, err
}

func (r *readyReader) release() {
	if r.buf != nil {
		readPool.Put(r.buf)
		r.buf = nil
	}
}

// tryWrite writes what the socket takes now of several segments, of which it uses up
// the list. It never waits: blocked says that the socket is full.
func tryWrite(fd uintptr, list [][]byte) (n int, blocked bool, err error) {
	for len(list) > 0 {
		m, werr := writeSome(int(fd), list)
		switch {
		case errors.Is(werr, syscall.EINTR):
			continue
		case errors.Is(werr, syscall.EAGAIN):
			return n, true, nil
		case werr != nil:
			return n, false, werr
		}
		n += m
		for len(list) > 0 && m >= len(list[0]) {
			m -= len(list[0])
			list = list[1:]
		}
		if m > 0 {
			list[0] = list[0][m:]
		}
	}
	return n, false, nil
}
