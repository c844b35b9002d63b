package amqp091

import (
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// The trail of dead-lettering as RabbitMQ writes it into headers.

var reasonNames = map[core.DeathReason]string{
	core.Rejected: "rejected", core.Expired: "expired", core.MaxLength: "maxlen", core.DeliveryLimit: "delivery_limit",
}

// withDeaths is a table with the trail of m instead of any that it had.
func withDeaths(t wire.Table, m *core.Message) wire.Table {
	t = edit(t, func(name string, v wire.Value) (wire.Value, bool) {
		return v, name != "x-death" && !strings.HasPrefix(name, "x-first-death-") && !strings.HasPrefix(name, "x-last-death-") &&
			(name != headerCC || len(m.Keys) > 0) // gone with a routing key of the dead-letter exchange's own
	})
	trail := make([]wire.Value, len(m.Deaths))
	for i := range m.Deaths {
		trail[arguments.DeathPlace(i, len(m.Deaths))] = death(&m.Deaths[i])
	}
	t = wire.AppendField(t, "x-death", wire.ArrayValue(trail...))
	first, last := firstDeath(m.Deaths), &m.Deaths[0]
	for _, f := range []struct {
		name string
		d    *core.Death
	}{{"x-first-death-", first}, {"x-last-death-", last}} {
		t = wire.AppendField(t, f.name+"exchange", wire.StringValue(f.d.Source.Exchange()))
		t = wire.AppendField(t, f.name+"queue", wire.StringValue(f.d.Queue))
		t = wire.AppendField(t, f.name+"reason", wire.StringValue(reasonNames[f.d.Reason]))
	}
	return t
}

// firstDeath is the oldest: the trail is in order of the latest, and tells when
// each first was.
func firstDeath(trail []core.Death) *core.Death {
	first := &trail[len(trail)-1]
	for i := len(trail) - 1; i >= 0; i-- {
		if trail[i].Time < first.Time {
			first = &trail[i]
		}
	}
	return first
}

func death(d *core.Death) wire.Value {
	keys := []wire.Value{wire.StringValue(d.Source.RoutingKey())}
	for _, key := range d.Keys {
		keys = append(keys, wire.StringValue(key))
	}
	t := wire.AppendField(nil, "count", wire.LongValue(d.Count))
	t = wire.AppendField(t, "reason", wire.StringValue(reasonNames[d.Reason]))
	t = wire.AppendField(t, "queue", wire.StringValue(d.Queue))
	t = wire.AppendField(t, "time", wire.TimeValue(uint64(max(0, d.Time)/1000)))
	t = wire.AppendField(t, "exchange", wire.StringValue(d.Source.Exchange()))
	t = wire.AppendField(t, "routing-keys", wire.ArrayValue(keys...))
	if d.TTL != nil {
		t = wire.AppendField(t, "original-expiration", wire.StringValue(strconv.FormatInt(*d.TTL, 10)))
	}
	return wire.TableValue(t)
}
