package mqtt

import "time"

// awaitAcks waits until what was published is acknowledged, so that a server
// that stops does not make its clients publish again.
func (c *conn) awaitAcks(atMost time.Duration) {
	c.s.mu.Lock()
	empty := c.acks.empty
	if len(c.acks.list) > 0 && empty == nil {
		empty = make(chan struct{})
		c.acks.empty = empty
	}
	c.s.mu.Unlock()
	if empty == nil {
		return
	}
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-empty:
	case <-t.C:
	}
}
