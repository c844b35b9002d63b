package main

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/sns"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091"
	"github.com/slipwaymq/slipway/protocols/mqtt"
	"github.com/slipwaymq/slipway/protocols/stomp"
)

// dialects are the doors' pure functions that core calls, by the names under
// which they declare things.
func dialects() map[string]core.Dialect {
	return map[string]core.Dialect{mqtt.DialectName: mqtt.Dialect(), amqp091.DialectName: amqp091.Dialect(), stomp.DialectName: stomp.Dialect(), fields.SNS: sns.Dialect()}
}

// envelope is what a packet may be longer than the largest message.
const envelope = 64 << 10

// newMQTT makes the door for MQTT. One handler serves all listeners: a client
// id is one across them.
func (in *instance) newMQTT(d *doors) func(anonymous bool) protocols.Handler {
	h := mqtt.New(mqtt.Config{
		Broker: in.broker, Access: in.access, Log: in.log, MaxPacket: int(in.cfg.Limits.MaxMessageSize) + envelope,
		MaxSubscriptions: in.cfg.Limits.MaxSubscriptions,
		ServerReference:  in.cfg.MQTT.ServerReference, ResponseInformation: in.cfg.MQTT.ResponseInformation,
	})
	d.mqtt = h.Stats()
	if every := in.cfg.MQTT.SysInterval; every > 0 && in.cfg.Open("mqtt", "websocket") {
		d.background(func(ctx context.Context) { h.ServeSys(ctx, every, version()) })
	}
	return h.AllowAnonymous
}

func mqttTraffic(s *mqtt.Stats) []admin.Traffic {
	return []admin.Traffic{
		{Door: "mqtt", Name: "publishes_refused", Help: "Publishes answered with an error, or dropped.", Value: float64(s.Refused.Load())},
		{Door: "mqtt", Name: "deliveries_too_large", Help: "Deliveries dropped since the client takes none so long.", Value: float64(s.TooLarge.Load())},
		{Door: "mqtt", Name: "takeovers", Help: "Connections that a newer one of the same client ended.", Value: float64(s.Takeovers.Load())},
		{Door: "mqtt", Name: "qos0_offline", Help: "QoS 0 messages for a session without a connection.", Value: float64(s.Offline.Load())},
		{Door: "mqtt", Name: "revoked", Help: "Subscriptions and stored messages dropped since their user may no longer read them.", Value: float64(s.Revoked.Load())},
	}
}
