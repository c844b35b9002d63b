package sns

import (
	"context"
	"maps"
	"strconv"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// GetTopicAttributes, SetTopicAttributes: DisplayName and Policy can be set.

// effectiveDelivery is AWS's default for every topic.
const effectiveDelivery = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,` +
	`"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,` +
	`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func (s *Service) getTopicAttributes(_ context.Context, c *awsapi.Call, in *snsapi.GetTopicAttributesInput) (*snsapi.GetTopicAttributesOutput, error) {
	t, err := s.topicOf(c, "TopicArn", in.TopicArn.V)
	if err != nil {
		return nil, err
	}
	if err := s.authorize(c, t, sees(t.who, t.Path())); err != nil {
		return nil, err
	}
	confirmed := 0
	for _, b := range subscriptions(t.ns) {
		if b.Attributes[subTopic] == t.Path() {
			confirmed++
		}
	}
	attrs := t.Attributes()

	return &snsapi.GetTopicAttributesOutput{Attributes: awsapi.Map[string]{
		{Key: "TopicArn", Value: t.arn.String()},
		{Key: "Owner", Value: t.arn.Account},
		{Key: attrDisplayName, Value: attrs[attrDisplayName]},
		{Key: attrPolicy, Value: policyOf(t, attrs)},
		{Key: "EffectiveDeliveryPolicy", Value: effectiveDelivery},
		{Key: "SubscriptionsConfirmed", Value: strconv.Itoa(confirmed)},
		{Key: "SubscriptionsPending", Value: "0"},
		{Key: "SubscriptionsDeleted", Value: "0"},
	}}, nil
}

func (s *Service) setTopicAttributes(_ context.Context, c *awsapi.Call, in *snsapi.SetTopicAttributesInput) (*snsapi.SetTopicAttributesOutput, error) {
	t, err := s.topicFor(c, in.TopicArn.V, core.Configure)
	if err != nil {
		return nil, err
	}
	attrs, err := checkTopicAttributes(awsapi.Map[string]{wire.Entry[string]{Key: in.AttributeName.V, Value: in.AttributeValue.V}})
	if err != nil {
		return nil, err
	}
	return nil, s.change(t, func(all map[string]string) error {
		maps.Copy(all, attrs)
		return nil
	})
}
