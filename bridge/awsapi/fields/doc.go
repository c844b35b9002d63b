// Package fields is how messages of the core and those of SQS and SNS stand for
// each other: the two AWS columns of DESIGN section 3's table, in both directions,
// shared so that bridge/sqs and bridge/sns cannot drift apart.
//
// In: Take spreads attributes over a core message's fields and headers, for the
// other doors, and leaves in its Origin what the fields cannot give back exactly
// (data types, order, attributes that became a field), so that what went in by
// AWS comes out byte for byte. Values that became headers are not kept twice.
//
// Out: Of gives body and attributes of any message. Those of ours come from
// Origin and get nothing added but `topic`; those of other doors by the table.
//
//	attribute                field                        SQS  SNS
//	priority                 Priority                     both both
//	expires-at               ExpiresAt, epoch ms          both both
//	timestamp                CreatedAt, epoch ms          both both
//	message-id               MessageID                    both both
//	JMS_SQSCorrelationID     Correlation                  both in
//	correlation-id           Correlation                  in   both
//	JMS_SQSReplyToQueueName  ReplyTo, a queue             both in (its URL beside it)
//	reply-to                 ReplyTo: `$queue/x` or path  both both (out of SQS: topics)
//	content-type, content-encoding, type, user-id, app-id  both both
//	traceparent              Trace, unless AWS's own      both both
//	JMS_SQSMessageType=byte  body is base64 of bytes      both both
//	topic                    Source, a path               out  out
//	slipway-headers          what did not fit             both both
//
// A timestamp attribute rather than SentTimestamp for CreatedAt: SentTimestamp is
// when the broker took the message, which consumers compute its age from.
//
// Absent: the dead-letter trail as attributes (SQS shows its last step as
// DeadLetterQueueSourceArn); list-valued attributes, which AWS never accepted.
package fields
