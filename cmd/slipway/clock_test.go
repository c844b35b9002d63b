package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// To a clock begun in 2001 the wall clock of today is one that was set forward
// by many years: it keeps to its own time.
func TestClockIgnoresTheWall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		c := clock{start, time.Now()}
		if got := newClock().Now(); !got.Equal(time.Now()) {
			t.Errorf("a new clock says %v", got)
		}
		done := make(chan time.Time)
		c.AfterFunc(time.Hour, func() { done <- c.Now() })
		if got := <-done; !got.Equal(start.Add(time.Hour)) {
			t.Errorf("an hour later it says %v", got)
		}
		if !c.AfterFunc(time.Hour, func() { t.Error("called") })() {
			t.Error("a timer cannot be stopped")
		}
	})
}
