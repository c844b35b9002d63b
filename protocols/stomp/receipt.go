package stomp

import (
	"context"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// receipts are the RECEIPT frames that a connection owes, in order of the frames
// that ask for them: settled in any order, each when what its frame asked for is
// durable, and sent from the front. Guarded by conn.mu.
type receipts struct {
	list  []receipt
	first uint64        // number of list[0]; the first ever is 1, so that 0 is none
	empty chan struct{} // closed when the list is empty, if somebody waits for that
}

type receipt struct {
	id      string
	settled bool
	silent  bool // its frame was refused: the ERROR says so
	opens   *subscription
}

// expect books a receipt; 0 is the number of none.
func (c *conn) expect(id string) (seq uint64) {
	if id == "" {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receipts.list = append(c.receipts.list, receipt{id: id})
	return c.receipts.first + uint64(len(c.receipts.list)-1)
}

// opens has a subscription deliver nothing before its receipt is sent, as
// ActiveMQ and RabbitMQ do: there are clients that know a subscription from then on
// only. What the receipt waits for may take as long as the disk has no room, which
// what the subscription consumes would perhaps make: then it goes first.
func (c *conn) opens(seq uint64, s *subscription) {
	if seq == 0 || c.pub.Parked() > 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receipts.list[seq-c.receipts.first].opens, s.held = s, true
}

// open gives subscriptions the credit that they had to wait for. The pump's.
func (c *conn) open() {
	var consumers []*core.Consumer
	c.mu.Lock()
	for _, s := range c.opening {
		consumers = append(consumers, s.waiting...)
		s.waiting = nil
	}
	c.opening = nil
	c.mu.Unlock()
	addCredit(consumers, allCredit)
}

// settle marks one as due, or, silent, as not to be sent, and sends what can be
// sent. It reports whether a Flush is due.
func (c *conn) settle(seq uint64, silent bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &c.receipts
	if i := seq - r.first; seq < r.first || i >= uint64(len(r.list)) {
		return false
	} else {
		r.list[i].settled, r.list[i].silent = true, silent
	}
	n, sent := 0, false
	for ; n < len(r.list) && r.list[n].settled; n++ {
		if !r.list[n].silent {
			c.writeReceipt(r.list[n].id)
			sent = true
		}
		if s := r.list[n].opens; s != nil {
			s.held, c.opening = false, append(c.opening, s)
		}
		r.list[n] = receipt{}
	}
	r.drop(n)
	return sent && c.nc.Out.Due()
}

func (r *receipts) drop(n int) {
	r.first += uint64(n)
	if r.list = r.list[n:]; len(r.list) > 0 {
		return
	}
	r.list = nil
	if r.empty != nil {
		close(r.empty)
		r.empty = nil
	}
}

// writeReceipt: lock held.
func (c *conn) writeReceipt(id string) {
	c.write(func(dst []byte) []byte {
		dst = wire.AppendCommand(dst, "RECEIPT")
		return wire.AppendEnd(wire.AppendHeader(dst, c.version, "receipt-id", id))
	})
}

// write appends a frame that is sent whatever happens. Lock held: whole frames
// follow each other.
func (c *conn) write(f func(dst []byte) []byte) {
	c.h.counters.FramesOut.Add(1)
	c.encode(f, nil)
}

// confirm is what a core call is given to settle a receipt; nothing without one.
func (c *conn) confirm(seq uint64) core.Confirm {
	if seq == 0 {
		return nil // not a nil *conn
	}
	return c
}

// Confirmed is core.Confirm: what a frame asked for is durable, or refused. STOMP
// can say the latter only by ending the connection.
func (c *conn) Confirmed(seq uint64, o core.Outcome) bool {
	if o.Err == nil {
		return c.settle(seq, false)
	}
	c.mu.Lock()
	id := ""
	if i := seq - c.receipts.first; i < uint64(len(c.receipts.list)) {
		id = c.receipts.list[i].id
	}
	c.mu.Unlock()
	c.nc.Stop(about(o.Err, id))
	return c.settle(seq, true)
}

// awaitReceipts waits until all that are booked are sent, or the time is over.
func (c *conn) awaitReceipts(ctx context.Context, atMost time.Duration) {
	c.mu.Lock()
	empty := c.receipts.empty
	if len(c.receipts.list) > 0 && empty == nil {
		empty = make(chan struct{})
		c.receipts.empty = empty
	}
	c.mu.Unlock()
	if empty == nil {
		return
	}
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-empty:
	case <-t.C:
	case <-ctx.Done():
	}
}
