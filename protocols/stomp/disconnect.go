package stomp

import (
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// DISCONNECT: the connection ends once every receipt that is owed is sent, its
// own as the last. What it still holds goes back. Deliveries stop before that: with
// the RECEIPT in hand the client may close, and a message that is written to it then
// would count as taken (ack:auto), and be lost to a durable subscriber.
func (c *conn) disconnect(_ *wire.Frame, seq uint64) (bool, error) {
	c.stopDeliveries()
	c.place.Leave() // with the RECEIPT in hand the client may connect again
	if seq != 0 {
		c.settle(seq, false)
	}
	c.nc.Out.Flush()
	c.reading.Store(false) // receipts flush themselves while we wait
	c.awaitReceipts(c.ctx, goodbyeTime)
	return true, errGoodbye
}

// stopDeliveries: nothing that comes from now on is sent, nor what waits here.
func (c *conn) stopDeliveries() {
	var back []outgoing
	for _, s := range c.subs {
		s.stopBrowsing()
		_, surplus := s.halt()
		back = append(back, surplus...)
	}
	c.mu.Lock()
	back = append(back, c.backlog...)
	c.backlog = nil
	c.mu.Unlock()
	c.release(back, false)
}
