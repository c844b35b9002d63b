package mqtt

import (
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// lost counts the fields of a message that a client's version cannot carry. The
// zero value counts nothing.
type lost struct {
	broker *core.Broker
	m      *core.Message
	to     string
}

// lostTo counts for clients of a version: MQTT 3 has topic, payload and QoS alone.
func (h *Handler) lostTo(v wire.Version, m *core.Message) lost {
	if v == wire.V5 {
		return lost{h.cfg.Broker, m, "mqtt5"}
	}
	return lost{h.cfg.Broker, m, "mqtt3"}
}

func (l lost) field(name string) {
	if l.broker != nil {
		l.broker.Lost(name, l.m, l.to)
	}
}

func (l lost) all() {
	if l.broker == nil {
		return
	}
	for name := range l.m.Fields() {
		l.field(name)
	}
}
