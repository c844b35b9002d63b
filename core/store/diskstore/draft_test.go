package diskstore

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core"
)

// TestLargeGroups: groups of many large values, in two parts of any length, between
// other operations, are what they are said to be, before and after a start that reads
// the log, on a disk and in memory.
func TestLargeGroups(t *testing.T) {
	for _, how := range []core.Durability{core.Durable, core.Lazy} {
		for dir, fs := range map[string]vfs.FS{t.TempDir(): nil, "/store": vfs.NewMem()} {
			o := keeping(t, fs)
			o.MemTable = 1 << 20
			s := mustOpen(t, dir, o)
			want := map[string]string{}
			for group := range 3 {
				b := s.NewBatch()
				before := b.Len()
				size := 0
				for i := range 700 {
					key, val := fmt.Sprintf("k%04d", i*(group+1)), fmt.Sprintf("%0*d", i, i)
					b.SetJoined([]byte(key), []byte(val[:min(i%7, i)]), []byte(val[min(i%7, i):]))
					want[key] = val
					size += len(key) + len(val)
					if i%3 == 0 {
						gone := fmt.Sprintf("k%04d", i)
						b.Delete([]byte(gone))
						delete(want, gone)
					}
					if i%5 == 0 {
						b.Set([]byte("s"+key), []byte(val))
						want["s"+key] = val
					}
				}
				if n := b.Len() - before; n < size || n > 2*size {
					t.Errorf("%d bytes make a batch of %d", size, n)
				}
				if err := s.Apply(b, how); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				var list []string
				for _, k := range slices.Sorted(maps.Keys(want)) {
					list = append(list, k+"="+want[k])
				}
				if got := dump(t, s); !slices.Equal(got, list) {
					t.Errorf("%v: %s", how, difference(got, list))
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = mustOpen(t, dir, o)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestDraftRefers: a draft comes to be what a replay makes of what the log has of it.
func TestDraftRefers(t *testing.T) {
	s := mustOpen(t, "/store", keeping(t, vfs.NewMem()))
	defer s.Close()
	b := s.NewBatch().(*batch)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 300 {
		key, val := fmt.Appendf(nil, "%0*d", 1+i%150, i), []byte(fmt.Sprintf("%0*d", []int{0, 99, 100, 200, 5000}[i%5], i))
		head := rng.IntN(min(len(val), 130) + 1)
		b.SetJoined(key, val[:head], val[head:])
		switch i % 4 {
		case 0:
			b.Release(key)
		case 1:
			b.Delete(key)
		case 2:
			b.DeleteRange(key, append(key, '0'))
		}
	}
	pieces := b.d.pieces(nil)
	payload := bytes.Join(pieces, nil)
	if len(payload) != b.Len() {
		t.Errorf("%d bytes are %d in the log", b.Len(), len(payload))
	}
	if err := s.log.Append(1, pieces...); err != nil {
		t.Fatal(err)
	}
	if err := s.referDraft(s.log.Place(), b.d); err != nil {
		t.Fatal(err)
	}
	values := s.kept.slots[0].values
	s.kept.slots[0].values = nil
	refs, err := s.refer(s.log.Place(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.d.Repr(), refs.Repr()) {
		t.Errorf("a draft of %d bytes is not what a replay makes of it, of %d", b.d.Len(), refs.Len())
	}
	if !reflect.DeepEqual(values, s.kept.slots[0].values) || len(values) != 180 {
		t.Errorf("%d values noted, %d of a replay", len(values), len(s.kept.slots[0].values))
	}
}

// TestDraftsKeepNothing: what a group was made of is not held on to.
func TestDraftsKeepNothing(t *testing.T) {
	s := mustOpen(t, "/store", keeping(t, vfs.NewMem()))
	defer s.Close()
	b := s.NewBatch()
	b.SetJoined([]byte("a"), []byte("head"), []byte(strings.Repeat("t", 1000)))
	if err := s.Apply(b, core.Durable); err != nil {
		t.Fatal(err)
	}
	d := s.spare.Load()
	for _, v := range d.large[:cap(d.large)] {
		if v.tail != nil {
			t.Error("a spare draft has a value")
		}
	}
	for _, p := range s.list[:cap(s.list)] {
		if p != nil {
			t.Error("the store has a piece of a group")
		}
	}
	if d.size() != s.NewBatch().Len() {
		t.Errorf("a spare draft has %d bytes", d.size())
	}
}
