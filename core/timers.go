package core

import (
	"container/heap"
	"sync"
	"time"
)

// timers calls functions at their time on one goroutine of the clock's. It
// holds one alarm of the clock, for the earliest. Setting a timer never
// blocks on a function that is running.
type timers struct {
	clock Clock
	now   func() int64

	mu     sync.Mutex
	queue  timerHeap // guarded by mu
	alarm  int64     // guarded by mu; when the clock will call, 0 for not
	cancel func() bool
	closed bool           // guarded by mu
	idle   sync.WaitGroup // alarms that will still run
}

// longestAlarm keeps far times from overflowing a Duration; fire looks again.
const longestAlarm = 24 * 60 * 60 * 1000

// A timer calls f when its time has come. f may set it again.
type timer struct {
	t  *timers
	f  func()
	at int64 // guarded by timers.mu; 0 when not set
	i  int   // guarded by timers.mu; place in the heap
}

func newTimers(clock Clock, now func() int64) *timers { return &timers{clock: clock, now: now} }

func (t *timers) new(f func()) *timer { return &timer{t: t, f: f, i: -1} }

// set makes it fire at that time (ms); 0 unsets it.
func (t *timer) set(at int64) {
	ts := t.t
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.closed || t.at == at {
		return
	}
	switch {
	case at == 0:
		heap.Remove(&ts.queue, t.i)
	case t.i < 0:
		t.at = at
		heap.Push(&ts.queue, t)
	default:
		t.at = at
		heap.Fix(&ts.queue, t.i)
	}
	t.at = at
	ts.arm()
}

// start is set, if it is not set.
func (t *timer) start(at int64) {
	t.t.mu.Lock()
	idle := t.at == 0
	t.t.mu.Unlock()
	if idle { // another's at the same moment is as good
		t.set(at)
	}
}

// arm asks the clock for the earliest. Lock held.
func (t *timers) arm() {
	if len(t.queue) == 0 || t.closed || t.alarm != 0 && t.alarm <= t.queue[0].at {
		return
	}
	t.disarm()
	t.alarm = t.queue[0].at
	t.idle.Add(1)
	wait := min(max(0, t.alarm-t.now()), longestAlarm)
	t.cancel = t.clock.AfterFunc(time.Duration(wait)*time.Millisecond, t.fire)
}

func (t *timers) disarm() {
	if t.alarm != 0 && t.cancel() {
		t.idle.Done()
	}
	t.alarm = 0
}

func (t *timers) fire() {
	defer t.idle.Done()
	for {
		t.mu.Lock()
		if t.closed || len(t.queue) == 0 || t.queue[0].at > t.now() {
			t.disarm() // of this alarm, or of one set meanwhile
			t.arm()
			t.mu.Unlock()
			return
		}
		tm := heap.Pop(&t.queue).(*timer)
		tm.at = 0
		t.mu.Unlock()
		tm.f()
	}
}

// close unsets everything and waits for a function that is running.
func (t *timers) close() {
	t.mu.Lock()
	t.closed = true
	t.disarm()
	t.mu.Unlock()
	t.idle.Wait()
}

type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.i = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.i = -1
	return t
}
