// Package awsapi is the one HTTP edge of every AWS service: it turns a request of
// either form (JSON 1.0, or Query with XML replies) into one Go value, checks it,
// finds the handler in one table, and answers in the form that was asked in. The
// services themselves (bridge/sqs, bridge/sns) are handlers and know no HTTP.
//
// Life of a request: Edge.ServeHTTP -> guard (guard.go: Host, Origin, cross-site)
// -> receive (receive.go: bounded body, deadline) -> route (route.go: which
// service, which action) -> verify (Config.Verify, if any) -> decode and Validate
// (generated) -> handler -> reply (reply.go) or the error's own form. One *Error
// leaves as its code; any other error is one log line and an internal failure.
//
// # Writing a service
//
// Types, codecs, operations and errors are generated per service into sqsapi,
// snsapi and stsapi (go generate ./bridge/...; models in model/, generator in
// internal/gen). A handler is a method:
//
//	func (s *Service) sendMessage(ctx context.Context, c *awsapi.Call, in *sqsapi.SendMessageInput) (*sqsapi.SendMessageOutput, error) {
//		ref, ok := awsapi.ParseQueueURL(in.QueueUrl.V)  // required strings are there and not empty
//		if in.DelaySeconds.Ok { ... in.DelaySeconds.V }  // optional: an explicit 0 is Ok
//		a, ok := in.MessageAttributes.Get("trace")       // maps keep their order
//		...
//		return nil, sqsapi.OverLimit.New("...")          // or sqsapi.NonExistentQueue()
//		return &sqsapi.SendMessageOutput{MessageId: wire.Some(id)}, nil
//	}
//
//	reg := awsapi.NewRegistry(sqsapi.Service, snsapi.Service, stsapi.Service)
//	awsapi.Handle(reg, sqsapi.SendMessage, s.sendMessage) // one line per action
//	awsapi.HandleSTS(reg)
//	verify := awsapi.Signatures{Secret: byAccessKey, Now: time.Now}.Verifier() // nil where there are no users
//	edge := awsapi.New(awsapi.Config{Registry: reg, Account: "000000000000", Region: "us-east-1", Log: log, Verify: verify})
//	srv := awsapi.NewServer(edge, log)                     // *http.Server with our timeouts; srv.Serve(awsapi.Listener(ln))
//
// Contracts: a string of an input aliases the request's body, so strings.Clone
// what outlives the call and is small; ctx ends when the client goes away or the
// server shuts down, once somebody asked for its Done (watch.go), and a handler that
// waits (a long poll) must watch it; nil and empty slices and maps of an output are omitted.
//
// What the edge checks is what the model says: required members (SQS: of the top
// level, an empty required string counts as missing except QueueName; `Entries`
// is left to the handler, which owes EmptyBatchRequest) and, for SNS and STS,
// lengths and ranges. SQS's model has no ranges: they are the handlers', with
// wire.InvalidParameterValue.
//
// # What is there
//
//	JSON 1.0 (SQS), Query by POST and GET (SQS, SNS, STS), queue in the path   yes
//	every operation of the three models decoded and encoded                    yes
//	operations without a handler                                               clear UnsupportedOperation
//	services that are not here                                                 named in the error, by the credential scope
//	requests refused for who sends them                                        a line in the log, at most one a second
//	service by X-Amz-Target; Version; credential scope; a unique Action        yes
//	region from the credential scope; account from a 12-digit access key id    yes
//	queue URLs and ARNs, aliases, MD5s, message text                           yes
//	guard against DNS rebinding and cross-site requests                        yes, where anonymous may do everything
//	bounds: body, headers, requests in flight, bytes in reception, slow bodies yes
//	sts:GetCallerIdentity                                                      yes
//	SigV4, header and presigned (package sigv4)                                yes, with Config.Verify; without it any
//	                                                                           signature, or none, is served
//	users are confined to their namespace, whatever account a request names    yes, but for what a policy allows
//	policies of queues and topics (package policy; Backend.Authorize)          asked by the services
//	JSON 1.1, CBOR, event streams; SNS over JSON; CORS                         no
//	regular expressions of the models                                          not checked
//	X-Forwarded-*                                                              ignored; Config.ExternalURL says it
package awsapi
