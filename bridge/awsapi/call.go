package awsapi

import (
	"log/slog"

	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

// What handlers use of the codecs' package, under shorter names.
type (
	// Error is what a client is told; made by an error type's New or Newf.
	Error = wire.Error
	// ErrorType is one code; the services' are variables such as sqsapi.OverLimit.
	ErrorType = wire.ErrorType
	// Map is an ordered map member.
	Map[V any] = wire.Map[V]
	// Opt is a member that may be absent.
	Opt[T any] = wire.Opt[T]
)

// Protocol is the form a request came in; its reply leaves in the same.
type Protocol int

// The forms.
const (
	Query Protocol = iota // form or query string in, XML out
	JSON                  // JSON 1.0
)

// String names the form for logs.
func (p Protocol) String() string {
	if p == JSON {
		return "json"
	}
	return "query"
}

// Principal is who signed a request. The zero value is anonymous.
type Principal struct {
	User        string // name of the user the access key belongs to
	AccessKeyID string
}

// Anonymous tells whether nobody is known to have signed.
func (p Principal) Anonymous() bool { return p == Principal{} }

// Call is what a handler knows of a request beside its input. It belongs to the
// handler for the length of the call.
type Call struct {
	Service   *wire.Service
	Operation string
	Protocol  Protocol
	RequestID string
	BaseURL   string // scheme://host[:port] as the client used it, or the configured one
	Account   string
	Region    string
	Principal Principal // as verified; anonymous when nothing verifies signatures
	Remote    string    // host:port of the peer

	log *slog.Logger
}

// Log is the logger with the call's name and request id.
func (c *Call) Log() *slog.Logger {
	return c.log.With("service", c.Service.Name, "action", c.Operation, "request_id", c.RequestID)
}

// QueueURL is the URL of a queue as this client must see it: with the host that
// the client itself used.
func (c *Call) QueueURL(name string) string {
	return c.BaseURL + "/" + c.Account + "/" + name
}

// ARN builds an ARN of the caller's account and region; service is "sqs" or "sns".
func (c *Call) ARN(service, resource string) string {
	return ARN{Partition: PartitionOf(c.Region), Service: service, Region: c.Region, Account: c.Account, Resource: resource}.String()
}
