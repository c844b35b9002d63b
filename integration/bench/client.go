package main

import "time"

// A Client speaks one protocol as cheaply as it can. Its methods are called
// from one goroutine; what Produce and Consume return is used by one each.
type Client interface {
	// Prepare makes what a run needs (an SQS queue; nothing in MQTT) and
	// returns how to remove it again.
	Prepare(t *Target) (remove func(), err error)

	// Produce attaches the n-th producer.
	Produce(t *Target, n int, confirmed func(messages int)) (Producer, error)

	// Consume attaches the n-th consumer, whose own goroutine calls received
	// with every body, valid for the call; blocking there is being slow. When
	// Consume returns the broker knows of the consumer. A message is settled
	// after its call.
	Consume(t *Target, n int, received func(body []byte)) (Consumer, error)
}

// A Producer is one connection.
type Producer interface {
	// Send sends a body, which is the caller's again when it returns. It blocks
	// while Scenario.Window messages are unconfirmed or the broker does not read.
	Send(body []byte) error
	// Flush sends what Send may have kept for a fuller packet, an open loop's tick.
	Flush() error
	// Finish flushes and returns when everything is confirmed, or by then.
	Finish(by time.Time) error
	Close() error
}

// A Consumer is one connection.
type Consumer interface {
	// Close detaches, and returns when received will not be called again.
	Close() error
}

// A Target is where one run sends to and receives from.
type Target struct {
	*Scenario
	Addr string // host:port of the protocol
	// QueueType is what AMQP's x-queue-type says; empty: the argument is absent.
	QueueType string
	Name      string // of the queue or topic: letters, digits and -; of this run alone
}

// clients has every protocol that can be measured.
var clients = map[string]Client{
	"mqtt": mqttClient{}, "mqtt-tls": mqttClient{}, "mqtt-ws": mqttClient{}, "mqtt-wss": mqttClient{},
	"amqp": amqpClient{}, "amqp-tls": amqpClient{}, "amqp-ws": amqpClient{}, "amqp-wss": amqpClient{},
	"stomp": stompClient{}, "stomp-tls": stompClient{}, "stomp-ws": stompClient{}, "stomp-wss": stompClient{},
	"sqs": sqsClient{},
}
