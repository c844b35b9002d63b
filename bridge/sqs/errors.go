package sqs

import (
	"errors"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// refusal turns an error of the core into the client's. What is not the core's,
// or internal to it, stays as it is: the edge logs it.
func refusal(err error) error {
	if e := (*core.Error)(nil); errors.As(err, &e) && e.Field == core.MaxQueues {
		return sqsapi.OverLimit.New(e.Msg)
	}
	switch core.KindOf(err) {
	case core.NotFound:
		return sqsapi.NonExistentQueue()
	case core.Denied, core.Locked:
		return denied(err.Error())
	case core.OverLimit:
		return sqsapi.OverLimit.New("The maximum number of in flight messages is reached: " + err.Error())
	case core.Full, core.NoSpace:
		return sqsapi.RequestThrottled.New("The queue takes no message now: " + err.Error())
	case core.Invalid, core.TooLarge, core.Exists:
		return wire.InvalidParameterValue.New("One or more parameters are invalid. Reason: " + err.Error())
	case core.Closed:
		return wire.ServiceUnavailable.New("The broker is shutting down.")
	}
	return err
}

// invalid is the commonest error: a value that cannot be a parameter's.
func invalid(value, parameter, reason string) *awsapi.Error {
	return wire.InvalidParameterValue.Newf("Value %s for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

const wrongType = "The request include parameter that is not valid for this queue type."
