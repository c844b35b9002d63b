// Package bounds holds the built binary to what it may cost: processor time
// while thousands wait, memory while a consumer is stuck. Figures come from
// the operating system's own accounts of the process, so that they hold on a
// busy machine; how fast things are is the benchmarks' business.
//
//	idle long polls    processor time of a thousand                        idle_polls_test.go
//	many long polls    ten thousand over a hundred queues                  many_polls_test.go
//	a stuck consumer   MQTT: ten times the memory budget past it           stuck_consumer_test.go
//	stuck consumers    that never read, and that never acknowledge; MQTT,  stuck_wires_test.go
//	                   AMQP, STOMP over TCP, TLS, ws, wss: others are
//	                   served, memory, the time of a stop, nothing lost
package bounds
