package mqtt

import (
	"slices"

	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// UNSUBSCRIBE and UNSUBACK (3.10, 3.11). What is in the session's queue is
// still delivered, as [MQTT-3.10.4-3] allows; retained values that were not
// sent yet are not.

func (c *conn) unsubscribe(f wire.Frame) error {
	pk, err := wire.DecodeUnsubscribe(c.version(), f)
	if err != nil {
		return err
	}
	keys := make([]string, len(pk.Filters))
	for i := range pk.Filters {
		filter := pk.Filters[i].Filter
		keys[i] = c.keyOf(filter)
		c.stopSubscription(filter)
	}
	found, err := c.ns.Unbind(keys...)
	if err != nil && c.version() != wire.V5 {
		return err // an UNSUBACK could only say yes
	}
	codes := make([]wire.Code, len(keys))
	for i := range codes {
		switch {
		case err != nil:
			codes[i] = codeOf(err)
		case !found[i]:
			codes[i] = wire.NoSubscriptionExisted
		}
	}
	for i := range pk.Filters {
		if filter := pk.Filters[i].Filter; wire.Shared(filter) {
			c.leaveGroup(filter)
		}
	}
	c.write(func(dst []byte) []byte { return wire.AppendUnsuback(dst, c.peer, pk.PacketID, codes, "") })
	return nil
}

// stopSubscription ends what a subscription has going on this connection.
func (c *conn) stopSubscription(filter string) {
	c.stop(filter)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.retained = slices.DeleteFunc(c.retained, func(r *retainedValues) bool { return r.filter == filter })
}
