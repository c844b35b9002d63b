package mqtt

import (
	"slices"

	"github.com/slipwaymq/slipway/core"
)

// Retained values for a new subscription (3.3.1.3): a cursor walks them as the
// client takes them, so a subscription to a million costs what it sends. They
// take of the receive maximum as deliveries do. What is unacknowledged when the
// connection ends is sent again on the next; a restart forgets it.

type retainedValues struct {
	filter string // of the subscription
	note   note
	cursor *core.RetainedCursor // nil: only batch
	since  int64                // ms; what was published later came through the binding
	batch  []*core.Message      // fetched and not sent; the pump's
}

const retainedBatch = 64

// canSendRetained: lock held.
func (c *conn) canSendRetained() bool {
	return len(c.retained) > 0 && !c.nc.Out.Full() && (c.retained[0].note.qos == 0 || c.quota > 0 && c.s.hasID())
}

// sendRetained sends as many as the client takes now. The pump's.
func (c *conn) sendRetained() {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for !c.ended && c.canSendRetained() {
		r := c.retained[0]
		if len(r.batch) > 0 {
			m := r.batch[0]
			r.batch = r.batch[1:]
			c.writeRetained(m, r.note)
			continue
		}
		s.mu.Unlock()
		c.nc.Out.Flush()
		more := c.fetchRetained(r)
		s.mu.Lock()
		if !more && len(c.retained) > 0 && c.retained[0] == r {
			c.retained = c.retained[1:]
		}
	}
}

func (c *conn) fetchRetained(r *retainedValues) (more bool) {
	if r.cursor == nil {
		return false
	}
	ms, err := r.cursor.Next(retainedBatch)
	fetched := len(ms) > 0 // DeleteFunc may leave none of them
	if err != nil {
		c.h.cfg.Log.Error("retained messages cannot be read", "filter", r.filter, "error", err)
		return false
	}
	r.batch = slices.DeleteFunc(ms, func(m *core.Message) bool { return m.PublishedAt > r.since })
	return fetched
}

// writeRetained: lock held.
func (c *conn) writeRetained(m *core.Message, n note) {
	if !c.mayReceive(m) { // asked for on an earlier connection
		c.h.counters.Revoked.Add(1)
		return
	}
	published, _, _ := origin(m, 0, lost{})
	qos := min(n.qos, published)
	if qos == 0 {
		c.writeFull(m, n, true)
		return
	}
	sl := c.s.newSlot(c.s.freeID(), qos)
	sl.counted, sl.msg, sl.note = true, m, n
	c.quota--
	c.writePublish(sl, m, n)
}
