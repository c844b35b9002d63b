package mqtt

import (
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// DISCONNECT from a client (3.14): the will is dropped [MQTT-3.14.4-3] unless
// a version 5 client asks for it, and the session's expiry may change.

func (c *conn) disconnect(f wire.Frame) error {
	pk, err := wire.DecodeDisconnect(c.version(), f)
	if err != nil {
		return err
	}
	if p := &pk.Properties; p.SessionExpiryIntervalFlag {
		if c.expiry == 0 && p.SessionExpiryInterval != 0 {
			return protocolError(wire.ProtocolError, "MQTT-3.14.2-2", "a session that ends with the connection cannot be kept now")
		}
		c.expiry = min(secondsOrForever(p.SessionExpiryInterval), c.h.cfg.MaxSessionExpiry)
	}
	c.keepWill = wire.Code(pk.ReasonCode) != wire.Success
	return errGoodbye
}
