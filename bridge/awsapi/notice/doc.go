// Package notice is what SNS sends: the JSON around a message that a subscription
// routed, and its signature, so that bridge/sqs, which renders it when a queue is
// received from, and bridge/sns, which posts it to an endpoint, cannot drift apart.
//
//	Notification              a message, for Render
//	SubscriptionConfirmation  and UnsubscribeConfirmation: Confirmation
//	Signer                    signature versions 1 (SHA-1) and 2 (SHA-256), RSA PKCS #1 v1.5 over
//	                          the lines that AWS's documentation gives ("Verifying the signatures
//	                          of Amazon SNS messages"); its certificate, self-signed, is served
//	                          at CertPath by the edge
//
// Verifiers that insist on a certificate of amazonaws.com (as AWS's SDKs do) need
// their own way to be told of another host: nobody but AWS can sign for theirs.
package notice
