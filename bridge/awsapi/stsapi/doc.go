// Package stsapi is the generated wire API of AWS STS: request and reply types,
// codecs, operations and errors, from bridge/awsapi/model/sts.json.
package stsapi
