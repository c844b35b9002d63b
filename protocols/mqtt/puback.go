package mqtt

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// PUBACK from a client (3.4): a QoS 1 delivery is done with, whatever its
// reason code. One that nobody waits for is passed over, as it may be of a
// delivery that another connection of the session got. PUBACKs to a client are
// in acks.go.

func (c *conn) puback(f wire.Frame) error {
	a, err := wire.DecodeAck(c.version(), f)
	if err != nil {
		return err
	}
	s := c.s
	s.mu.Lock()
	sl := s.out[a.PacketID]
	if sl == nil || !sl.counted {
		s.mu.Unlock()
		return nil
	}
	if sl.qos != 1 {
		s.mu.Unlock()
		return protocolError(wire.ProtocolError, "MQTT-4.3.3-4", "PUBACK for a QoS 2 delivery")
	}
	c.release(sl)
	s.mu.Unlock()
	if sl.stored {
		c.endExchange(sl)
	}
	c.acked.add(sl)
	return nil
}

// ackBatch settles the acknowledgements of one read together.
type ackBatch struct {
	consumer *core.Consumer
	receipts []core.Receipt
}

func (b *ackBatch) add(sl *slot) {
	if sl.consumer == nil { // a retained value
		return
	}
	if b.consumer != sl.consumer {
		b.settle()
		b.consumer = sl.consumer
	}
	b.receipts = append(b.receipts, sl.receipt)
}

func (b *ackBatch) settle() {
	if len(b.receipts) > 0 {
		b.consumer.Settle(core.Ack, true, b.receipts, nil, nil, nil, 0)
		b.receipts = b.receipts[:0]
	}
}
