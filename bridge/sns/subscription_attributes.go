package sns

import (
	"context"
	"errors"
	"strconv"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/core"
)

// GetSubscriptionAttributes, SetSubscriptionAttributes: RawMessageDelivery is in
// force for what is published from then on. Policies are refused, but for what
// says that there is none.

// policies are AWS's attributes that are not provided, with the values that ask
// for nothing.
var policies = map[string][]string{
	"FilterPolicy":        {"", "{}"},
	"FilterPolicyScope":   {"MessageAttributes"},
	"RedrivePolicy":       {"", "{}"},
	"DeliveryPolicy":      {"", "{}"},
	"ReplayPolicy":        {"", "{}"},
	"SubscriptionRoleArn": {""},
}

// checkPolicy passes values that ask for nothing.
func checkPolicy(name, value string) error {
	nothing, known := policies[name]
	if !known {
		return errors.New("Invalid attribute name: " + name) //nolint:staticcheck // AWS's words
	}
	for _, v := range nothing {
		if v == value {
			return nil
		}
	}
	return errors.New(name + ": not supported by Slipway yet")
}

func (s *Service) getSubscriptionAttributes(_ context.Context, c *awsapi.Call, in *snsapi.GetSubscriptionAttributesInput) (*snsapi.GetSubscriptionAttributesOutput, error) {
	b, err := s.subscriptionOf(c, in.SubscriptionArn.V)
	if err != nil {
		return nil, err
	}
	if !b.who.MayTopic(core.Read, b.Filter) {
		return nil, denied("no permission of the user allows it")
	}
	return &snsapi.GetSubscriptionAttributesOutput{Attributes: awsapi.Map[string]{
		{Key: "SubscriptionArn", Value: b.sub.ARN},
		{Key: "TopicArn", Value: b.sub.TopicARN()},
		{Key: "Protocol", Value: "sqs"},
		{Key: "Endpoint", Value: b.Attributes[subEndpoint]},
		{Key: "Owner", Value: b.arn.Account},
		{Key: attrRaw, Value: strconv.FormatBool(b.sub.Raw)},
		{Key: "PendingConfirmation", Value: "false"},
		{Key: "ConfirmationWasAuthenticated", Value: "true"},
		{Key: "SubscriptionPrincipal", Value: "arn:" + b.arn.Partition + ":iam::" + b.arn.Account + ":root"},
	}}, nil
}

func (s *Service) setSubscriptionAttributes(_ context.Context, c *awsapi.Call, in *snsapi.SetSubscriptionAttributesInput) (*snsapi.SetSubscriptionAttributesOutput, error) {
	b, err := s.subscriptionOf(c, in.SubscriptionArn.V)
	if err != nil {
		return nil, err
	}
	if !b.mayChange() {
		return nil, denied("no permission of the user allows it")
	}
	name, value := in.AttributeName.V, in.AttributeValue.V
	if name != attrRaw {
		if _, known := policies[name]; !known {
			return nil, invalid("AttributeName")
		}
		if err := checkPolicy(name, value); err != nil {
			return nil, invalid(err.Error())
		}
		return nil, nil // it asks for nothing
	}
	raw, ok := parseBool(value)
	if !ok {
		return nil, invalid("RawMessageDelivery: Invalid value [" + value + "]. Must be true or false.")
	}
	sub := awsapi.Subscription{ARN: b.sub.ARN, Raw: raw}
	_, err = b.ns.Bind(binding(sub, b.Attributes[subTopic], b.Attributes[subEndpoint], b.Queue))
	if core.KindOf(err) == core.NotFound {
		return nil, noSubscription() // its queue is gone
	}
	return nil, refusal(err)
}
