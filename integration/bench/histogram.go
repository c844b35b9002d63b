package main

import (
	"math/bits"
	"time"
)

// A histogram of durations, in buckets of a sixteenth of a power of two:
// percentiles are at most 6 % too large.
type histogram struct {
	counts [60 * 16]uint64
	n      uint64
}

func bucket(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < 16 {
		return int(v)
	}
	shift := bits.Len64(v) - 5
	return (shift+1)*16 + int(v>>shift) - 16
}

// top is the largest duration of a bucket.
func top(i int) time.Duration {
	if i < 16 {
		return time.Duration(i)
	}
	shift := i/16 - 1
	return time.Duration((uint64(i%16+16)+1)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(d)]++
	h.n++
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
}

// percentile returns 0 if there is nothing.
func (h *histogram) percentile(p float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	want := uint64(p / 100 * float64(h.n))
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen > want {
			return top(i)
		}
	}
	return top(len(h.counts) - 1)
}
