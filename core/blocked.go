package core

import (
	"slices"
	"sync"
	"time"
)

// blocked is whether publishes are admitted, for those who tell their clients
// (AMQP's connection.blocked). It is looked at once a second while somebody
// wants to know: what parks a publish for less is no news.
type blocked struct {
	mu       sync.Mutex
	held     string // guarded by mu; an operator's reason, "" for none
	reason   string // guarded by mu; what the watchers were told
	since    int64  // guarded by mu; when a look first found publishes parked, ms; 0: none were at the last
	watchers []*blockWatcher
	timer    *timer // immutable
}

type blockWatcher struct{ f func(reason string) }

// The reasons of WatchBlocked that are the broker's own, in RabbitMQ's words.
const (
	lowOnMemory  = "low on memory"
	lowOnDisk    = "low on disk"
	blockedEvery = time.Second
)

// HoldPublishes has publishes parked, as over the memory budget, until it is
// called with "": an operator's alarm.
func (b *Broker) HoldPublishes(reason string) {
	b.blocked.mu.Lock()
	b.blocked.held = reason
	b.blocked.mu.Unlock()
	b.holding.Store(reason != "")
	b.committer.submit(&change{}, Local, 0) // which unparks what may go on
	b.lookBlocked()
}

// WatchBlocked has f told with a reason when publishes are no longer admitted,
// and with "" when they are again; at once if they are not now. Calls come
// one at a time; f must not wait, and call nothing of the broker. stop ends it.
func (b *Broker) WatchBlocked(f func(reason string)) (stop func()) {
	s := &b.blocked
	w := &blockWatcher{f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, w)
	if s.reason != "" {
		f(s.reason)
	}
	s.lookSoon(b)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.watchers = slices.DeleteFunc(s.watchers, func(x *blockWatcher) bool { return x == w })
	}
}

// lookBlocked finds out whether publishes are admitted, and tells.
func (b *Broker) lookBlocked() {
	s := &b.blocked
	b.parkMu.Lock()
	parked := len(b.parked) > 0
	b.parkMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	reason, room, now := s.held, b.store.Room(), b.Now()
	if !parked || !room || s.held != "" {
		s.since = 0
	} else if s.since == 0 {
		s.since = now
	}
	switch {
	case reason != "":
	case !room:
		reason = lowOnDisk
	case s.since != 0 && now-s.since >= blockedEvery.Milliseconds():
		reason = lowOnMemory
	}
	if reason != s.reason {
		s.reason = reason
		for _, w := range s.watchers {
			w.f(reason)
		}
	}
	if parked && room {
		b.committer.submit(&change{}, Local, 0) // which unparks what waited for room
	}
	if parked || len(s.watchers) > 0 {
		s.lookSoon(b)
	}
}

// lookSoon has lookBlocked called, unless it will be anyway: connections that
// come and go must not put it off.
func (s *blocked) lookSoon(b *Broker) { s.timer.start(b.Now() + blockedEvery.Milliseconds()) }

// Blocked is why publishes are not admitted, "" if they are. It is as fresh as
// what watchers were told; without any it looks now.
func (b *Broker) Blocked() string {
	b.blocked.mu.Lock()
	watched := len(b.blocked.watchers) > 0
	b.blocked.mu.Unlock()
	if !watched {
		b.lookBlocked()
	}
	b.blocked.mu.Lock()
	defer b.blocked.mu.Unlock()
	return b.blocked.reason
}
