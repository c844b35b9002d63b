package grouplog

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A payload in pieces comes back as one, from a disk as from memory: few and small
// ones, empty ones, and more than the system takes at once.
func TestPieces(t *testing.T) {
	for name, fs := range map[string]vfs.FS{"disk": vfs.Default, "memory": vfs.NewMem()} {
		rng := rand.New(rand.NewPCG(1, 2))
		var d db
		o := d.options(fs)
		o.Dir = t.TempDir()
		l := mustCreate(t, o, 0)
		var want [][]byte
		for group := range 30 {
			pieces := make([][]byte, []int{0, 1, 3, 50, 1500, 3000}[group%6])
			for i := range pieces {
				pieces[i] = make([]byte, []int{0, 1, 20, 5000}[rng.IntN(4)])
				for j := range pieces[i] {
					pieces[i][j] = byte(rng.Uint32())
				}
			}
			if err := l.Append(uint64(group+1), pieces...); err != nil {
				t.Fatal(err)
			}
			want = append(want, bytes.Join(pieces, nil))
		}
		f, err := Find(fs, o.Dir, 0, noneOver)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = f.Replay(func(_ Place, p []byte) error {
			if n == len(want) || !bytes.Equal(p, want[n]) {
				t.Errorf("%s: group %d of %d bytes is not what was written", name, n+1, len(p))
			}
			n++
			return nil
		}, nil)
		if err != nil || n != len(want) {
			t.Errorf("%s: %d groups, %v", name, n, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The checksum of two parts is made of theirs.
func TestJoinSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 70_000)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	for _, n := range []int{0, 1, 2, 3, 4, 7, 8, 31, 32, 255, 4096, 16384, 16421, 65535, len(b)} {
		for _, at := range []int{0, 1, 5, n / 2, n} {
			at = min(at, n)
			sum := func(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
			if got, want := joinSums(sum(b[:at]), sum(b[at:n]), n-at), sum(b[:n]); got != want {
				t.Errorf("%d and %d bytes: %08x, not %08x", at, n-at, got, want)
			}
		}
	}
}
