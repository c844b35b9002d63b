package mqtt

import "sync"

// online are the connections that were let in.
type online struct {
	mu   sync.Mutex
	m    map[*conn]struct{} // guarded by mu
	most int                // guarded by mu; there ever were at once
	sent uint64             // guarded by mu; bytes to those that are gone
}

func (on *online) add(c *conn) {
	on.mu.Lock()
	defer on.mu.Unlock()
	on.m[c] = struct{}{}
	on.most = max(on.most, len(on.m))
}

func (on *online) remove(c *conn) {
	on.mu.Lock()
	defer on.mu.Unlock()
	if _, there := on.m[c]; there {
		delete(on.m, c)
		on.sent += c.nc.Out.Written()
	}
}

// look counts them, and the bytes that were ever sent.
func (on *online) look() (now, most int, sent uint64) {
	on.mu.Lock()
	defer on.mu.Unlock()
	sent = on.sent
	for c := range on.m {
		sent += c.nc.Out.Written()
	}
	return len(on.m), on.most, sent
}
