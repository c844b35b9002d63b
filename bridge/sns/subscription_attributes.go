package sns

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/core"
)

// GetSubscriptionAttributes, SetSubscriptionAttributes: in force for what is
// published from then on.

func (s *Service) getSubscriptionAttributes(_ context.Context, c *awsapi.Call, in *snsapi.GetSubscriptionAttributesInput) (*snsapi.GetSubscriptionAttributesOutput, error) {
	b, err := s.subscriptionOf(c, in.SubscriptionArn.V)
	if err != nil {
		return nil, err
	}
	if !b.who.MayTopic(core.Read, b.Filter) {
		return nil, denied("no permission of the user allows it")
	}
	st := settingsOf(b.Binding)
	shown := st.shown()
	if st.replay != "" {
		shown = append(shown, wireEntry("ReplayStatus", replayStatus(b.ns, b.Key)))
	}
	if b.Attributes[subProtocol] != "" {
		topic := ""
		if t, ok := b.ns.Topic(b.Attributes[subTopic]); ok {
			topic = t.Attributes()[attrDelivery]
		}
		shown = append(shown, wireEntry("EffectiveDeliveryPolicy", shownSubscriptionPolicy(effective(topic, st.delivery))))
	}
	state := stateOf(b.Binding)
	return &snsapi.GetSubscriptionAttributesOutput{Attributes: append(awsapi.Map[string]{
		{Key: "SubscriptionArn", Value: b.sub.ARN},
		{Key: "TopicArn", Value: b.sub.TopicARN()},
		{Key: "Protocol", Value: protocolOf(b.Binding)},
		{Key: "Endpoint", Value: b.Attributes[subEndpoint]},
		{Key: "Owner", Value: b.arn.Account},
		{Key: "PendingConfirmation", Value: strconv.FormatBool(state.pending != 0)},
		{Key: "ConfirmationWasAuthenticated", Value: strconv.FormatBool(state.protocol == "" || state.signed)},
		{Key: "SubscriptionPrincipal", Value: "arn:" + b.arn.Partition + ":iam::" + b.arn.Account + ":root"},
	}, shown...)}, nil
}

func (s *Service) setSubscriptionAttributes(ctx context.Context, c *awsapi.Call, in *snsapi.SetSubscriptionAttributesInput) (*snsapi.SetSubscriptionAttributesOutput, error) {
	s.subscribing.Lock() // nothing changes between reading the others and binding again
	defer s.subscribing.Unlock()
	b, err := s.subscriptionOf(c, in.SubscriptionArn.V)
	if err != nil {
		return nil, err
	}
	if !b.mayChange() {
		return nil, denied("no permission of the user allows it")
	}
	st := settingsOf(b.Binding)
	err = st.set(in.AttributeName.V, in.AttributeValue.V)
	if err == nil {
		err = st.check()
	}
	switch {
	case errors.Is(err, errNoSuchAttribute):
		return nil, invalid("AttributeName")
	case err != nil:
		return nil, invalid(err.Error())
	}
	return nil, s.apply(ctx, c, b, in.AttributeName.V, st)
}

// apply puts the settings of a subscription into force.
func (s *Service) apply(ctx context.Context, c *awsapi.Call, b *subscribed, changed string, st settings) error {
	p := placeOf(b.Binding)
	if changed == attrDelivery && p.protocol == "" {
		return invalid("DeliveryPolicy: it is for subscriptions by http and https")
	}
	var err error
	if p.dead, err = s.deadLetters(c, b.ns, b.who, &st, p.fifo && strings.HasSuffix(p.queue, ".fifo")); err != nil {
		return invalid(err.Error())
	}
	if err := filterLimits(b.ns, p.path, b.Key, st); err != nil {
		return err
	}
	again, _ := parseReplay(st.replay) // it was checked
	if changed == attrReplay {
		t, ok := b.ns.Topic(p.path)
		if !ok {
			return noTopic()
		}
		if err := again.check(&target{Topic: t, ns: b.ns}); err != nil {
			return invalid(err.Error())
		}
	}
	_, err = b.ns.Bind(binding(b.sub.ARN, p, st))
	if core.KindOf(err) == core.NotFound {
		return noSubscription() // its queue is gone
	}
	if err != nil || changed != attrReplay {
		return refusal(err)
	}
	return again.begin(ctx, b.ns, b.Key, p.path)
}
