package core

import (
	"slices"
	"sync"
	"sync/atomic"
)

// queueWatch tells who waits for queues that are not there yet.
type queueWatch struct {
	mu   sync.Mutex                      // held to change list
	list atomic.Pointer[[]*queueWatcher] // nil or immutable
}

type queueWatcher struct{ f func(*Queue) }

// WatchQueues has f told of every queue that is created from now on, before who
// creates it goes on; f must not wait. stop ends it; one more call may be under
// way then.
func (ns *Namespace) WatchQueues(f func(*Queue)) (stop func()) {
	w := &queueWatcher{f}
	ns.created.change(func(list []*queueWatcher) []*queueWatcher { return append(list, w) })
	return func() {
		ns.created.change(func(list []*queueWatcher) []*queueWatcher {
			return slices.DeleteFunc(list, func(other *queueWatcher) bool { return other == w })
		})
	}
}

func (qw *queueWatch) change(f func([]*queueWatcher) []*queueWatcher) {
	qw.mu.Lock()
	defer qw.mu.Unlock()
	var list []*queueWatcher
	if old := qw.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = f(list)
	qw.list.Store(&list)
}

func (qw *queueWatch) tell(q *Queue) {
	if list := qw.list.Load(); list != nil {
		for _, w := range *list {
			w.f(q)
		}
	}
}
