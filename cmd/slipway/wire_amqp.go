package main

import (
	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091"
)

// newAMQP makes the door for AMQP 0-9-1.
func (in *instance) newAMQP(d *doors) func(anonymous bool) protocols.Handler {
	product := "Slipway"
	if in.cfg.AMQP.Product == "RabbitMQ" {
		product = in.cfg.AMQP.Product
	}
	h := amqp091.New(amqp091.Config{
		Broker: in.broker, Access: in.access, Log: in.log, Product: product, Version: version(), MaxMessage: int(in.cfg.Limits.MaxMessageSize),
	})
	d.amqp, d.amqpInfos = h.Stats(), h.Infos
	return h.AllowAnonymous
}

func amqpTraffic(s *amqp091.Stats) []admin.Traffic {
	return []admin.Traffic{
		{Door: "amqp", Name: "channels", Help: "Open channels.", Value: float64(s.Channels.Load()), Gauge: true},
		{Door: "amqp", Name: "consumers", Help: "Consumers of open channels.", Value: float64(s.Consumers.Load()), Gauge: true},
		{Door: "amqp", Name: "published", Help: "Messages received.", Value: float64(s.Published.Load())},
		{Door: "amqp", Name: "delivered", Help: "Messages delivered.", Value: float64(s.Delivered.Load())},
		{Door: "amqp", Name: "returned", Help: "Mandatory messages returned.", Value: float64(s.Returned.Load())},
		{Door: "amqp", Name: "nacked", Help: "Messages refused with basic.nack.", Value: float64(s.Nacked.Load())},
	}
}
