package storetest

import (
	"fmt"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// testRelease: one off the count, the rest of the value untouched, gone at
// zero; with and without tables in between.
func testRelease(t *testing.T, m Maker) {
	for _, compacting := range []bool{false, true} {
		t.Run(fmt.Sprintf("compacting=%v", compacting), func(t *testing.T) {
			s := m.Open(t)
			defer closeStore(t, s)
			step := func(f func(b core.Batch), pairs ...pair) {
				t.Helper()
				apply(t, s, core.Durable, f)
				if compacting {
					compact(t, s)
				}
				want(t, s, pairs...)
			}
			key := []byte("b1")
			release := func(b core.Batch) { b.Release(key) }
			step(func(b core.Batch) { b.Set(key, counted(3, "body")); b.Set([]byte("b2"), counted(1, "")) },
				pair{"b1", string(counted(3, "body"))}, pair{"b2", string(counted(1, ""))})
			step(release, pair{"b1", string(counted(2, "body"))}, pair{"b2", string(counted(1, ""))})
			step(func(b core.Batch) { b.Release([]byte("b2")) }, pair{"b1", string(counted(2, "body"))})
			step(release, pair{"b1", string(counted(1, "body"))})
			step(release)
			step(release) // once too often: nothing there, nothing happens
		})
	}
}

// testReleaseOneBatch: a value released as often as its count says in one
// batch with its Set is simply not there afterwards.
func testReleaseOneBatch(t *testing.T, m Maker) {
	s := m.Open(t)
	defer closeStore(t, s)
	apply(t, s, core.Durable, func(b core.Batch) {
		b.Set([]byte("gone"), counted(2, "x"))
		b.Release([]byte("gone"))
		b.Release([]byte("gone"))
		b.Set([]byte("left"), counted(70_000, "x"))
		for range 69_999 {
			b.Release([]byte("left"))
		}
	})
	want(t, s, pair{"left", string(counted(1, "x"))})
	compact(t, s)
	want(t, s, pair{"left", string(counted(1, "x"))})
	apply(t, s, core.Lazy, func(b core.Batch) { b.Release([]byte("left")) })
	want(t, s)
	compact(t, s)
	want(t, s)
	// In one batch a Delete wins over what was released before it.
	apply(t, s, core.Durable, func(b core.Batch) {
		b.Set([]byte("deleted"), counted(5, ""))
		b.Release([]byte("deleted"))
		b.DeleteRange([]byte("d"), []byte("e"))
	})
	want(t, s)
}

// testReleaseThroughTables: releases in tables of their own, each above the
// other, come together whatever is compacted first.
func testReleaseThroughTables(t *testing.T, m Maker) {
	s := m.Open(t)
	const n = 40
	apply(t, s, core.Durable, func(b core.Batch) {
		for i := range n {
			b.Set(key(i), counted(uint32(i), fmt.Sprint(i)))
		}
	})
	for round := range n {
		apply(t, s, core.Lazy, func(b core.Batch) {
			for i := range n {
				b.Release(key(i))
			}
		})
		if round%5 == 2 {
			compact(t, s)
		}
		if round%7 == 3 && m.Reopen != nil {
			s = m.Reopen(t, s)
		}
		var left []pair
		for i := round + 2; i < n; i++ {
			left = append(left, pair{string(key(i)), string(counted(uint32(i-round-1), fmt.Sprint(i)))})
		}
		want(t, s, left...)
	}
	closeStore(t, s)
}
