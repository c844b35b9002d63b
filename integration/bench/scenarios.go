package main

var (
	mqttFast    = []target{{"mosquitto", 1, 1}, {"rabbitmq", 5, 0.3}}
	mqttDurable = []target{{"mosquitto", 1, 0}, {"rabbitmq", 4, 0}}
	amqpWindow  = []target{{"rabbitmq", 5, 0.2}}
	amqpWindow1 = []target{{"rabbitmq", 3, 0.2}}
	amqpFast    = []target{{"rabbitmq", 3, 0.2}}
	stompQueue  = []target{{"rabbitmq", 5, 0.2}, {"activemq", 5, 0}}
	stompFanout = []target{{"rabbitmq", 1.5, 0.2}, {"activemq", 1.5, 0}}
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

	// One queue that ten feed and ten compete for, as perf-test -u QUEUE -x 10 -y 10.
	{Name: "amqp-w1", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1, Targets: amqpWindow1},
	{Name: "amqp-w100", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 100, Targets: amqpWindow},
	{Name: "amqp-w1000", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, Targets: amqpWindow},
	{Name: "amqp-10-10", Protocol: "amqp", Producers: 10, Consumers: 10, Size: 256, Confirm: true, Window: 100, Targets: amqpWindow},
	{Name: "amqp-fanout-1-10", Protocol: "amqp", Producers: 1, Consumers: 10, Size: 256, Confirm: true, Window: 1000, Fanout: true, Targets: amqpWindow},
	{Name: "amqp-transient", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 256, Targets: amqpFast},
	{Name: "amqp-16k-w1", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 16384, Confirm: true, Window: 1, Targets: amqpWindow1},
	{Name: "amqp-16k-w100", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 16384, Confirm: true, Window: 100, Targets: amqpWindow},
	{Name: "amqp-16k-w1000", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 16384, Confirm: true, Window: 1000, Targets: amqpWindow},
	{Name: "amqp-16k-10-10", Protocol: "amqp", Producers: 10, Consumers: 10, Size: 16384, Confirm: true, Window: 100, Targets: amqpWindow},
	{Name: "amqp-16k-fanout-1-10", Protocol: "amqp", Producers: 1, Consumers: 10, Size: 16384, Confirm: true, Window: 1000, Fanout: true, Targets: amqpWindow},
	{Name: "amqp-16k-transient", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 16384, Targets: amqpFast},
	{Name: "amqp-p99", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, HalfOf: "amqp-w1000"},
	{Name: "amqp-p99-5000", Protocol: "amqp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, Rate: 5000},
	{Name: "amqp-over-tls-transient", Protocol: "amqp-tls", Producers: 1, Consumers: 1, Size: 256},
	{Name: "amqp-over-ws-transient", Protocol: "amqp-ws", Producers: 1, Consumers: 1, Size: 256},
	{Name: "amqp-over-wss-transient", Protocol: "amqp-wss", Producers: 1, Consumers: 1, Size: 256},
	{Name: "amqp-over-tls-w1000", Protocol: "amqp-tls", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},
	{Name: "amqp-over-ws-w1000", Protocol: "amqp-ws", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},
	{Name: "amqp-over-wss-w1000", Protocol: "amqp-wss", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},

	{Name: "stomp-w1", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1, Targets: stompQueue},
	{Name: "stomp-w100", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 100, Targets: stompQueue},
	{Name: "stomp-w1000", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, Targets: stompQueue},
	{Name: "stomp-10-10", Protocol: "stomp", Producers: 10, Consumers: 10, Size: 256, Confirm: true, Window: 100, Targets: stompQueue},
	{Name: "stomp-topic-1-10", Protocol: "stomp", Producers: 1, Consumers: 10, Size: 256, Fanout: true, Targets: stompFanout},
	{Name: "stomp-16k-w1", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 16384, Confirm: true, Window: 1, Targets: stompQueue},
	{Name: "stomp-16k-w100", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 16384, Confirm: true, Window: 100, Targets: stompQueue},
	{Name: "stomp-16k-w1000", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 16384, Confirm: true, Window: 1000, Targets: stompQueue},
	{Name: "stomp-16k-10-10", Protocol: "stomp", Producers: 10, Consumers: 10, Size: 16384, Confirm: true, Window: 100, Targets: stompQueue},
	{Name: "stomp-16k-topic-1-10", Protocol: "stomp", Producers: 1, Consumers: 10, Size: 16384, Fanout: true, Targets: stompFanout},
	{Name: "stomp-topic-1-1", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 256, Fanout: true},
	{Name: "stomp-p99", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, HalfOf: "stomp-w1000"},
	{Name: "stomp-p99-2000", Protocol: "stomp", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000, Rate: 2000},
	{Name: "stomp-over-tls-topic", Protocol: "stomp-tls", Producers: 1, Consumers: 1, Size: 256, Fanout: true},
	{Name: "stomp-over-ws-topic", Protocol: "stomp-ws", Producers: 1, Consumers: 1, Size: 256, Fanout: true},
	{Name: "stomp-over-wss-topic", Protocol: "stomp-wss", Producers: 1, Consumers: 1, Size: 256, Fanout: true},
	{Name: "stomp-over-tls-w1000", Protocol: "stomp-tls", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},
	{Name: "stomp-over-ws-w1000", Protocol: "stomp-ws", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},
	{Name: "stomp-over-wss-w1000", Protocol: "stomp-wss", Producers: 1, Consumers: 1, Size: 256, Confirm: true, Window: 1000},

	{Name: "sqs-send-1", Protocol: "sqs", Producers: 1, Size: 256, Bare: true},
	{Name: "sqs-send-16", Protocol: "sqs", Producers: 16, Size: 256, Targets: sqsFast},
	{Name: "sqs-send-64", Protocol: "sqs", Producers: 64, Size: 256, Targets: sqsFast},
	{Name: "sqs-send10-16", Protocol: "sqs", Producers: 16, Size: 256, Batch: 10},
	{Name: "sqs-send10-64", Protocol: "sqs", Producers: 64, Size: 256, Batch: 10},
	{Name: "sqs-receive-16", Protocol: "sqs", Producers: 16, Consumers: 16, Size: 256, Preload: 40000},
	{Name: "sqs-receive-64", Protocol: "sqs", Producers: 16, Consumers: 64, Size: 256, Preload: 40000},
	{Name: "sqs-receive10-16", Protocol: "sqs", Producers: 16, Consumers: 16, Size: 256, Batch: 10, Preload: 100000},
	{Name: "sqs-receive10-64", Protocol: "sqs", Producers: 16, Consumers: 64, Size: 256, Batch: 10, Preload: 100000},
	{Name: "sqs-through-16", Protocol: "sqs", Producers: 16, Consumers: 16, Size: 256},
	{Name: "sqs-p99", Protocol: "sqs", Producers: 16, Consumers: 16, Size: 256, HalfOf: "sqs-through-16"},

	{Name: "sqs-depth-100", Protocol: "sqs", Producers: 16, Consumers: 4, Size: 256, Batch: 10, Preload: 100, Refill: true, Only: []string{"slipway"}},
	{Name: "sqs-depth-1000000", Protocol: "sqs", Producers: 16, Consumers: 4, Size: 256, Batch: 10, Preload: 1000000, Refill: true, Only: []string{"slipway"}},
	{Name: "mqtt-to-sqs", Protocol: "mqtt", Consume: "sqs", Producers: 1, Consumers: 16, Size: 256, Confirm: true, Window: 1000, Batch: 10, Rate: 5000, Route: true, Only: []string{"slipway"}},
}
