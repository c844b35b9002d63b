package mqtt

import "github.com/slipwaymq/slipway/protocols/mqtt/wire"

// AUTH (3.15): no authentication method is supported yet, so that CONNECT
// refuses every one and an AUTH that comes later breaks the protocol.

func (c *conn) auth(f wire.Frame) error {
	if _, err := wire.DecodeAuth(f); err != nil {
		return err
	}
	return protocolError(wire.ProtocolError, "MQTT-4.12.1-1", "AUTH on a connection without enhanced authentication")
}
