package main

var (
	mqttFast    = []target{{"mosquitto", 1, 1}, {"rabbitmq", 5, 0.3}}
	mqttDurable = []target{{"mosquitto", 1, 0}, {"rabbitmq", 4, 0}}
	sqsFast     = []target{{"elasticmq", 4, 0}, {"moto", 30, 0}, {"localstack", 30, 0}}
)

// scenarios are measured in this order; what another is half of stands before it.
var scenarios = []*Scenario{
	{Name: "mqtt-q0-1-1", Protocol: "mqtt", Producers: 1, Consumers: 1, Size: 256, Targets: mqttFast},
	{Name: "mqtt-q0-10-1", Protocol: "mqtt", Producers: 10, Consumers: 1, Size: 256, Targets: mqttFast},
	{Name: "mqtt-q0-1-10", Protocol: "mqtt", Producers: 1, Consumers: 10, Size: 256, Targets: mqttFast},
	{Name: "mqtt-q0-1-1000", Protocol: "mqtt", Producers: 1, Consumers: 1000, Size: 256, Targets: mqttFast},
	{Name: "mqtt-q1-w1000", Protocol: "mqtt", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, Targets: mqttDurable},
	{Name: "mqtt-q1-w20", Protocol: "mqtt", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 20},
	{Name: "mqtt-q1-w1", Protocol: "mqtt", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1},
	{Name: "mqtt-q0-p99", Protocol: "mqtt", Producers: 1, Consumers: 1, Size: 256, HalfOf: "mqtt-q0-1-1"},
	{Name: "mqtt-q1-p99", Protocol: "mqtt", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, HalfOf: "mqtt-q1-w1000"},

	// The same over TLS and WebSocket, beside it.
	{Name: "mqtt-over-tls-q0", Protocol: "mqtt-tls", Producers: 1, Consumers: 1, Size: 256},
	{Name: "mqtt-over-ws-q0", Protocol: "mqtt-ws", Producers: 1, Consumers: 1, Size: 256},
	{Name: "mqtt-over-wss-q0", Protocol: "mqtt-wss", Producers: 1, Consumers: 1, Size: 256},
	{Name: "mqtt-over-tls-q1", Protocol: "mqtt-tls", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},
	{Name: "mqtt-over-ws-q1", Protocol: "mqtt-ws", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},
	{Name: "mqtt-over-wss-q1", Protocol: "mqtt-wss", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},

	{Name: "sqs-send-1", Protocol: "sqs", Producers: 1, Size: 256, Bare: true},
	{Name: "sqs-send-16", Protocol: "sqs", Producers: 16, Size: 256, Targets: sqsFast},
	{Name: "sqs-send-64", Protocol: "sqs", Producers: 64, Size: 256, Targets: sqsFast},
	{Name: "sqs-send10-16", Protocol: "sqs", Producers: 16, Size: 256, Batch: 10},
	{Name: "sqs-send10-64", Protocol: "sqs", Producers: 64, Size: 256, Batch: 10},
	{Name: "sqs-receive-16", Protocol: "sqs", Producers: 16, Consumers: 16, Size: 256, Preload: 40000},
	{Name: "sqs-receive-64", Protocol: "sqs", Producers: 16, Consumers: 64, Size: 256, Preload: 40000},
	{Name: "sqs-receive10-16", Protocol: "sqs", Producers: 16, Consumers: 16, Size: 256, Batch: 10, Preload: 100000},
	{Name: "sqs-receive10-64", Protocol: "sqs", Producers: 16, Consumers: 64, Size: 256, Batch: 10, Preload: 100000},
	{Name: "sqs-p99", Protocol: "sqs", Producers: 16, Consumers: 16, Size: 256, HalfOf: "sqs-receive-16"},

	{Name: "sqs-depth-100", Protocol: "sqs", Producers: 16, Consumers: 4, Size: 256, Batch: 10, Preload: 100, Refill: true, Only: []string{"slipway"}},
	{Name: "sqs-depth-1000000", Protocol: "sqs", Producers: 16, Consumers: 4, Size: 256, Batch: 10, Preload: 1000000, Refill: true, Only: []string{"slipway"}},
	{Name: "mqtt-to-sqs", Protocol: "mqtt", Consume: "sqs", Producers: 1, Consumers: 16, Size: 256, Confirm: true, Window: 1000, Batch: 10, Rate: 5000, Route: true, Only: []string{"slipway"}},
}
