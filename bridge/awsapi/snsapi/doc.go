// Package snsapi is the generated wire API of Amazon SNS: request and reply types,
// codecs, operations and errors, from bridge/awsapi/model/sns.json.
package snsapi
