// Package sns is Amazon SNS on the core: one file per action. A topic is a path
// of the topic tree that was created, configured or exposed; publishing to it
// reaches every subscriber of the path, of any door. A subscription is a core
// Binding of dialect "sns" from the path and everything below it (DESIGN section
// 2) into a queue; its key is the subscription's ARN and its note tells bridge/sqs
// how to render what it routed (awsapi.Subscription).
//
// # What is there
//
//	Create, Delete, ListTopics, GetTopicAttributes, SetTopicAttributes      yes
//	FIFO topics: deduplication and order at the topic, sequence numbers,    yes, for what any door publishes there;
//	ContentBasedDeduplication, FifoThroughputScope                          doors that get QoS 0 are not behind it
//	ArchivePolicy, BeginningArchiveTime, ReplayPolicy, ReplayStatus         yes; a restart goes on with a replay
//	Subscribe, Unsubscribe, ListSubscriptions(ByTopic) for protocol sqs     yes; with users configured, the unsigned
//	                                                                        link of a notification does not unsubscribe
//	the same for http and https, ConfirmSubscription                        yes; the links need no signature. What an
//	                                                                        UnsubscribeConfirmation links to is an error:
//	                                                                        subscribe again
//	deliveries to endpoints: DeliveryPolicy, throttling, signatures         yes, durable (courier.go); no redirects; public
//	versions 1 and 2, RedrivePolicy                                         addresses, and private ones that are configured
//	Get/SetSubscriptionAttributes: RawMessageDelivery, FilterPolicy,        yes; in force for what is published
//	FilterPolicyScope, RedrivePolicy                                        from the answer on
//	deliveries obey the queue's Policy, MaximumMessageSize, DelaySeconds    yes; the size of an envelope is estimated
//	filter policies                                                         over attributes (as a notification has them,
//	                                                                        `topic` included) or body, on what any door
//	                                                                        published; 200 a topic, 10,000 a namespace
//	Publish, PublishBatch; Subject, attributes, MessageStructure json       yes
//	topic attributes DisplayName, MaximumMessageSize                        yes
//	topic attributes KmsMasterKeyId, TracingConfig, and                     checked, stored and shown, no effect
//	those of delivery status logging (...FeedbackRoleArn, ...SampleRate)
//	topic attribute Policy, AddPermission, RemovePermission                 evaluated: Deny refuses everyone, Allow admits
//	                                                                        whom nothing is granted, else users' permissions
//	                                                                        decide; only of calls to SNS, not of other doors
//	tags                                                                    at creation, TagResource, Untag, List
//	protocols email, lambda, firehose, application, sms; mobile push        refused: InvalidParameter,
//	                                                                        or UnsupportedOperation
//	data protection policies                                                refused: UnsupportedOperation
//	quotas of topics, subscriptions and requests                            no
//
// Subscribing needs read on the topic and all below it (or the topic's policy) and
// write on the queue, and on the queue of a RedrivePolicy. The subscription itself
// is then the permission to deliver: a queue's policy need not name SNS, but its
// Deny holds.
//
// # Where this differs from AWS, and why
//
// A subscription's queue must exist when it is made; later, as in AWS, it need not.
// A message that SNS could not deliver lies in the dead-letter queue as it would
// have been delivered, with the attributes RequestID, ErrorCode and ErrorMessage.
// A replayed message has the attribute Replayed. Every topic of a namespace is seen
// from every region that shares it; a subscription's ARN stays as it was made.
// Notifications carry the path that was published to in the attribute `topic`.
package sns
