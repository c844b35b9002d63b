package mqtt

import "github.com/slipwaymq/slipway/protocols/mqtt/wire"

// PINGREQ and PINGRESP (3.12, 3.13).

func (c *conn) pingreq(f wire.Frame) error {
	if err := wire.DecodePingreq(f); err != nil {
		return err
	}
	c.write(wire.AppendPingresp)
	return nil
}
