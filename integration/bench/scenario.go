package main

import (
	"strings"
	"time"
)

// A Scenario is one row of the table. Zero values: closed loop, everything that
// has the protocol is measured, no target.
type Scenario struct {
	Name     string
	Protocol string // of the producers, and of the consumers if Consume is empty
	Consume  string

	Producers, Consumers int
	Size                 int  // of a body, bytes
	Confirm              bool // MQTT QoS 1 with a persistent session; durable, persistent, confirmed and acknowledged
	Fanout               bool // AMQP and STOMP: a copy for each consumer; else they compete, and always get copies in MQTT
	Window               int  // unconfirmed messages of a producer; 0: the protocol's habit
	Batch                int  // messages of a request where the protocol has that; 0: 1

	Rate   int    // messages a second of all producers; 0: a closed loop
	HalfOf string // the rate is half of what Slipway reached in this scenario

	Preload int  // messages put before the consumers attach, then drained
	Refill  bool // a consumer puts back as many as it takes, so that the depth stays
	Route   bool // the topic is bench/route, which Slipway copies into the queue bench-route

	Bare bool // also against the peer "nothing": what the client alone allows

	Queue string // MQTT: consume this queue, and no topic

	Only    []string // names of the peers; nil: all
	Targets []target
}

// A target is what Slipway should reach against a peer: at least Rate times its
// messages a second, at most CPU times its processor time a message.
type target struct {
	Peer      string // the better of those whose name begins so counts
	Rate, CPU float64
}

func (s *Scenario) consume() string {
	if s.Consume == "" {
		return s.Protocol
	}
	return s.Consume
}

// wants says whether the peer is to be measured.
func (s *Scenario) wants(r *Running) bool {
	if r.Addrs[s.Protocol] == "" || s.Consumers > 0 && r.Addrs[s.consume()] == "" {
		return false
	}
	if r.For != nil && !r.For(s) {
		return false
	}
	for _, only := range s.Only {
		if strings.HasPrefix(r.Name, only) {
			return true
		}
	}
	return len(s.Only) == 0
}

// A Result is what one run came to.
type Result struct {
	Scenario string        `json:"scenario"`
	Peer     string        `json:"peer"`
	Round    int           `json:"round"`
	Messages int64         `json:"messages"` // received, or confirmed where nobody consumes
	Elapsed  time.Duration `json:"elapsed_ns"`
	Sent     int64         `json:"sent"`
	Missing  int64         `json:"missing"` // sent and, in the end, not received; copies
	Doubled  int64         `json:"doubled"`
	Client   time.Duration `json:"client_cpu_ns"`
	Broker   time.Duration `json:"broker_cpu_ns"`
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`
	Load     float64       `json:"load_average"`
	Error    string        `json:"error,omitempty"`
}

func (r Result) rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Messages) / r.Elapsed.Seconds()
}

// brokerCPU and clientCPU are microseconds a message.
func (r Result) brokerCPU() float64 { return perMessage(r.Broker, r.Messages) }
func (r Result) clientCPU() float64 { return perMessage(r.Client, r.Messages) }

func perMessage(d time.Duration, n int64) float64 {
	if n == 0 {
		return 0
	}
	return float64(d.Nanoseconds()) / 1e3 / float64(n)
}
