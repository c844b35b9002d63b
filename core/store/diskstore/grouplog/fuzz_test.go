package grouplog

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FuzzFind reads a slot of any content. Every record found is whole, and stands
// in the file as it was found; what is replayed is without a gap.
func FuzzFind(f *testing.F) {
	name := slotName(fuzzLife, 1)
	f.Fuzz(func(t *testing.T, b []byte, after uint64) {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("/log", 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, fs, name, b)
		s := scanner{window{r: bytes.NewReader(b), size: int64(len(b))}, fuzzLife}
		for off := int64(0); ; {
			r, err := s.next(off)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || r.off < off || !bytes.Equal(r.appendTo(nil, fuzzLife), b[r.off:][:headerLen]) ||
				crc32.Checksum(b[r.off+headerLen:r.end()], castagnoli) != r.sum {
				t.Fatalf("%+v, %v", r.header, err)
			}
			off = r.end()
		}
		found, err := Find(fs, "/log", after, noneOver)
		if err != nil {
			t.Fatal(err)
		}
		n := after
		stop := errors.New("enough")
		err = found.Replay(func(Place, []byte) error {
			if n++; n-after > 1000 {
				return stop
			}
			return nil
		}, nil)
		if err != nil && !errors.Is(err, stop) || err == nil && n != found.Last {
			t.Fatalf("replayed %d to %d of %d: %v", after+1, n, found.Last, err)
		}
	})
}

var fuzzLife = Life{'f', 'u', 'z', 'z', 'l', 'i', 'f', 'e'}
