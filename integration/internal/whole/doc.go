// Package whole is the HTTP client that the suites give to aws-sdk-go-v2: it
// sends each request in one piece.
//
// The SDK closes a request's body when the answer begins (smithy-go,
// transport/http/client.go); if net/http, which writes a body that it does not
// know after the headers, has not looked for the body's end by then, it takes
// the SDK's close for a failure and cuts the connection, answer and all ("use of
// closed network connection"). Against a server on the same machine that happens
// about once in a hundred long answers, whoever the server is.
package whole
