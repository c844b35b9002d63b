// Package sqs is Amazon SQS on the core: one file per action. The edge (awsapi)
// has decoded and checked a request against the model before a handler sees it;
// a handler resolves the queue (queue.go), checks what the model does not say,
// calls the core and renders what comes back. It keeps no state of its own but
// when each queue was last purged, and its message move tasks (move.go).
//
// An SQS queue is a core queue of dialect "sqs": its attributes, as the client
// wrote them, are the core's opaque Attributes, and options.go translates them
// into options of the core. A queue that another door declared can be used like
// any other; its attributes are shown as far as SQS has words for them, and
// changed only where it was declared. The configuration sets none: SQS does, by
// SetQueueAttributes or the first CreateQueue that gives some.
//
// Life of a message: SendMessage -> check (send_check.go) -> fields.Take ->
// core.Publisher, durable when answered. ReceiveMessage -> core.Queue.Receive ->
// render (message.go; package notice for what an SNS subscription routed here) ->
// receipt handle (receipt.go) -> DeleteMessage -> core.Queue.Settle.
//
// # What is there
//
//	Create, Delete, ListQueues, GetQueueUrl, Get/SetQueueAttributes, tags       yes
//	Send, Receive, Delete, ChangeMessageVisibility, their batches, PurgeQueue   yes
//	ListDeadLetterSourceQueues                                                  yes
//	long polling, delay, visibility, retention, FIFO, deduplication, DLQ        yes
//	fair queues: MessageGroupId on standard queues                              by what is in flight; processing time
//	                                                                            makes nobody noisy
//	Policy, AddPermission, RemovePermission                                     evaluated on every call, see below
//	KmsMasterKeyId, SqsManagedSseEnabled, FifoThroughputLimit                   stored and shown, no effect
//	RedriveAllowPolicy                                                          obeyed
//	names that SQS cannot spell                                                 aliases, tag slipway:name
//	message move tasks                                                          yes; one under way goes on after a restart,
//	                                                                            one that is over is then not listed
//	request quotas                                                              no
//	server-side encryption                                                      no
//	SNS signatures                                                              yes, unless aws.sign_notifications is off
//
// # Who may do what
//
// A queue's policy goes before its users' permissions: its Deny refuses everyone,
// its Allow admits also whom nothing is granted (users of other namespaces and, for
// what is not the owner's alone, unsigned calls), and where it says nothing the
// permissions decide: write to send, read to receive, delete and change visibility,
// configure for the rest, any of them to look at attributes. Unlike in AWS an
// account that a policy names stands for all its users, and who may configure a
// queue can always set its attributes, to undo a policy that shuts everybody out
// (there is no root). A policy is for SQS alone: what other doors may do with the
// queue is by permissions. What an SNS subscription delivers was allowed when it was
// made, by the subscriber's write permission on the queue: the queue's policy need
// not allow it to sns.amazonaws.com, but can deny it.
//
// # Where this differs from AWS, and why
//
// A queue can be created again at once after DeleteQueue, as in the emulators
// that tests are written against (AWS: 60 seconds, QueueDeletedRecently;
// aws.queue_recreate_delay says so here).
// DeleteQueue and PurgeQueue have happened when they are answered, and counts
// are exact. A body of another door that is no legal text is base64 with
// JMS_SQSMessageType=byte. What is larger than ReceiveMessage may carry (1 MiB,
// and some room for what we add) is skipped and stays for other doors; the
// queue's own MaximumMessageSize is for senders, as in AWS. A message that went
// through a dead-letter queue counts its receives anew there.
package sqs
