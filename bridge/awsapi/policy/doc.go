// Package policy is access policies of queues and topics: the Policy attribute of
// SQS and SNS. It parses a document as the service checks it, edits it for
// AddPermission and RemovePermission, and decides on a request. It is pure.
//
//	d, err := policy.SQS.Parse(text)        // err is a *policy.Error with the service's own words
//	switch d.Decide(&policy.Request{Caller: ..., Action: "sqs:SendMessage", Resource: arn, Keys: keys}) {
//	case policy.Deny:    // refused, whoever asks
//	case policy.Allow:   // let in, also a caller without any permission of its own
//	case policy.Neutral: // the policy says nothing: the user's own permissions decide
//	}
//
// An explicit Deny wins over every Allow; what no statement matches is Neutral.
// Action names and condition keys compare without case, everything else with it.
// Batches are asked for under the single action (SendMessageBatch is
// sqs:SendMessage), as in AWS.
//
// Request.Keys holds the condition keys that the caller of Decide knows, in lower
// case: aws:sourcearn, aws:sourceaccount, aws:sourceowner, aws:sourceip,
// aws:securetransport, aws:currenttime, aws:principalarn, aws:username,
// sns:protocol, sns:endpoint, ... A key that is absent fails a condition, except a
// negated one, one with IfExists, and ForAllValues.
//
//	Version 2008-10-17 (default) and 2012-10-17                 yes; variables ${...} in the latter only
//	Effect, Principal and NotPrincipal: *, AWS, Service,        yes; a principal's ARN is compared as it is, its
//	Federated, CanonicalUser                                    existence is not checked (AWS: PrincipalNotFound)
//	Action, NotAction, Resource, NotResource with * and ?       yes; of a resource's ARN the region and account are
//	                                                            not compared: here they are names of one namespace
//	String*, Numeric*, Date*, Bool, BinaryEquals, IpAddress,    yes, with IfExists, ForAnyValue: and ForAllValues:
//	Arn*, Null and the negated forms
//	unknown elements and operators                              the document is invalid
//	SQS: 8,192 bytes, 20 statements, 50 principals, 10          yes
//	conditions; seven actions a statement
//	SNS: 30,720 bytes, actions of topics only, one resource     yes
//	AddPermission, RemovePermission; a topic's default policy   yes
package policy
