package simdisk_test

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore"
	"github.com/slipwaymq/slipway/core/store/simdisk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options(t *testing.T) diskstore.Options {
	return diskstore.Options{
		Logger:     slog.New(slog.DiscardHandler),
		Fatal:      func(err error) { t.Errorf("the store failed: %v", err) },
		ProbeEvery: -1,
		MemTable:   64 << 10,
	}
}

// TestPowerCut cuts the power while batches are applied and finds, each time,
// everything that had been confirmed Durable before the cut.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(20) {
		if lost := powerCut(t, seed, func(s core.Store) core.Store { return s }); lost != "" {
			t.Errorf("seed %d: %s", seed, lost)
		}
	}
}

// TestPowerCutFindsAckBeforeSync: the test above can fail.
func TestPowerCutFindsAckBeforeSync(t *testing.T) {
	for seed := range uint64(20) {
		if powerCut(t, seed, simdisk.AckBeforeSync) != "" {
			return
		}
	}
	t.Error("20 power cuts did not find a store that confirms before it syncs")
}

// powerCut applies batches of every durability on one goroutine, cuts the
// power from another at a moment that the seed decides, and returns what is
// missing or wrong afterwards.
func powerCut(t *testing.T, seed uint64, wrap func(core.Store) core.Store) string {
	t.Helper()
	d := simdisk.New()
	disk, err := d.Open(options(t))
	if err != nil {
		t.Fatal(err)
	}
	s := wrap(disk)
	const batches = 400
	at := int(seed*37) % batches
	var mu sync.Mutex // guards confirmed
	confirmed := 0    // batches known to be durable, of those applied in order
	var cut *simdisk.Disk
	var promised int
	var wg sync.WaitGroup
	for i := range batches {
		if i == at { // beside the writer, which goes on
			wg.Go(func() {
				mu.Lock()
				promised = confirmed
				mu.Unlock()
				cut = d.PowerCut(int(seed%3)*40, seed)
			})
		}
		how := []core.Durability{core.Durable, core.Lazy, core.Local, core.Durable}[i%4]
		if err := write(s, i, how); err != nil {
			t.Fatal(err)
		}
		if how == core.Durable {
			mu.Lock()
			confirmed = i + 1
			mu.Unlock()
		}
	}
	wg.Wait()
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	return missing(t, cut, promised)
}

// TestPowerCutAtEveryOperation cuts the power before each operation that changes
// the disk, and before each of those of recovering from some of the cuts.
func TestPowerCutAtEveryOperation(t *testing.T) {
	for _, large := range []int{0, 200} {
		first, second, wrong := cutEverywhere(t, large, func(s core.Store) core.Store { return s })
		if wrong != "" {
			t.Error(wrong)
		}
		t.Logf("%d cuts, %d more while recovering", first, second)
		if first < 300 || second < 300 {
			t.Error("too few to mean much")
		}
	}
}

func TestPowerCutAtEveryOperationFindsAckBeforeSync(t *testing.T) {
	if _, _, wrong := cutEverywhere(t, 0, simdisk.AckBeforeSync); wrong == "" {
		t.Error("a store that confirms before it syncs was not found")
	}
}

