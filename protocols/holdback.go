package protocols

import "time"

// Holdback is how long the publisher of one connection is held back for those who
// are behind with what it publishes: TCP slows its client meanwhile. What it sends
// behind its publishes (acknowledgements, pings) waits with them, so not longer
// than maxHeld for what was read at once; and where waiting did not help, it waits
// for nobody for a while, so that those who are too slow cost it a tenth of its
// time, however many they are. The zero value is ready; read loop only.
type Holdback struct {
	held      time.Duration // for what was read last
	impatient time.Time     // until then nobody is waited for
}

const (
	maxHeld    = 500 * time.Millisecond
	impatience = time.Second
)

// Laggard is somebody who is behind (core.Laggard).
type Laggard interface {
	CatchUp(stop <-chan struct{}) bool
}

// Begin is called with each buffer of input.
func (h *Holdback) Begin() { h.held = 0 }

// Ready says that the publisher may be held back now.
func (h *Holdback) Ready() bool { return h.held < maxHeld && !time.Now().Before(h.impatient) }

// Wait waits until w has caught up, for a bounded time, or stop is ready. Others
// must be able to do all that they do while this connection waits for input.
func (h *Holdback) Wait(w Laggard, stop <-chan struct{}) {
	began := time.Now()
	caughtUp := w.CatchUp(stop)
	after := time.Now()
	h.held += after.Sub(began)
	if !caughtUp {
		h.impatient = after.Add(impatience)
	}
}
