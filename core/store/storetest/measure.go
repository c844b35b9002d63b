package storetest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// A Load is what producers do: each keeps Window entries unconfirmed.
type Load struct {
	Name      string
	Producers int
	Window    int
	EntrySize int
}

// Loads are the broker's: the targets for the ratio are 0.7, 0.75, 0.5, 0.45.
// The others have none: two are what a single client with a window asks, and the
// last, hardly a goroutine between the disk and the load, shows the stores
// alone. What would make larger groups than the broker has is left out.
func Loads(entrySize int) []Load {
	const mostOfAGroup = 4 << 20
	return slices.DeleteFunc([]Load{
		{"1 producer", 1, 1, entrySize},
		{"16 producers", 16, 1, entrySize},
		{"128 producers", 128, 1, entrySize},
		{"1,000 outstanding", 1000, 1, entrySize},
		{"20 outstanding", 1, 20, entrySize},
		{"100 outstanding", 1, 100, entrySize},
		{"4 times 250", 4, 250, entrySize},
	}, func(l Load) bool { return l.Producers*l.Window*entrySize > mostOfAGroup })
}

// A Result is what one run came to.
type Result struct {
	Entries, Groups int
	Elapsed         time.Duration
}

// Rate is in entries a second.
func (r Result) Rate() float64 { return float64(r.Entries) / r.Elapsed.Seconds() }

// A sink makes one group durable.
type sink interface {
	commit(first uint64, entries [][]byte) error
}

// MeasureStore runs the load against a store for about d, into a queue that
// no other run with the same store may have.
func MeasureStore(s core.Store, l Load, queue uint64, d time.Duration) (Result, error) {
	k := &storeSink{s: s}
	k.key[0], k.head[0] = 'm', 'h'
	binary.BigEndian.PutUint64(k.key[1:], queue)
	binary.BigEndian.PutUint64(k.head[1:], queue)
	return measure(k, l, d)
}

// MeasureRaw runs the load against a RawLog for about d.
func MeasureRaw(r *RawLog, l Load, d time.Duration) (Result, error) {
	return measure(rawSink{r}, l, d)
}

// A storeSink writes the keys that a queue would.
type storeSink struct {
	s    core.Store
	key  [1 + 8 + 1 + 8]byte // m, incarnation, lane, sequence
	head [1 + 8]byte         // h, queue
	val  [40]byte            // next sequence, counts, head hint
}

func (k *storeSink) commit(first uint64, entries [][]byte) error {
	b := k.s.NewBatch()
	for i, e := range entries {
		binary.BigEndian.PutUint64(k.key[10:], first+uint64(i))
		b.Set(k.key[:], e)
	}
	binary.BigEndian.PutUint64(k.val[:], first+uint64(len(entries)))
	b.Set(k.head[:], k.val[:])
	return k.s.Apply(b, core.Durable)
}

type rawSink struct{ r *RawLog }

func (k rawSink) commit(first uint64, entries [][]byte) error {
	for _, e := range entries {
		k.r.Append(e)
	}
	var head [40]byte
	binary.BigEndian.PutUint64(head[:], first+uint64(len(entries)))
	k.r.Append(head[:])
	return k.r.Sync()
}

// A committer is the smallest group committer: what is pending while a group
// is being written is the next group.
type committer struct {
	sink sink

	mu      sync.Mutex // guards all below
	wake    sync.Cond
	entries [][]byte
	from    []int // producer of each entry
	closed  bool
}

// measure has the producers stop when the time is over and waits for them.
func measure(k sink, l Load, d time.Duration) (Result, error) {
	c := &committer{sink: k}
	c.wake.L = &c.mu
	confirms := make([]chan int, l.Producers)
	for i := range confirms {
		confirms[i] = make(chan int, l.Window) // never blocks the committer
	}
	var wg sync.WaitGroup
	start := time.Now()
	end := start.Add(d)
	for p := range l.Producers {
		wg.Go(func() { c.produce(p, l, confirms[p], end) })
	}
	go func() {
		wg.Wait()
		c.mu.Lock()
		c.closed = true
		c.wake.Signal()
		c.mu.Unlock()
	}()
	r, err := c.run(confirms)
	for err != nil && !c.drained() {
		c.fail(confirms)
	}
	r.Elapsed = time.Since(start)
	return r, err
}

func (c *committer) produce(p int, l Load, confirmed <-chan int, end time.Time) {
	src := newPayloads(l.EntrySize, p)
	for out := 0; ; {
		late := time.Now().After(end)
		if late && out == 0 {
			return
		}
		if n := l.Window - out; n > 0 && !late {
			c.put(p, src, n)
			out = l.Window
		}
		out -= <-confirmed
	}
}

// payloads are neither compressible to nothing nor pure noise, like small JSON
// documents: bytes from one noisy text, each entry from elsewhere in it.
type payloads struct{ size, off int }

const textLen = 1 << 20

var text = sync.OnceValue(func() []byte {
	b := make([]byte, 2*textLen)
	x := uint64(0x9E3779B97F4A7C15)
	for i := range b {
		if i%2 == 0 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			b[i] = byte(x)
		} else {
			b[i] = "{\"a\": 0}"[i%8]
		}
	}
	return b
})

func newPayloads(size, seed int) *payloads { return &payloads{size, seed * 104729} }

func (p *payloads) next() []byte {
	p.off = (p.off + 7919) % textLen
	return text()[p.off : p.off+p.size]
}

func (c *committer) put(p int, src *payloads, n int) {
	c.mu.Lock()
	for range n {
		c.entries = append(c.entries, src.next())
		c.from = append(c.from, p)
	}
	if len(c.entries) == n {
		c.wake.Signal()
	}
	c.mu.Unlock()
}

// take returns the next group, nil at the end. It swaps slices with the last.
func (c *committer) take(entries [][]byte, from []int) ([][]byte, []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.entries) == 0 && !c.closed {
		c.wake.Wait()
	}
	entries, c.entries = c.entries, entries[:0]
	from, c.from = c.from, from[:0]
	return entries, from
}

func (c *committer) run(confirms []chan int) (Result, error) {
	var r Result
	var entries [][]byte
	var from []int
	counts := make([]int, len(confirms))
	for {
		if entries, from = c.take(entries, from); len(entries) == 0 {
			return r, nil
		}
		err := c.sink.commit(uint64(r.Entries), entries)
		for _, p := range from {
			counts[p]++
		}
		for p, n := range counts {
			if n > 0 {
				confirms[p] <- n
				counts[p] = 0
			}
		}
		if err != nil {
			return r, err
		}
		r.Entries += len(entries)
		r.Groups++
	}
}

func (c *committer) drained() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// fail lets producers of a broken sink go.
func (c *committer) fail(confirms []chan int) {
	_, from := c.take(nil, nil)
	for _, p := range from {
		confirms[p] <- 1
	}
}

// Median of an odd number of values.
func Median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func (l Load) String() string { return fmt.Sprintf("%s of %d B", l.Name, l.EntrySize) }
