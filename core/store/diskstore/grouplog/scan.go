package grouplog

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
)

// A scanner finds the records of one slot.
type scanner struct {
	window
	life Life
}

// A record is one that is whole. Its payload is valid until the next call.
type record struct {
	header
	off     int64
	payload []byte
}

func (r record) end() int64 { return r.off + headerLen + int64(r.length) }

// next returns the first record at or after off; io.EOF if there is none.
func (s *scanner) next(off int64) (record, error) {
	for off+headerLen <= s.size {
		r, ok, err := s.at(off)
		if ok || err != nil {
			return r, err
		}
		if off, err = s.find(s.life[:], off+1); err != nil {
			return record{}, err
		}
	}
	return record{}, io.EOF
}

// at returns the record that begins at off, if one does.
func (s *scanner) at(off int64) (r record, ok bool, err error) {
	b, err := s.bytes(off, headerLen)
	if err != nil {
		return r, false, err
	}
	h, ok := parseHeader(b, s.life)
	if r = (record{header: h, off: off}); !ok || r.end() > s.size {
		return r, false, nil
	}
	if r.payload, err = s.bytes(off+headerLen, int64(h.length)); err != nil {
		return r, false, err
	}
	return r, crc32.Checksum(r.payload, castagnoli) == h.sum, nil
}

// A window is a file seen through a buffer.
type window struct {
	r    io.ReaderAt
	size int64 // of the file

	buf []byte
	off int64 // of buf in the file
}

const windowLen = 1 << 20

// bytes returns n bytes from off on, which the file must have. They are valid
// until the next call.
func (w *window) bytes(off, n int64) ([]byte, error) {
	if off < w.off || off+n > w.off+int64(len(w.buf)) {
		want := min(max(n, windowLen), w.size-off)
		if int64(cap(w.buf)) < want {
			w.buf = make([]byte, want)
		}
		w.buf, w.off = w.buf[:want], off
		if got, err := w.r.ReadAt(w.buf, off); int64(got) < want {
			w.buf = w.buf[:0]
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return w.buf[off-w.off:][:n], nil
}

// find returns where b stands, at or after off; the file's end if nowhere.
func (w *window) find(b []byte, off int64) (int64, error) {
	for off+int64(len(b)) <= w.size {
		n := min(windowLen, w.size-off)
		if left := w.off + int64(len(w.buf)) - off; off >= w.off && left >= int64(len(b)) {
			n = left // what is in the buffer first
		}
		chunk, err := w.bytes(off, n)
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(chunk, b); i >= 0 {
			return off + int64(i), nil
		}
		off += n - int64(len(b)) + 1
	}
	return w.size, nil
}
