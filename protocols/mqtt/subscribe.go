package mqtt

import (
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// SUBSCRIBE and SUBACK (3.8, 3.9).
//
//	QoS, no-local, retain-as-published, retain handling    5; before: QoS
//	subscription identifier                                5
//	$share/<group>/<filter>                                every version
//	$queue/<name>                                          every version; the queue must exist
//	refused                                                a reason code each; before 5: 0x80
//
// All filters of a packet are bound in one durable step before SUBACK.

func (c *conn) subscribe(f wire.Frame) error {
	pk, err := wire.DecodeSubscribe(c.version(), f)
	if err != nil {
		return err
	}
	codes := make([]wire.Code, len(pk.Filters))
	var reasons []string
	var bindings []*core.Binding
	var places []int
	for i := range pk.Filters {
		sub := &pk.Filters[i]
		codes[i] = wire.Code(sub.Qos)
		b, err := c.subscribeOne(sub)
		switch {
		case err != nil:
			codes[i] = subscribeCode(err)
			reasons = append(reasons, reasonOf(err))
		case b != nil:
			bindings, places = append(bindings, b), append(places, i)
		}
	}
	existed, err := c.bind(bindings)
	for _, i := range places {
		if err != nil {
			codes[i] = subscribeCode(err)
		}
	}
	c.write(func(dst []byte) []byte {
		return wire.AppendSuback(dst, c.peer, pk.PacketID, codes, strings.Join(reasons, "; "))
	})
	for k, i := range places {
		if err == nil {
			c.wantRetained(&pk.Filters[i], bindings[k], existed[k])
		}
	}
	return nil
}

func (c *conn) bind(bindings []*core.Binding) ([]bool, error) {
	if len(bindings) == 0 {
		return nil, nil
	}
	return c.ns.Bind(bindings...)
}

func subscribeCode(err error) wire.Code {
	if code := codeOf(err); code != wire.TopicNameInvalid {
		return code
	}
	return wire.TopicFilterInvalid // the same to a subscriber
}

func noteOf(sub *packets.Subscription) note {
	n := note{qos: sub.Qos, asPublished: sub.RetainAsPublished}
	if sub.Identifier > 0 {
		n.ids = []uint32{uint32(sub.Identifier)}
	}
	return n
}

// subscribeOne subscribes to another queue at once, and returns the binding of
// an ordinary subscription.
func (c *conn) subscribeOne(sub *packets.Subscription) (*core.Binding, error) {
	n := noteOf(sub)
	switch {
	case wire.Shared(sub.Filter):
		return nil, c.joinGroup(sub.Filter, n, true)
	case strings.HasPrefix(sub.Filter, queuePrefix):
		return nil, c.consumeQueue(sub.Filter, n, true)
	}
	filter, err := c.mayRead(sub.Filter)
	if err != nil {
		return nil, err
	}
	return &core.Binding{
		Key: c.keyOf(sub.Filter), Dialect: dialectName, Filter: filter, Queue: c.s.core.Queue(), Sink: c.s,
		KeepDurable: sub.Qos > 0, Durable: c.s.core.Durable(), Note: n.encode(), Session: c.s.core, NoLocal: sub.NoLocal,
	}, nil
}

func (c *conn) mayRead(text string) (match.Filter, error) {
	filter, err := match.ParseMQTT(text)
	if err != nil {
		return filter, protocolError(wire.TopicFilterInvalid, "4.7", "%v", err)
	}
	if !c.principal.MayTopic(core.Read, filter) {
		return filter, protocolError(wire.NotAuthorized, "3.9.3", "no permission to subscribe to %s", text)
	}
	return filter, nil
}

// wantRetained has retained values sent as the subscription asks (3.8.3.1).
func (c *conn) wantRetained(sub *packets.Subscription, b *core.Binding, existed bool) {
	if sub.RetainHandling == 2 || sub.RetainHandling == 1 && existed {
		return
	}
	r := &retainedValues{filter: sub.Filter, note: noteOf(sub), cursor: c.ns.Retained(b.Filter), since: c.h.cfg.Broker.Now(), batch: c.h.sys.matching(b.Filter)}
	c.s.mu.Lock()
	c.retained = append(c.retained, r)
	c.s.mu.Unlock()
}
