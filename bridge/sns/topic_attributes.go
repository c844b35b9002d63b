package sns

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// GetTopicAttributes, SetTopicAttributes.

func (s *Service) getTopicAttributes(_ context.Context, c *awsapi.Call, in *snsapi.GetTopicAttributesInput) (*snsapi.GetTopicAttributesOutput, error) {
	t, err := s.topicOf(c, "TopicArn", in.TopicArn.V)
	if err != nil {
		return nil, err
	}
	if err := s.authorize(c, t, sees(t.who, t.Path())); err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	for _, b := range subscriptions(t.ns) {
		switch {
		case b.Attributes[subTopic] != t.Path():
		case b.Attributes[subPending] != "":
			pending++
		default:
			confirmed++
		}
	}
	return &snsapi.GetTopicAttributesOutput{Attributes: append(awsapi.Map[string]{
		{Key: "TopicArn", Value: t.arn.String()},
		{Key: "Owner", Value: t.arn.Account},
		{Key: attrPolicy, Value: policyOf(t, t.Attributes())},
		{Key: "EffectiveDeliveryPolicy", Value: shownTopicPolicy(t.Attributes()[attrDelivery])},
		{Key: "SubscriptionsConfirmed", Value: strconv.Itoa(confirmed)},
		{Key: "SubscriptionsPending", Value: strconv.Itoa(pending)},
		{Key: "SubscriptionsDeleted", Value: "0"},
	}, shownSettings(t)...)}, nil
}

// shownSettings are the attributes that were set, and the defaults that AWS shows.
func shownSettings(t *target) (out awsapi.Map[string]) {
	attrs := t.Attributes()
	for _, name := range slices.Sorted(maps.Keys(topicAttributes)) {
		a := topicAttributes[name]
		v, set := attrs[name]
		if name == attrPolicy || !set && (!a.shown || a.fifo && !isFIFO(attrs)) {
			continue
		}
		if !set {
			v = a.def
		}
		out = append(out, wireEntry(name, v))
	}
	if attrs[attrArchive] != "" {
		at := beginning(attrs, time.UnixMilli(t.ns.Broker().Now()))
		out = append(out, wireEntry("BeginningArchiveTime", at.UTC().Format(timestampForm)))
	}
	return out
}

func (s *Service) setTopicAttributes(ctx context.Context, c *awsapi.Call, in *snsapi.SetTopicAttributesInput) (*snsapi.SetTopicAttributesOutput, error) {
	t, err := s.topicFor(c, in.TopicArn.V, core.Configure)
	if err != nil {
		return nil, err
	}
	fifo := isFIFO(t.Attributes())
	set, err := topicSettings(awsapi.Map[string]{wire.Entry[string]{Key: in.AttributeName.V, Value: in.AttributeValue.V}}, fifo, false)
	if err != nil {
		return nil, err
	}
	return nil, s.change(t, func(all map[string]string) error {
		if days, ok := set[attrArchive]; ok && archiveDays(days) == 0 {
			if err := s.stopReplays(ctx, t.ns, t.Path()); err != nil {
				return err
			}
		}
		maps.Copy(all, set)
		if !fifo {
			return nil
		}
		archiveSince(t.ns, all)
		return refusal(openGate(t.ns, t.Path(), all))
	})
}
