package mqtt

import "github.com/slipwaymq/slipway/protocols/mqtt/wire"

// UNSUBSCRIBE and UNSUBACK (3.10, 3.11). What is in the session's queue is
// still delivered, as [MQTT-3.10.4-3] allows; retained values that have not come
// so far are not.

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
	r := &reply{c: c, unsubscribe: true, id: pk.PacketID, codes: make([]wire.Code, len(keys))}
	found, err := c.unbind(r, keys)
	if err != nil && c.version() != wire.V5 {
		return err // an UNSUBACK could only say yes
	}
	for i := range r.codes {
		if r.places = append(r.places, i); !found[i] {
			r.codes[i] = wire.NoSubscriptionExisted
		}
	}
	for i := range pk.Filters {
		if filter := pk.Filters[i].Filter; wire.Shared(filter) {
			c.leaveGroup(filter)
		}
	}
	r.settle(nil) // the read loop flushes
	return nil
}

func (c *conn) unbind(r *reply, keys []string) (found []bool, err error) {
	if c.expectReply(r) {
		found, err = c.ns.Unbind(keys...)
		r.settle(err)
		return found, err
	}
	if found, err = c.ns.UnbindLater(r, 0, keys...); err != nil {
		r.settle(err)
	}
	return found, err
}

// stopSubscription ends what a subscription has going on this connection.
func (c *conn) stopSubscription(filter string) {
	c.joining.Lock()
	c.stop(filter)
	c.adopted(filter, nil)
	c.joining.Unlock()
	c.s.mu.Lock()
	gone := c.forgetRetained(filter)
	c.s.mu.Unlock()
	for _, r := range gone {
		c.s.dropCursor(r)
	}
}
