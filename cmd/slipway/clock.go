package main

import "time"

// clock is core's time: the wall clock as it was at the start, and from there
// on the machine's steady count. A wall clock that is set, forwards or back,
// moves no lease, delay or expiry; this clock follows it at the next start. (It
// stands still while the machine is suspended, as leases then do.)
type clock struct {
	wall  time.Time // immutable; without a steady reading
	begun time.Time // immutable; with one, taken at the same moment
}

func newClock() clock {
	now := time.Now()
	return clock{now.Round(0), now}
}

// lookAtClock says when the machine's clock was set: times that the broker
// shows are off from then on.
func (in *instance) lookAtClock() {
	off := time.Now().Round(0).Sub(in.clock.Now().Round(0))
	if by := off - in.off; by.Abs() >= time.Second {
		in.off = off
		in.log.Warn("the machine's clock was set, or the machine was suspended: leases, delays and expiries are not moved by it, and timestamps follow at the next start", "by", by.Round(time.Millisecond))
	}
}

// Now implements core.Clock.
func (c clock) Now() time.Time { return c.wall.Add(time.Since(c.begun)) }

// AfterFunc implements core.Clock.
func (c clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	return time.AfterFunc(d, f).Stop
}
