package stomp

import (
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// DISCONNECT: the connection ends once every receipt that is owed is sent, its
// own as the last. What it still holds goes back.
func (c *conn) disconnect(_ *wire.Frame, seq uint64) (bool, error) {
	if seq != 0 {
		c.settle(seq, false)
	}
	c.nc.Out.Flush()
	c.reading.Store(false) // receipts flush themselves while we wait
	c.awaitReceipts(c.ctx, goodbyeTime)
	return true, errGoodbye
}
