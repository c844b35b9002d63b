package core

import (
	"reflect"
	"sync"
)

// sharedOptions lets queues of equal options have one copy: a hundred thousand
// queues are mostly declared alike, and options are half of a queue. Of the
// kinds declared last it knows a few, so it holds nothing that matters.
type sharedOptions struct {
	mu     sync.Mutex       // guards all below; a leaf
	recent [8]*QueueOptions // never changed in place
	next   int
}

// share returns options equal to o, which is the callee's from now on and, like
// what is returned, not to be changed.
func (s *sharedOptions) share(o QueueOptions) *QueueOptions {
	if o.Owner != "" {
		return &o // nobody else's
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, have := range s.recent {
		if have != nil && reflect.DeepEqual(have, &o) {
			return have
		}
	}
	s.recent[s.next] = &o
	s.next = (s.next + 1) % len(s.recent)
	return &o
}
