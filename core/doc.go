// Package core is the broker: queues, topics, bindings, sessions and the
// deliveries of every protocol, on one Store. Doors (protocols/..., bridge/...)
// translate; what they share is here, in no protocol's words.
//
// # Nouns
//
//	Broker       everything on one store; Namespace finds the rest
//	Namespace    one space of queue names and one topic tree (vhost; account and region)
//	Message      immutable once published; Origin is its publisher's own form, opaque
//	Address      a queue by name, a path in the topic tree, or an exchange and a routing key
//	Queue        one order (priority, sequence) with many readers; a shell around qstate
//	Binding      copies what matches into a queue, hands it to a Sink or on to an exchange
//	Exchange     a router of its own: what is published to it is not in the tree
//	Gate         a queue that decides, for all targets of a publish, what is a duplicate (gate.go)
//	Replay       what a gate kept, once more into one binding's queue (replay.go)
//	Topic        a path that was created, with attributes; paths need no creation
//	Session      queue + bindings + small state + will + expiry of a client that may be away
//	Consumer     push: holds deliveries until it settles them, bounded by credit
//	Receive      pull: holds deliveries until a deadline (SQS's visibility timeout)
//	Delivery     a message with a Receipt that settles it and can hit no other
//	Publisher    one connection's way in; parks what the memory budget does not admit
//	Group        publishes and settlements that happen together or not at all
//	Store        ordered keys with atomic batches (store.go); the key space is keys.go
//
// The exchange amq.topic is the tree, and the default exchange is the queues by
// name: an ExchangeAddress of either becomes the plain address before anything
// looks at it. A binding of one exchange to another is followed when a message
// is routed, each exchange once, so that circles end.
//
// # Life of a publish
//
//  1. Publisher.Publish calls Namespace.prepare on the connection's goroutine:
//     Broker.accepts (limits, disk), Namespace.route (bindings, one copy per
//     queue and Copies), Sink.Send for what is not to be stored, and
//     publishOp.direct for transient copies that overtake nothing.
//  2. What is left is encoded once (codec.go; a large body that was given, only
//     as it is staged: encodedLater) and handed to the committer by
//     Broker.admit, or parked by Publisher.Publish over the memory budget.
//  3. committer.commit stages a group: publishOp.stage gives each copy its place
//     (Queue.stageEntry), looks for duplicates (dedup.go), shares bodies
//     (body.go); Queue.writeHead writes each touched queue's counters; one
//     Store.Apply makes the group as durable as its most demanding member. It
//     does so on its goroutine, or on that of an HTTP request which would only
//     wait (Publisher.Leading).
//  4. publishOp.applied appends the entries (Queue.arrive), the queue is
//     dispatched once, and the Confirm is told: PUBACK, SendMessage's answer.
//
// # Life of a delivery
//
//  1. Queue.dispatch picks (Queue.pick, qstate.next) for push consumers by
//     priority and in turn, and for waiting pulls; what only the store has is
//     asked of the loader (loader.go), never read on a connection's goroutine.
//  2. qstate.lease records who holds it. A pull's lease is written (recordOp):
//     within 10 ms, or, grouped, before it is answered. A push delivery is
//     written only when it comes back (its count).
//  3. Consumer.Settle or Queue.Settle ends it: settleOp removes the entry,
//     recordOp puts it back at its old place, moveOp dead-letters it, each
//     atomically.
//
// # Files
//
//	message value address codec*   what is published and its stored form
//	options binding delivery publication session_options   what doors say to us
//	broker namespace watch definitions recover stats   the whole, and its start
//	publish route publishop body dedup gate blocked behind   the way in
//	committer   all that changes the store: one group at a time
//	begin   a delivery that a start must know of
//	qstate qreader qgroups   the pure state machine; entry qhead   its stored form
//	queue dispatch consumer pull get fair sticky settle forward purge browse group   the way out; forward: as it is, into another queue
//	loader delayed again expiry timers deadletter sweep   what runs beside; shared: what they need not read twice
//	replay   what a gate kept, again
//	session retained*   what outlives a connection; offer   what nobody keeps; lost   what a protocol cannot carry
//	exchange*   routers beside the tree; policy   what sets options by name; quotas   how much of what there may be
//	access roster account* scram   who somebody is and what he may do
//	selected       what a selector sees of a message
//
// # Lock order
//
// Broker.mu, Namespace.mu, Queue.mu, Session.mu, then the leaves: Publisher.mu,
// committer.mu, loader.mu, timers.mu, sweeper.mu, a door's own locks. Two
// queues are never locked together. The committer stages and applies without
// holding any. Receiver.Deliver and Cancelled are called under Queue.mu;
// Sink.Send and Confirm.Confirmed under none of a queue.
//
// # Limits (Options.Limits; 0 takes the default)
//
//	MessageBytes    16 MiB      one message with its headers
//	GroupBytes      16 MiB      one atomic group
//	Queues          1,000,000   per namespace
//	WindowMessages  1,000       of a lane of a queue in memory (grouped: 120,000 without bodies)
//	WindowBytes     1 MiB       of the same; one message of any size always fits
//	WideBytes       32 MiB      of the same while less than a quarter of MemoryBytes is in use
//	WideMessages    16,000      transient messages of the same, then
//	MemoryBytes     256 MiB     message bytes in memory: over half of it deliveries keep no body
//	                            and loads bring one message, over all of it nothing transient is
//	                            held and no window grows; a quarter of it may wait for the committer before publishes park
//	behindBytes     2 MiB       of a window in memory before who publishes without a Confirm should wait
//	ParkedBytes     1 MiB       parked publishes of a connection before it is asked to wait; what connections
//	                            that are gone left parked is at most a quarter of MemoryBytes
//	HeaderCount     1,000       of a message
//	unsettledBytes  16 MiB      that only memory has, held by one push consumer
//	dispatchBytes   1 MiB       of a queue handed out before connections see whether their outputs are full
//
// # Not obvious
//
//   - A queue's memory is its windows. Entries beyond are found by sequence
//     (lane.horizon); one that a skipping reader takes from there leaves a hole
//     that loading passes over. An entry that was ever delivered is never in a
//     window but leased or returned, so windows need no delivery counts.
//   - The store's counts (queueHead) change only where an entry is staged, in
//     the batch that writes the entry: they are exact after a crash without a
//     scan. The counts that Counts returns are those of memory.
//   - A transient message goes around the committer only if the queue has
//     nothing pending, so it never overtakes; if memory has no place for it, it
//     is written to table n, which a restart empties.
//   - Pushing back is never deadlock: what a Publisher parks waits only for the
//     disk, not for any consumer, since depth costs disk. So a door may stop
//     reading a connection whose Publisher is Full: its acknowledgements are
//     not what would free it. (DESIGN section 4 asks that reading never stops;
//     it stops here only beyond ParkedBytes, and for a moment where a door waits
//     for Sinks and queues that are behind, Publisher.Laggard.) A nearly full disk is different:
//     there a publish is refused, or, of a Patient publisher, parked.
//   - A publish that one of several queues refuses is kept by the others, and its
//     publisher is told of the refusal (as RabbitMQ's reject-publish); a retained
//     value and a session's mark are then not kept.
//   - Large messages are written in chunks before the group that refers to them,
//     when they are published, not while they arrive: a door has read them whole.
//   - Durability: DESIGN section 5's table. A persistent publish without a
//     Confirm, settlements, leases of ungrouped queues and retained values of
//     transient messages are on disk within 10 ms; a crash before redelivers.
//   - An error of the store in writing is final (Options.Fatal): nothing is
//     confirmed, the process stops and recovers at its next start. What cannot be
//     read is read again each second; what is damaged is passed over, and logged.
//
// # Support
//
//	queues, topics, bindings, sessions, retained, wills            yes
//	leases, FIFO groups, deduplication, delay, TTL, retention       yes
//	delayed messages that come again, so often                      yes (again.go); written anew each time
//	dead letters with trail, redrive, cycles, max length            yes
//	push consumers: credit, priority, exclusive, single active      yes
//	fair pulls between group ids of a queue that is not grouped     yes (fair.go): by what is in flight
//	predicates on bindings and consumers                            yes; SNS policies compile to them with their door
//	SQL-92 selectors (selected.go, package selector)                 yes; for consumers and bindings
//	atomic groups, browsing                                         yes
//	gates, late-bound bindings, replays                             yes; a replay brings what is durable
//	exchanges: direct, fanout, topic, headers, consistent hash,     yes (a delayed one routes at once; its door sets DeliverAt)
//	  delayed; alternates, exchange to exchange, auto-delete
//	policies                                                        yes
//	quotas of namespaces and users: connections, channels, queues   yes; connections only of doors that Enter
//	Get, PurgeReady, DeleteQueueIf, MaxPriority, sticky groups,     yes
//	  messages that may not wait, who is told when publishes park
package core
