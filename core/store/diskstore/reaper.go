package diskstore

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// A reaper collects the keys that were released to zero, as merging finds out,
// and has the next batches delete them. Until then, and where a crash or a
// full reaper forgets one, readers do not see it; a later Scan over it finds
// it again.
type reaper struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

const (
	maxReaped   = 1 << 19 // kept; about 50 MB at the very worst
	reapAtOnce  = 1000    // deleted by one batch
	reapAtClose = 100_000
)

// add may be called from any goroutine, with pebble's locks held.
func (r *reaper) add(key []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[string]struct{}{}
	}
	if len(r.keys) < maxReaped {
		r.keys[string(key)] = struct{}{}
	}
}

// deleteInto moves up to n deletions into the batch.
func (r *reaper) deleteInto(b *pebble.Batch, n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.keys {
		if n--; n < 0 {
			break
		}
		if err := b.Delete([]byte(k), nil); err != nil {
			return err
		}
		delete(r.keys, k)
	}
	return nil
}

func (r *reaper) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.keys) == 0
}
