// Package aws drives SQS and SNS with unmodified clients: one list of behaviours
// (the *_behaviours_test.go files), run by each client of clients_test.go through
// a small driver in its own language (clients/). The table client x behaviour is
// printed; an empty cell fails. What a client cannot do at all is n/a, with the
// reason in the list.
//
// The errors that were recorded from AWS are testdata/errors.tsv: one row is one
// case (recorded_test.go), or says why it is none.
//
// # The drivers
//
// A request is an operation with its input in the words of AWS's API model, blobs
// in base64; the answer is the output in the same words, or an error:
//
//	{"n": 1, "service": "sqs", "op": "GetQueueUrl", "in": {"QueueName": "q"}}
//	{"n": 1, "out": {"QueueUrl": "http://..."}}
//	{"n": 2, "service": "sqs", "op": "ListQueues", "in": {"MaxResults": 2}, "pages": true}
//	{"n": 2, "out": {"QueueUrls": ["http://...", ...]}}      all pages, by the client's own paginator
//	{"n": 1, "error": "The specified ...", "exception": "QueueDoesNotExist", "code": "AWS.SimpleQueueService.NonExistentQueue", "status": 400}
//
// exception is the class that a program catches: it shows that the client could
// tell which error it is. A driver finds operations by name in the client
// library and knows none itself. The environment says where and as whom:
// AWS_ENDPOINT_URL and the other variables of the SDKs.
//
// The two AWS CLIs are the programs themselves, their scripts run anew for every
// request, but in one Python process: starting one costs more than all it does.
//
// # Which clients, and what they need
//
//	sdk-go       aws-sdk-go-v2              nothing
//	boto3        boto3                      python3 with boto3
//	cli          the AWS CLI of PyPI, JSON  aws
//	cli-debian   Debian's awscli, Query     /usr/bin/aws
//	javascript   @aws-sdk/client-sqs, -sns  $SLIPWAY_TEST_CLIENTS/aws-javascript, by npm
//	java         AWS SDK for Java v2        $SLIPWAY_TEST_CLIENTS/aws-java, by Maven
//
// Four consumers that people build on are driven in hello_test.go, with a message
// each that they handle at once and one that they handle at its second try: Celery
// with kombu's SQS transport (python3 with celery[sqs]), sqs-consumer (beside the
// SDK for JavaScript), amazon-sqs-java-messaging-lib (beside that for Java) and
// Spring Cloud AWS ($SLIPWAY_TEST_CLIENTS/aws-spring, by Maven).
//
// `CI_WORK=DIR .ci/run install` installs them all below DIR, with DIR/clients for
// SLIPWAY_TEST_CLIENTS; where that is not set, only sdk-go is driven.
// SLIPWAY_TEST_AWS=http://host:port runs the list against another implementation:
// moto, say, which fails a third of it where AWS.md has AWS's own answers.
//
// # What is absent
//
// Message move tasks have no rows: Debian's CLI does not know them; bridge/sqs tests
// them.
package aws
