package main

import (
	"context"
	"net"

	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/sns"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt"
)

// dialects are the doors' pure functions that core calls, by the names under
// which they declare things.
func dialects() map[string]core.Dialect {
	return map[string]core.Dialect{mqtt.DialectName: mqtt.Dialect(), fields.SNS: sns.Dialect()}
}

// envelope is what a packet may be longer than the largest message.
const envelope = 64 << 10

// openMQTT opens the door for MQTT. One handler serves all listeners: a client
// id is one across them.
func (in *instance) openMQTT(d *doors, all []net.Listener) error {
	h := mqtt.New(mqtt.Config{
		Broker: in.broker, Access: in.access, Log: in.log, MaxPacket: int(in.cfg.Limits.MaxMessageSize) + envelope,
		MaxSubscriptions: in.cfg.Limits.MaxSubscriptions,
		ServerReference:  in.cfg.MQTT.ServerReference, ResponseInformation: in.cfg.MQTT.ResponseInformation,
	})
	d.mqtt = h.Stats()
	for i, ln := range all {
		anonymous := in.cfg.Anonymous(in.cfg.MQTT.AllowAnonymous, in.cfg.MQTT.Listen[i])
		if err := d.server.Start(ln, "mqtt", h.AllowAnonymous(anonymous)); err != nil {
			return err
		}
		d.add("mqtt", ln)
	}
	if every := in.cfg.MQTT.SysInterval; every > 0 && len(all) > 0 {
		ctx, stop := context.WithCancel(context.Background())
		d.stopSys = stop
		d.sys.Go(func() { h.ServeSys(ctx, every, version()) })
	}
	return nil
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
