package main

import (
	"github.com/slipwaymq/slipway/bridge/admin"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/stomp"
)

// stompSubprotocols are STOMP's names over WebSocket.
var stompSubprotocols = []string{"v12.stomp", "v11.stomp", "v10.stomp", "stomp"}

// newSTOMP makes the door for STOMP.
func (in *instance) newSTOMP(d *doors) func(anonymous bool) protocols.Handler {
	h := stomp.New(stomp.Config{
		Broker: in.broker, Access: in.access, Log: in.log, Version: version(), MaxBody: int(in.cfg.Limits.MaxMessageSize),
		MaxSubscriptions: in.cfg.Limits.MaxSubscriptions, Prefetch: in.cfg.STOMP.Prefetch, Dialect: in.cfg.STOMP.Dialect,
	})
	d.stomp = h.Stats()
	return h.AllowAnonymous
}

func stompTraffic(s *stomp.Stats) []admin.Traffic {
	return []admin.Traffic{
		{Door: "stomp", Name: "connects", Help: "CONNECT frames accepted.", Value: float64(s.Connects.Load())},
		{Door: "stomp", Name: "errors", Help: "ERROR frames sent, each of which ends a connection.", Value: float64(s.Refused.Load())},
		{Door: "stomp", Name: "frames_received", Help: "Frames received.", Value: float64(s.FramesIn.Load())},
		{Door: "stomp", Name: "frames_sent", Help: "Frames sent.", Value: float64(s.FramesOut.Load())},
		{Door: "stomp", Name: "sends", Help: "SEND frames received.", Value: float64(s.MessagesIn.Load())},
		{Door: "stomp", Name: "messages", Help: "MESSAGE frames sent.", Value: float64(s.Messages.Load())},
	}
}
