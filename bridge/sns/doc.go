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
//	Subscribe, Unsubscribe, ListSubscriptions(ByTopic) for protocol sqs     yes; with users configured, the unsigned
//	                                                                        link of a notification does not unsubscribe
//	Get/SetSubscriptionAttributes: RawMessageDelivery, FilterPolicy,        yes; in force for what is published
//	FilterPolicyScope                                                       from the answer on
//	filter policies                                                         over attributes (as a notification has them,
//	                                                                        `topic` included) or body, on what any door
//	                                                                        published; 200 a topic is not counted
//	Publish, PublishBatch; Subject, attributes, MessageStructure json       yes
//	topic attribute DisplayName                                             stored and shown
//	topic attribute Policy, AddPermission, RemovePermission                 evaluated: Deny refuses everyone, Allow admits
//	                                                                        whom nothing is granted, else users' permissions
//	                                                                        decide; only of calls to SNS, not of other doors
//	tags                                                                    at creation, TagResource, Untag, List
//	RedrivePolicy, DeliveryPolicy, ReplayPolicy of a subscription           refused: InvalidParameter
//	FIFO topics; other topic attributes                                     refused: InvalidParameter
//	protocols other than sqs, SMS, mobile push, signatures                  refused: InvalidParameter,
//	                                                                        or UnsupportedOperation
//
// Subscribing needs read on the topic and all below it (or the topic's policy) and
// write on the queue (the queue's policy is not asked). The subscription itself is
// then the permission to deliver.
//
// # Where this differs from AWS, and why
//
// A subscription's queue must exist, and when the queue is deleted its
// subscriptions go too: they are bindings of it. Every topic of a namespace is seen
// from every region that shares it; a subscription's ARN stays as it was made.
// Notifications carry the path that was published to in the attribute `topic`.
package sns
