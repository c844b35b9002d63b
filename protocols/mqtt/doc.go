// Package mqtt is the door for MQTT 3.1, 3.1.1 and 5: connections, sessions and
// the state of QoS 1 and 2, on package core. The bytes are package wire's. The
// version is a value of the connection; nothing exists twice for it.
//
// # Opening it
//
//	core.Options.Dialects[mqtt.DialectName] = mqtt.Dialect()   before core.New
//	h := mqtt.New(mqtt.Config{Broker: b, Access: access})      one for all listeners
//	srv.Start(listener, "mqtt", h)                             or h.AllowAnonymous(true)
//
// # The model
//
// A client has a core.Session: its queue is the backlog, its subscriptions are
// bindings into that queue. What is QoS 0 in effect does not enter the queue:
// the binding's Sink is our session, which appends to the output of whatever
// connection is there, or drops. What is QoS 1 or 2 comes out of the queue
// through a core.Consumer (a feed, deliver.go) with as much credit as the
// client's receive maximum; each gets a packet id (a slot, session.go) that
// stays with the session until the exchange is over. $share groups (share.go)
// and $queue (queue.go) are further feeds, of queues that others consume too.
//
// Publishes go to a core.Publisher; PUBACK and PUBREC wait in acks.go until the
// core confirms, and leave in order of receipt.
//
// # Files
//
//	handler claims conn drain          the door; one connection per client id; the read loop and the end
//	connect disconnect auth ping       packets, as are
//	publish puback pubrec pubrel pubcomp subscribe unsubscribe
//	acks replies                       PUBACK and PUBREC, SUBACK and UNSUBACK to a client, in order
//	deliver alias flow retained        PUBLISH to a client; when it stops and goes on
//	session ids resume will            what outlives a connection, and taking it up again
//	share queue queue_again            $share/<group>/<filter>, $queue/<name>
//	message lost note errors           messages both ways, and what is lost; annotations; kinds to reason codes
//	sys online bridge                  $SYS; who is connected; what Mosquitto's bridges need
//
// # Support
//
//	QoS 0, 1, 2 both ways, with DESIGN section 5's durability       yes
//	retained values, by cursor; retain handling, retain-as-published yes
//	wills, with delay and properties                                yes; whether its user may is asked again when one is due
//	sessions with expiry, also changed by DISCONNECT                yes; clean_session=0 is for ever, or Config.MaxSessionExpiry
//	takeover                                                        yes, serialised per client id
//	shared subscriptions                                            yes; QoS 0 in turn, QoS 1 and 2 in competition
//	receive maximum, maximum packet size, both ways                 yes
//	topic aliases                                                   both ways; to clients for the first 64 topics
//	subscription identifiers, no-local, user properties, expiry     yes
//	reason codes and strings                                        yes; 3.x closes where it may not confirm
//	server keep-alive, assigned client id                           yes
//	enhanced authentication                                         SCRAM-SHA-256; also again on a live connection
//	$SYS topics                                                     as Mosquitto's (sys.go)
//	bridges of Mosquitto, as clients                                yes (bridge.go)
//	server reference, response information                          where configured
//
// testdata/clauses.txt and clauses311.txt list the conformance statements of MQTT 5
// and 3.1.1 with the test of each. They hold through a kill of the server, too. Two
// things that the specification leaves open show there: what was acknowledged in
// the last 10 ms may come again, and DUP is set on the first messages that a live
// session's queue then holds, whether they were sent or not (ids.go).
//
// # Locks
//
// One per session (session.mu) guards the session's and its connection's state.
// It is taken inside the core's callbacks, so the core is never called under
// it. group.change is held while the core is called and taken by no callback.
// Order: the core's locks, group.mu, session.mu, the output's.
//
// # Not obvious
//
//   - A client id is used by one connection at a time: the next one stops it,
//     waits until it has let go of the session (conn.end) and only then opens
//     the session. Those who wait stand in a line (claims.go).
//   - A session belongs to the user who made it: another user's CONNECT with its
//     client id is refused before it disconnects anybody.
//   - A resumed session gets its unacknowledged deliveries from the queue again,
//     first and in order; the packet id of each is found by its place in the
//     queue, from which it is computed (ids.go). At QoS 2 it is also in the
//     session's state, from before the first PUBLISH on; at QoS 1, where to record
//     each would cost what the delivery costs, only if another had the id, and,
//     for DUP, from when a connection ends.
//   - A QoS 2 message of a shared subscription that was sent when the connection
//     ended, or the server was killed, moves to the session's own queue and waits
//     there for the client, or goes with the session (4.8.2). What was QoS 1, or
//     not sent, goes to others. UNSUBSCRIBE leaves what was sent to be completed.
//   - What comes of $queue/x is the queue's again when the connection ends, at
//     either QoS: so it is in every door, and no queue's message may end with a
//     session or wait for one client. QoS 2 says of it only that it is not sent
//     twice on one connection; who reconnects may get it again, as a new message.
//     When that queue is deleted nobody is told, for MQTT has no word for it; one that
//     is made again under its name is consumed from then on (queue_again.go).
//   - A client that publishes faster than most of those read who get it at QoS 0 is
//     slowed: it is not read from until they have caught up, so that TCP slows it and
//     nothing is dropped (publish.go). A wait is 100 ms at most. After one that did
//     not help, that subscriber and this publisher wait for nobody for a second, and
//     QoS 0 is dropped as ever: a slow subscriber costs a tenth of the time of those
//     who publish to it alone, one that gets stuck 100 ms, and either costs
//     nothing where most others keep up. Acknowledgements and pings that a client
//     sends behind its publishes wait with them, half a second for what was read at
//     once. Queues count as readers here as they do in the other doors
//     (core.Publisher.Laggard): one whose consumers are behind.
//   - All feeds share one receive maximum, but the core counts credit for each.
//     What comes too much waits in conn.backlog and stops the core (flow.go).
//   - A user property named like a field of the core (priority, message-id,
//     timestamp, x-delay ...; message.go) sets that field for the other doors. A
//     session's backlog takes no notice of priorities (core's Ordered).
//   - A pending cursor over retained values passes over what was published after
//     the subscription: that came through the binding. What is QoS 1 or 2 of it
//     goes through the session's queue if that is durable, 64 at a time, and the
//     place of the cursor is recorded with it, for the first time before SUBACK: a
//     restart goes on there.
//   - A shared subscription's queue is durable even if no member's session is:
//     members of both kinds must find the same queue.
package mqtt
