// Package stomp is the door for STOMP 1.0, 1.1 and 1.2, in RabbitMQ's and
// ActiveMQ's dialects together: which of the two a client speaks nobody has to
// say. Where the brokers tell their clients different things, it is seen in what
// the client says (dialect.go). The bytes are package wire's; the version is a value of the connection.
//
// # Opening it
//
//	core.Options.Dialects[stomp.DialectName] = stomp.Dialect()   before core.New
//	h := stomp.New(stomp.Config{Broker: b, Access: access})      one for all listeners
//	srv.Open(protocols.Door{..., Handler: h.AllowAnonymous(true)})
//
// # The model
//
// A subscription is one or several core.Consumers. Of a queue they compete with
// all others; of a topic or exchange they consume a queue that is bound to it and
// is the subscription's own (hidden, deleted with it), or a durable subscriber's
// (hidden, kept). What is delivered is held until the client acknowledges it, or,
// with ack:auto, until the socket has taken it.
//
// # Files
//
//	handler conn             the door; the read loop, the table of commands, the end
//	connect heartbeat send subscribe unsubscribe ack transaction disconnect    frames of a client
//	wildcard patience               subscriptions to queues by pattern; producers that wait
//	receipt deliver flow browse retroactive    RECEIPT; MESSAGE; when deliveries stop and go on; browsers; retained values
//	destination queue temp          the spellings of destinations; queues made by headers; temporary ones
//	message schedule errors         messages both ways, those that come again; kinds of error to ERROR
//	dialect                         what MESSAGE says of its own accord, as RabbitMQ or as ActiveMQ
//
// # Support
//
//	STOMP 1.0, 1.1, 1.2                                       yes
//	heart-beats both ways                                     yes (heartbeat.go)
//	RECEIPT for every frame, when what it asks for is durable yes; in order; SUBSCRIBE's before its first MESSAGE, but
//	                                                          where it waits for room on the disk
//	transactions                                              yes; one atomic group
//	ERROR                                                     yes; the connection ends after it
//	destinations, wildcards of topics, composite ones         both dialects (destination.go)
//	wildcards in names of queues (ActiveMQ)                   yes (wildcard.go); not browsed
//	queue headers of RabbitMQ                                 queue.go
//	durable subscribers                                       both dialects (subscribe.go)
//	virtual topics (ActiveMQ)                                 yes; Consumer.<name>.VirtualTopic.<topic>
//	temporary destinations, request and reply                 both dialects (temp.go)
//	selectors, priorities, exclusive consumers, noLocal, browsers   yes
//	JMSXGroupID                                               sticky in queues that this door made
//	AMQ_SCHEDULED_DELAY, x-delay, expires, expiration         yes
//	AMQ_SCHEDULED_PERIOD, _REPEAT                             yes; exactly as often, through restarts (schedule.go)
//	AMQ_SCHEDULED_CRON                                        yes; each time once, through restarts (schedule.go)
//	ActiveMQ.Retain, activemq.retroactive                     yes: MQTT's retained values (retroactive.go)
//	transformation                                            absent: passed on as a header
//	activemq.dispatchAsync, maximumPendingMessageLimit        absent
//	advisory topics of ActiveMQ                               absent: seen there, nothing comes of them without
//	                                                          transformation:jms-advisory-json, and then Java classes
//	MESSAGE in either dialect                                 yes: redelivered, priority, expires, timestamp, content-length (dialect.go)
//	request-id, response-id                                   yes
//
// # Beside ActiveMQ
//
// Seen with a running ActiveMQ 5.17.2, the same frames sent to both. The same are:
// selectors with comments, expires, FIFO without priorities, AMQ_SCHEDULED_DELAY,
// _PERIOD and _REPEAT, composite destinations, virtual topics and what their MESSAGE
// says, durable subscribers, JMSXGroupID, exclusive consumers, consumers'
// priorities, browsers and their acknowledgements, retained and retroactive, noLocal
// of topics and queues, wildcards, a cumulative ACK across queues, the RECEIPT of a
// SUBSCRIBE before its first MESSAGE; a temporary queue that outlives its
// subscription, not its connection, is sent to by whom it was told, and is made by a
// reply-to, too. Different, on purpose or not needed so far:
//
//	ERROR                      ends the connection (the specification's must); there it mostly goes on, and
//	                           its message header is a Java exception's text
//	who says nothing of ActiveMQ's own    is told what RabbitMQ tells, unless Config.Dialect says otherwise (dialect.go)
//	CONNECTED of 1.0           has no heart-beat; there it has one, and it counts
//	composite                  there is no original-destination
//	headers of SEND            all are passed on; there not JMSXGroupID, JMSXGroupSeq, ActiveMQ.Retain and AMQ_SCHEDULED_DELAY
//	                           and its like (scheduledJobId instead), and of repeated ones the first
//	priority                   up to 255; there more than 9 is 9; what is no number is refused, as in prefetchSize and expires
//	JMSMessageID               does not begin with ID:
//	JMSRedelivered, JMSXDeliveryCount, JMSActiveMQBrokerInTime    are null in selectors
//	selectors                  text is calculated with as a number, and may be a boolean; there it is null, and added to text is text
//	browsers                   each MESSAGE has browser:true, too; of a topic they subscribe to it, there an ERROR
//	names                      %2F is a slash, queue://x and topic://x are x; there all are parts of a queue's name
//	client-id twice            two connections may have it; there the second is refused
//	activemq.subscriptionName  without a client-id refused; there nothing is kept either
//	UNSUBSCRIBE of a durable   also while it is subscribed; there it is "in use"
//	ack of another word, an id that is in use, none    refused, refused, taken; there auto, one more, refused
//	ACK of what is acknowledged, or needs it not    nothing; there an ERROR
//	NACK                       dead-letters that one message where its queue has somewhere to go for dead letters (a policy
//	                           can say ActiveMQ.DLQ for all), else it puts back (RabbitMQ), with ack:client what came
//	                           before, too; there it goes to ActiveMQ.DLQ, if it is persistent, else it is dropped
//	NACK in a transaction      is part of it; there an ERROR
//	temporary queues           reply-to is /reply-queue/...; there /remote-temp-queue/..., which is taken here too
//	their consumers            their connection's alone; there whoever knows the name may take part
//	what expires, JMSXGroupSeq:-1    is dropped, where its queue has nowhere to go for dead letters; nothing. There it goes
//	                           to ActiveMQ.DLQ, and the group ends
//	a reply to who is gone     goes nowhere (RabbitMQ); there an ERROR
//	a reply-to of nobody's     is subscribed to for the client (RabbitMQ); there the reply waits for its SUBSCRIBE
//	/other/x                   refused, as in RabbitMQ; there a queue of that name
//
// # Beside RabbitMQ
//
// Seen likewise with a running RabbitMQ 3.10.8. The same are: destinations and what
// MESSAGE says of them, ack modes, transactions, NACK with and without requeue,
// prefetch-count, expiration, durable subscribers, temporary reply queues, headers of
// queues, an id that is left out. Different:
//
//	ERROR                      ends the connection; there not where the client alone is wrong. It has receipt-id;
//	                           there it has version
//	CONNECTED of 1.0           has no heart-beat; there it has one, and it counts. Beats of 100 ms are taken; there 1 s
//	names with slashes, commas, several keys    taken (ActiveMQ's); there refused
//	SEND to /amq/queue/x       that is not there: an ERROR; there it is dropped
//	SUBSCRIBE to /temp-queue/x taken (ActiveMQ); there refused
//	x-queue-name of a queue    is its name; there it says nothing
//	a queue that is there      is taken as it is by who says nothing of it; there that is an ERROR where it has arguments
//	headers of SEND            receipt and transaction are not passed on, repeated ones all are; message-id is
//	                           dropped, there refused
//	ACK of what is acknowledged, or needs it not    nothing; there the connection ends
//	UNSUBSCRIBE                what is not acknowledged goes back; there at the end of the connection
//	MESSAGE                    x-delivery-count and x-death, too; a reply's destination is /reply-queue/..., there /queue/...
//
// # Locks
//
// One per connection (conn.mu): its receipts, deliveries and the order of frames
// in its output. It is taken inside the core's callbacks, so the core is never
// called under it. Order: the core's locks, conn.mu, the output's.
//
// # Not obvious
//
//   - A same-protocol hop passes the publisher's headers on as they were, but for
//     those that MESSAGE has of its own (message.go). Where both are temporary, a
//     reply-to is rewritten.
//   - Prefetch is by default as unlimited as in RabbitMQ: 65,535 a subscription.
//   - A queue that is there is taken as it is by who says nothing of it. Headers
//     that contradict a queue of this door are refused.
//   - SUBSCRIBE and SEND create queues as durable ones; a user needs configure for
//     that, and write or read for the rest.
//   - NACK puts back, as in RabbitMQ; with requeue:false it dead-letters, as it does
//     without in ActiveMQ's dialect (ack.go).
//   - STOMP tells that a queue is gone, or full, only by ERROR, which ends the
//     connection. A SEND without a receipt that a full queue refuses is dropped; the
//     core counts it (messages_refused) and tells the operator.
//   - Who subscribes to nothing and sends transient messages without receipts is held
//     back while those who subscribe to its queues are behind, 100 ms at most and a
//     tenth of its time where that does not help (protocols.Holdback).
//   - While the disk is nearly full or memory is short, what is sent waits, in
//     order, and everything else goes on; who sends on beyond
//     core.Limits.ParkedBytes, or commits what needs room on the disk, is not read
//     until there is some (patience.go).
package stomp