// cutEverywhere has values of that length and more stay in the log.
func cutEverywhere(t *testing.T, large int, wrap func(core.Store) core.Store) (first, second int, wrong string) {
	t.Helper()
	o := options(t)
	o.MemTable = 16 << 10 // so many are written to tables, and files of the log used again
	batches := 120
	if large > 0 {
		o.Large, o.Kept, o.MemTable, batches = large, 1, 4<<10, 60
	}
	nested := 10
	if testing.Short() {
		nested = 40
	}
	var mu sync.Mutex // guards all below
	promised := 0
	check := func(d *simdisk.Disk) {
		if wrong == "" {
			wrong = missing(t, d, promised)
		}
	}
	d := simdisk.New()
	d.OnWrite(func() {
		mu.Lock()
		defer mu.Unlock()
		first++
		cut := d.PowerCut(first%4*30, uint64(first))
		if first%nested == 0 {
			var inner sync.Mutex
			again := cut.PowerCut(100, 0)
			again.OnWrite(func() {
				inner.Lock()
				defer inner.Unlock()
				second++
				check(again.PowerCut(second%4*30, uint64(second)))
			})
			check(again)
		}
		check(cut)
	})
	disk, err := d.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s := wrap(disk)
	for i := range batches {
		how := []core.Durability{core.Durable, core.Lazy, core.Local, core.Durable}[i%4]
		if err := write(s, i, how); err != nil {
			t.Fatal(err)
		}
		if how == core.Durable {
			mu.Lock()
			promised = i + 1
			mu.Unlock()
		}
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	return first, second, wrong
}

// A batch sets a key of its own, takes the one before from a shared count, and
// is large enough for tables to be written along the way.
func write(s core.Store, i int, how core.Durability) error {
	b := s.NewBatch()
	b.Set(fmt.Appendf(nil, "m%06d", i), fmt.Appendf(nil, "%0500d", i))
	b.Set(fmt.Appendf(nil, "b%06d", i), []byte{0, 0, 0, 2})
	b.Release(fmt.Appendf(nil, "b%06d", i))
	if i > 0 {
		b.Release(fmt.Appendf(nil, "b%06d", i-1))
	}
	b.Set([]byte("h"), fmt.Appendf(nil, "%d", i+1))
	return s.Apply(b, how)
}

func missing(t *testing.T, d *simdisk.Disk, promised int) string {
	t.Helper()
	s, err := d.Open(options(t))
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	found, bodies := 0, 0
	wrong := ""
	err = s.Scan([]byte("m"), []byte("n"), false, func(k, v []byte) bool {
		if string(k) != fmt.Sprintf("m%06d", found) || string(v) != fmt.Sprintf("%0500d", found) {
			wrong = fmt.Sprintf("batch %d is %q", found, k)
		}
		found++
		return wrong == ""
	})
	err = errors.Join(err, s.Scan([]byte("b"), []byte("c"), false, func(k, _ []byte) bool {
		if string(k) != fmt.Sprintf("b%06d", found-1) {
			wrong = fmt.Sprintf("body %s left of %d", k, found)
		}
		bodies++
		return true
	}))
	head := 0
	_, headErr := s.Get([]byte("h"), func(v []byte) error { _, err := fmt.Sscan(string(v), &head); return err })
	switch {
	case err != nil || headErr != nil:
		return errors.Join(err, headErr).Error()
	case wrong != "":
		return wrong
	case found < promised:
		return fmt.Sprintf("%d confirmed, %d there", promised, found)
	case head != found || found > 0 && bodies != 1:
		return fmt.Sprintf("half a batch: %d entries, head %d, %d bodies", found, head, bodies)
	}
	return ""
}

// TestCutTwice: a store that recovered is as good as any when cut again.
func TestCutTwice(t *testing.T) {
	d := simdisk.New()
	for round := range 10 {
		s, err := d.Open(options(t))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			b := s.NewBatch()
			b.Set(fmt.Appendf(nil, "k%d-%d", round, i), make([]byte, 30_000))
			if err := s.Apply(b, core.Durable); err != nil {
				t.Fatal(err)
			}
		}
		next := d.PowerCut(50, uint64(round))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		d = next
		r, err := d.Check()
		if err != nil || r.Keys['k'].Keys != uint64(round+1)*3 {
			t.Fatalf("round %d: %+v, %v", round, r, err)
		}
	}
}

// TestBreak: after a sync or a write failed nothing is confirmed, the failure
// is final, and what was confirmed before is there at the next start.
func TestBreak(t *testing.T) {
	for _, what := range []simdisk.Breakage{simdisk.Syncs, simdisk.Writes} {
		d := simdisk.New()
		o := options(t)
		var fatal []error
		o.Fatal = func(err error) { fatal = append(fatal, err) }
		s, err := d.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(s, 0, core.Durable); err != nil {
			t.Fatal(err)
		}
		d.Break(what)
		first := write(s, 1, core.Durable)
		if !errors.Is(first, simdisk.ErrBroken) || len(fatal) != 1 || !errors.Is(fatal[0], simdisk.ErrBroken) {
			t.Fatalf("Apply: %v, Fatal: %v", first, fatal)
		}
		d.Break(simdisk.Nothing) // it works again, and is not to be believed
		for i := range 3 {
			for _, how := range []core.Durability{core.Durable, core.Lazy, core.Local} {
				if err := write(s, 2+i, how); err == nil || err.Error() != first.Error() {
					t.Errorf("after the failure Apply returned %v", err)
				}
			}
		}
		after := d.PowerCut(0, 1)
		if err := s.Close(); err == nil {
			t.Error("Close of a failed store says that all is durable")
		}
		if len(fatal) != 1 {
			t.Errorf("Fatal was called %d times", len(fatal))
		}
		if lost := missing(t, after, 1); lost != "" {
			t.Error(lost)
		}
	}
}

// TestFull: Room follows free space, and what frees space is still applied.
func TestFull(t *testing.T) {
	d := simdisk.New()
	o := options(t)
	o.MinFree, o.ProbeEvery = 1<<20, 0
	d.SetFree(1 << 19)
	s, err := d.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Room() {
		t.Error("room below the watermark")
	}
	if err := write(s, 0, core.Durable); err != nil {
		t.Error(err)
	}
}
