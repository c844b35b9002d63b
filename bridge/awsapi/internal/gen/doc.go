// Command gen makes the request and reply types, codecs and error tables of
// sqsapi, snsapi and stsapi from the reduced service models in bridge/awsapi/model.
//
//	go run ./internal/gen                  # in bridge/awsapi: emit the packages (go generate)
//	go run ./internal/gen -reduce DIR      # make the models anew from DIR, botocore's data directory
//
// The models hold names, shapes, limits and error codes without any prose. Where
// botocore's data lost what the Query form of SQS needs, overlay.go has it.
package main
