package sns

import (
	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// refusal turns an error of the core into the client's. What is not the core's,
// or internal to it, stays as it is: the edge logs it.
func refusal(err error) error {
	switch core.KindOf(err) {
	case core.NotFound:
		return noTopic()
	case core.Denied, core.Locked:
		return denied(err.Error())
	case core.OverLimit, core.Full, core.NoSpace:
		return snsapi.ThrottledException.New("The broker takes no message now: " + err.Error())
	case core.Invalid, core.TooLarge, core.Exists:
		return invalid(err.Error())
	case core.Closed:
		return wire.ServiceUnavailable.New("The broker is shutting down.")
	}
	return err
}

// invalid is SNS's commonest error.
func invalid(what string) *awsapi.Error {
	return snsapi.InvalidParameterException.New("Invalid parameter: " + what)
}

// notYet refuses what AWS has and this package does not: ignoring it would deliver
// what the client asked not to get.
func notYet(parameter, what string) *awsapi.Error {
	return invalid(parameter + " Reason: " + what + " is not supported by Slipway yet")
}

func noTopic() *awsapi.Error { return snsapi.NotFoundException.New("Topic does not exist") }

func noSubscription() *awsapi.Error {
	return snsapi.NotFoundException.New("Subscription does not exist")
}

func denied(why string) *awsapi.Error {
	return snsapi.AuthorizationErrorException.New("The user is not authorized to perform this action: " + why)
}
