package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// Bench runs every load against a store and beside it against a RawLog in dir,
// which should be on the same disk, and reports the ratio of their rates.
func Bench(b *testing.B, dir string, open func(b *testing.B) core.Store) {
	for _, size := range []int{256, 1024} {
		for _, l := range Loads(size) {
			b.Run(fmt.Sprintf("%s/%d", l.Name, size), func(b *testing.B) {
				for b.Loop() {
					benchOnce(b, l, dir, open(b))
				}
			})
		}
	}
}

func benchOnce(b *testing.B, l Load, dir string, s core.Store) {
	const each = time.Second
	r, err := OpenRawLog(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	defer s.Close()
	if _, err := MeasureStore(s, l, 1, each/2); err != nil {
		b.Fatal(err)
	}
	store, err := MeasureStore(s, l, 2, each)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := MeasureRaw(r, l, each)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(store.Rate(), "store/s")
	b.ReportMetric(raw.Rate(), "raw/s")
	b.ReportMetric(store.Rate()/raw.Rate(), "ratio")
}
