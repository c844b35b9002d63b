package main

import (
	"net"

	"github.com/slipwaymq/slipway/core"
)

// dialects are the doors' pure functions that core calls, by the names under
// which they declare things.
func dialects() map[string]core.Dialect {
	return map[string]core.Dialect{}
}

// openMQTT opens the door for MQTT.
func (in *instance) openMQTT(d *doors, all []net.Listener) error {
	for _, ln := range all {
		in.log.Warn("this build has no MQTT door", "listen", ln.Addr())
		if err := ln.Close(); err != nil {
			return err
		}
	}
	return nil
}
