package protocols

import "time"

// A flood of May frames that nobody can slow fills an output, and most of it is
// dropped although the client reads as fast as it can. Whoever can hold back the
// flood (TCP then slows its source) waits for the client to catch up: from half
// of the limit, so that there is room for what others append meanwhile, down to a
// quarter.
//
// Nobody waits for long: a client that is not there within catchUpTime is too slow
// to be waited for until giveUpTime is over, and, if it took nothing at all, until
// it takes something.
const (
	catchUpTime = 100 * time.Millisecond
	giveUpTime  = time.Second
)

// Behind says that the client has so much to read that a flood should be held
// back with CatchUp.
func (o *Output) Behind() bool {
	return int(o.queued.Load()) >= o.limit/2 && !o.closed.Load() && !o.stuck.Load()
}

// CatchUp waits until less than a quarter of the limit is queued, or stop is ready.
// It reports false if the client does not read that fast, or did not lately.
func (o *Output) CatchUp(stop <-chan struct{}) bool {
	caught, written := o.catching(time.Now())
	if caught == nil {
		return false
	}
	t := time.NewTimer(catchUpTime)
	defer t.Stop()
	select {
	case <-caught:
		return true
	case <-stop:
		return true
	case <-t.C:
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.patient = time.Now().Add(giveUpTime)
	o.stuck.Store(o.written == written)
	return false
}

// catching returns a channel that is closed when the client has caught up, nil if
// nobody waits for it, and how much it had taken before.
func (o *Output) catching(now time.Time) (<-chan struct{}, uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Before(o.patient) {
		return nil, 0
	}
	if o.caughtCh == nil {
		o.caughtCh = make(chan struct{})
	}
	ch := o.caughtCh
	o.catchUp()
	return ch, o.written
}

// catchUp lets those go on who wait for the client, if it has caught up; the
// caller holds o.mu.
func (o *Output) catchUp() {
	if o.caughtCh != nil && (o.err != nil || int(o.queued.Load()) < o.limit/4) {
		close(o.caughtCh)
		o.caughtCh = nil
	}
}
