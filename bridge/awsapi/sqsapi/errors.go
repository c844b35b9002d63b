package sqsapi

import "github.com/slipwaymq/slipway/bridge/awsapi/wire"

// NonExistentQueue is the answer for a queue that is not there. The Query form
// kept its older wording, which clients match on.
func NonExistentQueue() *wire.Error {
	return &wire.Error{
		Type:         QueueDoesNotExist,
		Message:      "The specified queue does not exist.",
		QueryMessage: "The specified queue does not exist for this wsdl version.",
	}
}
