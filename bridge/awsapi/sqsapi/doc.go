// Package sqsapi is the generated wire API of Amazon SQS: request and reply types,
// codecs, operations and errors, from bridge/awsapi/model/sqs.json. errors.go alone
// is written by hand.
package sqsapi
