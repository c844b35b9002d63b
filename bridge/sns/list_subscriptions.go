package sns

import (
	"context"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// ListSubscriptions, ListSubscriptionsByTopic: pages of 100, those whose topic the
// caller may read.

func (s *Service) listSubscriptions(_ context.Context, c *awsapi.Call, in *snsapi.ListSubscriptionsInput) (*snsapi.ListSubscriptionsOutput, error) {
	ns, who, err := s.backend.For(c, "", "")
	if err != nil {
		return nil, refusal(err)
	}
	subs, next := pageOf(ns, who, in.NextToken, func(*core.Binding) bool { return true })
	return &snsapi.ListSubscriptionsOutput{Subscriptions: subs, NextToken: next}, nil
}

func (s *Service) listSubscriptionsByTopic(_ context.Context, c *awsapi.Call, in *snsapi.ListSubscriptionsByTopicInput) (*snsapi.ListSubscriptionsByTopicOutput, error) {
	t, err := s.topicOf(c, "TopicArn", in.TopicArn.V)
	if err != nil {
		return nil, err
	}
	if err := s.authorize(c, t, sees(t.who, t.Path())); err != nil {
		return nil, err
	}
	subs, next := pageOf(t.ns, t.who, in.NextToken, func(b *core.Binding) bool { return b.Attributes[subTopic] == t.Path() })
	return &snsapi.ListSubscriptionsByTopicOutput{Subscriptions: subs, NextToken: next}, nil
}

func pageOf(ns *core.Namespace, who *core.Principal, token wire.String, want func(*core.Binding) bool) ([]snsapi.Subscription, wire.String) {
	var keys []string
	var all []*core.Binding
	for _, b := range subscriptions(ns) {
		if want(b) && who.MayTopic(core.Read, b.Filter) {
			keys, all = append(keys, b.Key), append(all, b)
		}
	}
	from, to, next := page(keys, token)
	var out []snsapi.Subscription
	for _, b := range all[from:to] {
		out = append(out, listed(b))
	}
	return out, next
}
