package core

import (
	"slices"
	"testing"
	"time"
)

// A stub is an operation that sets a value of a length, or nothing.
type stub struct {
	n    int
	size int
	took *[]int
}

func (s stub) stage(g *staging) {
	if s.size > 0 {
		g.batch.Set([]byte{byte(s.n)}, make([]byte, s.size))
	}
}

func (s stub) applied(*staging) { *s.took = append(*s.took, s.n) }

// A groupStore forgets what is applied, and lets its caller work meanwhile.
type groupStore struct{ Store }

func (groupStore) NewBatch() Batch               { return &sizedBatch{} }
func (groupStore) Apply(Batch, Durability) error { return nil }
func (groupStore) ApplyBeside(_ Batch, _ Durability, f func()) error {
	if f != nil {
		f()
	}
	return nil
}

type sizedBatch struct {
	Batch
	size int
}

func (b *sizedBatch) Set(_, val []byte) { b.size += len(val) }
func (b *sizedBatch) Len() int          { return b.size }
func (b *sizedBatch) Close()            {}

type stillClock struct{ Clock }

func (stillClock) Now() time.Time { return time.UnixMilli(1) }

// Every group takes effect, once, in order, also one that has nothing for the store
// behind one that was the most of a swap; and each time who is parked hears of it.
func TestEveryGroupTakesEffect(t *testing.T) {
	const big = groupBytes + 1
	for _, c := range []struct {
		name  string
		sizes []int
		how   []Durability

		groups int // with those for which the store has nothing to do
	}{
		{"nothing behind a full group", []int{big, 0}, []Durability{Durable, Local}, 2},
		{"nothing between full groups", []int{big, 0, 0, big}, []Durability{Durable, Local, Local, Durable}, 2},
		{"nothing first", []int{0, big, big}, []Durability{Local, Lazy, Durable}, 2},
		{"nothing at all", []int{0}, []Durability{Lazy}, 1},
	} {
		var took []int
		drained := 0
		cm := newCommitter(groupStore{}, stillClock{}, func(err error) { t.Error(err) })
		cm.drained = func() {
			if drained++; !cm.mu.TryLock() {
				t.Errorf("%s: told with a lock held", c.name)
				return
			}
			cm.mu.Unlock()
		}
		var want []int
		for n, size := range c.sizes {
			cm.submitAhead(stub{n, size, &took}, c.how[n], 1)
			want = append(want, n)
		}
		items, _ := cm.take()
		if err := cm.commitAll(&Broker{clock: stillClock{}, committer: cm}, items); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(took, want) || cm.before != nil || cm.bytes.Load() != 0 {
			t.Errorf("%s: %d took effect, want %d; %d bytes are charged", c.name, took, want, cm.bytes.Load())
		}
		if drained != c.groups {
			t.Errorf("%s: told of %d groups, want %d", c.name, drained, c.groups)
		}
	}
}
