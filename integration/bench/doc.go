// Bench measures Slipway beside the brokers that a user would pick instead, on
// the same machine, in one run:
//
//	go run ./integration/bench -install        fetch what pip and Maven have; says what apt lacks
//	go run ./integration/bench                 everything; -out DIR keeps the tables
//	go run ./integration/bench -only mqtt-q1   scenarios whose name begins so; -list names them
//	go run ./integration/bench size            what the broker weighs (size*.go)
//	go run ./integration/bench size -only amqp 100,000 queues, ten million messages through AMQP: minutes
//	go run ./integration/bench idle            10,000 connections of each protocol and transport (idle.go)
//	go run ./integration/bench weigh           an idle AMQP connection, channel, queue beside RabbitMQ's (weigh.go)
//	go run ./integration/bench perftest        RabbitMQ's own load generator against both (perftest.go)
//	go run ./integration/bench storm           1,000 TLS handshakes at once
//	go run ./integration/bench churn -for 1h   an hour of comings and goings (churn*.go)
//
// # How it measures
//
// Peers start on free ports of the loopback with data in a temporary directory.
// A round runs each scenario against each peer in turn, so that what else the
// machine does meets all of them; the tables show medians over the rounds, the
// load average beside them. The clients are our own and cheap, one per protocol,
// in this process: its CPU is the clients', /proc/PID/stat of the peer's
// processes is the broker's. Every body begins with a timestamp, a run and a
// sequence (body.go), so end-to-end latency, losses and duplicates are known.
// An open loop sends by the clock: what is late counts from when it was due.
//
// A run is: consumers attach, a backlog is put if the scenario has one, producers
// attach, warm up, and between two instants everything is counted; then the
// producers finish, and the rest is waited for as long as some of it comes.
//
// # How a protocol joins: the seam is client.go
//
// Write a type with the three methods of Client (Prepare, Produce, Consume) in
// files <protocol>*.go, add it to the table clients in client.go, and rows with
// its name as Protocol to scenarios.go. Nothing else knows protocols. A peer
// says in Addrs under which address it speaks which protocol (RabbitMQ's has
// mqtt, amqp and stomp; Slipway's has whatever its banner names), and is
// measured in the scenarios whose protocols it has. A scenario may produce with
// one protocol and consume with another (Consume).
//
// Any broker joins by its address, with the CPU of a process if it is local:
//
//	-broker name=mqtt://127.0.0.1:1883,sqs://127.0.0.1:4566,pid:1234
//
// # Support
//
//	MQTT 3.1.1   QoS 0, QoS 1 with persistent sessions       mqtt*.go
//	AMQP 0-9-1   durable and confirmed, or transient         amqp091*.go
//	STOMP 1.2    queues with receipts, topics without        stomp*.go
//	these three  over TLS, WebSocket and both: Slipway       over.go
//	SQS          JSON, SigV4; single and batches of ten      sqs*.go
//	store layer  beside a raw log: storebench, as a child    store.go
//	filters      core's own benchmark, as a child            filters.go
//	burst        100 times the usual rate, ten seconds       burst.go
//	size, weigh  what the broker, connections, queues weigh  size*.go idle.go weigh.go
//	churn        whether that stays so                       churn*.go
//	perftest     com.rabbitmq:perf-test 2.22.1               perftest.go
//	peers        Mosquitto (default; set_tcp_nodelay), RabbitMQ (classic; quorum), ActiveMQ,
//	             ElasticMQ, moto, LocalStack; any by address
//	floor        MQTT, AMQP, STOMP; SQS without receiving    floor*.go
//	systems      Linux: CPU and memory are read from /proc
//
// # Not obvious
//
//   - Mosquitto runs as it comes at QoS 0, and with max_queued_messages 0 at
//     QoS 1: with its default of 1,000 it drops what a persistent session is
//     behind, and without it a QoS 0 flood into 1,000 subscribers has no end.
//   - ActiveMQ has no limit of what a topic keeps for a slow consumer, as in
//     Debian's configuration; the one of its makers has it drop what is beyond 1,000.
//   - AMQP consumers have a prefetch of 1,000 and acknowledge up to 100 at once;
//     STOMP's do the same with ack:client. Ten to ten is one queue, as of
//     perf-test -u QUEUE -x 10 -y 10.
//   - A JVM is slow at first: -warm 3s is fairer to ActiveMQ than half a second.
//   - Slipway runs with a user and keys, so that it does verify signatures.
//   - The peer "nothing" answers every SQS request at once, in this process: what
//     the client alone allows.
//   - The peer "floor" (floor.go) is the least that could be done for our clients:
//     one log, one write to who consumes. What it misses no broker reaches here,
//     and the tables say "beyond the floor" where that is a target, and have one of
//     what the machine allows.
//   - Nothing here asserts a time: go test runs the program once, briefly, and
//     wants messages to have arrived.
package main
