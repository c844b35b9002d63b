package mqtt

import "github.com/slipwaymq/slipway/protocols/mqtt/wire"

// PUBCOMP from a client (3.7): a QoS 2 delivery is over and its packet id free.

func (c *conn) pubcomp(f wire.Frame) error {
	a, err := wire.DecodeAck(c.version(), f)
	if err != nil {
		return err
	}
	s := c.s
	s.mu.Lock()
	sl := s.out[a.PacketID]
	if sl == nil || sl.qos != 2 || sl.phase < releasing {
		s.mu.Unlock()
		return nil
	}
	counted, consumer := sl.counted, sl.consumer
	c.release(sl)
	s.mu.Unlock()
	c.endExchange(sl)
	if counted && consumer != nil {
		consumer.AddCredit(1) // the message itself was settled at PUBREC
	}
	return nil
}
