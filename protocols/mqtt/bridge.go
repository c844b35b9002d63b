package mqtt

import (
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// What a bridge of Mosquitto, which is a client here, needs beyond MQTT
// (mosquitto.conf(5), "Configuring Bridges"):
//
//	try_private       the upper bit of the protocol level says that it is one: then 3.x has no-local
//	                  and retain-as-published on all it subscribes to. 5 says so itself
//	notifications     $SYS/broker/connection/<its own client id>/state may be published to, and be a will: 1 and 0.
//	                  Kept as the other $SYS topics are, in memory, for the readers of its namespace
//	notification_topic, of another name   an ordinary topic

// maxBridges bounds the states that are kept; those of more are passed on only.
const maxBridges = 1000

// stateTopic is where the bridge of a client id says whether it is there.
func stateTopic(clientID string) string {
	return sysPrefix + "broker/connection/" + clientID + "/state"
}

// bridgeState is a key of sys.bridges.
type bridgeState struct{ namespace, topic string }

// saysState says that a topic is the one where this client may say so, and
// what it says is that.
func saysState(clientID, topic string, p *wire.Publish) bool {
	if match.ValidTopicName(clientID) != nil || topic != stateTopic(clientID) {
		return false
	}
	s := string(p.Payload)
	return s == "0" || s == "1"
}

// setBridge keeps a state and returns it, or nil if it is what it was.
func (y *sys) setBridge(ns, topic, text string) *core.Message {
	y.mu.Lock()
	defer y.mu.Unlock()
	key := bridgeState{ns, topic}
	old := y.bridges[key]
	if old != nil && string(old.Body) == text {
		return nil
	}
	m := sysMessage(topic, text)
	if y.bridges == nil {
		y.bridges = map[bridgeState]*core.Message{}
	}
	if old != nil || len(y.bridges) < maxBridges {
		y.bridges[key] = m
	}
	return m
}

// sayState keeps a bridge's state and tells who subscribed to it.
func (c *conn) sayState(text string) {
	topic := stateTopic(c.s.core.ID())
	if m := c.h.sys.setBridge(c.ns.Name(), topic, text); m != nil {
		again := *m
		c.pub.Offer(topic, &again)
	}
}

// asBridge gives a bridge's subscriptions what version 5 could ask for.
func asBridge(subs packets.Subscriptions) {
	for i := range subs {
		subs[i].NoLocal = !wire.Shared(subs[i].Filter)
		subs[i].RetainAsPublished = true
	}
}
