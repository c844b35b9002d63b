// Package amqp091 is the door for AMQP 0-9-1 with RabbitMQ's extensions:
// connections, channels, consumers, confirms and transactions, on package core.
// The bytes are package wire's.
//
// # Opening it
//
//	core.Options.Dialects[amqp091.DialectName] = amqp091.Dialect()   before core.New
//	h := amqp091.New(amqp091.Config{Broker: b, Access: access})      one for all listeners
//	srv.Open(protocols.Door{Handler: h.AllowAnonymous(true), ...})
//
// # The model
//
// A connection's goroutine reads frames and dispatches methods from two tables
// (conn.go: channel 0; channel.go: the others). A publish is assembled from its
// frames and goes to the connection's core.Publisher; settlements are collected
// and go to the core when the input is drained. A basic.consume is a
// core.Consumer with as much credit as its prefetch; what it is delivered is
// appended to the connection's output by whoever delivers, under the
// connection's lock. Confirms come from the committer, and go out in order, as
// few frames as there are runs.
//
// The default exchange is queue names; amq.topic is the topic tree; any other
// exchange is the core's. A message's encoded properties travel as its Origin
// and come out byte for byte; message.go makes them of what other doors
// published.
//
// # Files
//
//	handler conn errors access         the door; a connection; replies to errors; permissions
//	handshake sasl heartbeat blocked   connection.*
//	channel                            channel.*
//	exchange_declare queue_declare queue_bind queue_delete arguments
//	basic_publish basic_consume basic_qos basic_get basic_ack   and basic.recover
//	confirm tx reply_to                confirms; transactions; direct reply-to
//	deliver unacked flow               deliveries; what is unsettled; when they stop and go on
//	message headers deaths             messages both ways
//
// # Support
//
//	connection: open, close, tune, heartbeat, blocked, update-secret   yes
//	PLAIN, AMQPLAIN, EXTERNAL, ANONYMOUS                               yes; guest from loopback only, while anonymous clients are let in
//	virtual hosts                                                      namespaces; "/" is the default one; none is made by opening it
//	access.request, of AMQP 0-8                                        answered; the ticket is good for nothing
//	channels: open, close, flow                                        yes; flow active=false is refused, as in RabbitMQ
//	exchanges                                                          direct, fanout, topic, headers, x-consistent-hash, x-delayed-message; alternates; to exchanges
//	queues                                                             exclusive, auto-delete, server-named, passive; arguments: package core/arguments
//	x-queue-type quorum                                                a durable queue as any other: one disk, synced before each confirm; told apart only by x-delivery-count
//	x-queue-type stream                                                refused
//	publish: mandatory, CC, BCC, user-id, expiration                   yes; immediate is refused, as in RabbitMQ
//	confirms                                                           yes, coalesced; when DESIGN section 5's table says
//	consume: prefetch, global, priority, exclusive, single active      yes
//	ack, nack, reject, recover, get, cancel, cancel by the server      yes
//	dead letters with x-death; TTLs; lengths; delivery limits          yes
//	transactions                                                       atomic across queues, at most Config.MaxMessage of bodies
//	direct reply-to                                                    yes, through every door
//	policies                                                           the core's
//	limits of vhosts and users: connections, queues, channels          the core's quotas, refused in RabbitMQ's words
//	streams, AMQP 1.0                                                  absent
//
// # Locks
//
// One per connection, conn.mu, guards its consumers, its channels' unsettled
// deliveries and confirms, and the order of what is appended to the output. It is
// taken inside the core's callbacks, so the core is never called under it. Order:
// the core's locks, conn.mu, the output's.
//
// # Not obvious
//
//   - A declaration waits for the disk on the connection's goroutine: other
//     channels of that connection wait with it, nobody else does.
//   - A channel over its common prefetch gives what came too much back to the
//     queue, not counted as delivered, rather than hold it from other consumers.
//   - A cancelled consumer keeps what it holds until that is settled or its
//     channel ends (core.Consumer.Stop).
//   - A channel holds at most Config.MaxUnacked unsettled deliveries, whatever
//     prefetch says.
//   - Permissions are asked when a consumer starts and, for a publish, when a
//     channel's exchange or key changes.
//   - An x-death that a client publishes is replaced by the broker's own trail when
//     there is one, and never goes on counting (as in RabbitMQ 4).
//   - A connection that consumes nothing and publishes transient messages without
//     confirms is held back while the consumers of its queues are behind, 100 ms at
//     most and a tenth of its time where that does not help (protocols.Holdback):
//     the queues stay short and in memory. RabbitMQ's credit flow does the same.
//   - While publishes are not admitted a connection is read on, and what it
//     publishes is parked; not beyond 1 MiB of it, and not behind a tx.commit
//     with publishes (blocked.go).
package amqp091
