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
//	the same of bridges                                    no-local and retain-as-published, in 3.x (bridge.go)
//	subscription identifier                                5
//	$share/<group>/<filter>                                every version
//	$queue/<name>                                          every version; the queue must exist
//	refused                                                a reason code each; before 5: 0x80
//
// All filters of a packet are bound in one durable step before SUBACK; nobody
// waits for it (replies.go).

func (c *conn) subscribe(f wire.Frame) error {
	pk, err := wire.DecodeSubscribe(c.version(), f)
	if err != nil {
		return err
	}
	if c.bridge {
		asBridge(pk.Filters)
	}
	r := &reply{c: c, id: pk.PacketID, codes: make([]wire.Code, len(pk.Filters))}
	var bindings []*core.Binding
	for i := range pk.Filters {
		sub := &pk.Filters[i]
		r.codes[i] = wire.Code(sub.Qos)
		b, err := c.subscribeOne(sub, len(bindings))
		switch {
		case err != nil:
			r.codes[i] = subscribeCode(err)
			r.reasons = append(r.reasons, reasonOf(err))
			c.tellRefused("a subscription is refused", sub.Filter, err)
		case b != nil:
			bindings, r.places = append(bindings, b), append(r.places, i)
		default:
			r.joined = append(r.joined, i)
		}
	}
	c.bind(pk, r, bindings)
	return nil
}

// bind has the bindings made, and SUBACK sent when they are durable.
func (c *conn) bind(pk *packets.Packet, r *reply, bindings []*core.Binding) {
	full := c.expectReply(r)
	var existed []bool
	var err error
	switch {
	case len(bindings) == 0 && len(r.joined) == 0:
		r.settle(nil)
	case len(bindings) == 0: // what stands for them is on its way to the store
		c.s.core.SetState(core.StateChange{Key: stateIn}, r, 0) // no packet id is 0: it changes nothing
		if full {
			err = c.settled()
		}
	case full:
		existed, err = c.ns.Bind(bindings...)
		r.settle(err)
	default:
		if existed, err = c.ns.BindLater(r, 0, bindings...); err != nil {
			r.settle(err)
		}
	}
	if err == nil {
		r.retained = c.wantRetained(pk, r.places, bindings, existed)
		c.recordWanted(r)
	}
	r.settle(nil) // the read loop flushes
}

// settled returns when all that was submitted before is durable.
func (c *conn) settled() error {
	w := make(waiting, 1)
	c.s.core.SetState(core.StateChange{Key: stateIn}, w, 0)
	return <-w
}

// waiting is a Confirm that the read loop waits for.
type waiting chan error

func (w waiting) Confirmed(_ uint64, o core.Outcome) bool { w <- o.Err; return false }
func (waiting) Flush()                                    {}

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
func (c *conn) subscribeOne(sub *packets.Subscription, more int) (*core.Binding, error) {
	n := noteOf(sub)
	if err := c.roomFor(sub.Filter, more); err != nil {
		return nil, err
	}
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

// roomFor bounds a session's subscriptions; more are being made beside it.
func (c *conn) roomFor(filter string, more int) error {
	most := c.h.cfg.MaxSubscriptions
	if c.s.core.Queue().Bindings()+more < most {
		return nil
	}
	if _, there := c.ns.Binding(c.keyOf(filter)); there {
		return nil // it is replaced
	}
	return protocolError(wire.QuotaExceeded, "3.9.3", "a session has at most %d subscriptions", most)
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

// wantRetained are the retained values that the subscriptions ask for
// (3.8.3.1). They follow SUBACK.
func (c *conn) wantRetained(pk *packets.Packet, places []int, bindings []*core.Binding, existed []bool) (list []*retainedValues) {
	for k, b := range bindings {
		sub := &pk.Filters[places[k]]
		if sub.RetainHandling == 2 || sub.RetainHandling == 1 && existed[k] {
			continue
		}
		list = append(list, &retainedValues{
			filter: sub.Filter, note: noteOf(sub), cursor: c.ns.Retained(b.Filter), since: c.h.cfg.Broker.Now(), batch: c.h.sys.matching(c.ns.Name(), b.Filter),
		})
	}
	return list
}

// recordWanted makes the cursors over retained values durable before SUBACK: with it
// the client is owed the values, whatever happens before the first is sent.
func (c *conn) recordWanted(r *reply) {
	s := c.s
	s.mu.Lock()
	changes := s.recordCursors(r.retained)
	if len(changes) > 0 {
		r.owed++
	}
	s.mu.Unlock()
	for i, change := range changes {
		if i < len(changes)-1 {
			s.core.SetState(change, nil, 0)
		} else {
			s.core.SetState(change, r, 0) // and with it all before
		}
	}
}
