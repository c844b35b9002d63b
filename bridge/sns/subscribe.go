package sns

import (
	"context"
	"errors"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// Subscribe: protocol sqs, confirmed at once. The same topic and queue give the
// subscription there is, if its attributes are the same. The queue must exist.

// otherProtocols are AWS's, not ours.
var otherProtocols = map[string]bool{
	"http": true, "https": true, "email": true, "email-json": true, "sms": true, "application": true, "lambda": true, "firehose": true,
}

func (s *Service) subscribe(_ context.Context, c *awsapi.Call, in *snsapi.SubscribeInput) (*snsapi.SubscribeOutput, error) {
	switch {
	case otherProtocols[in.Protocol.V]:
		return nil, notYet("Protocol", "protocol "+in.Protocol.V)
	case in.Protocol.V != "sqs":
		return nil, invalid("Amazon SNS does not support this protocol string: " + in.Protocol.V)
	}
	st, err := subscriptionSettings(in.Attributes)
	if err != nil {
		return nil, err
	}
	t, err := s.topicOf(c, "TopicArn", in.TopicArn.V)
	if err != nil {
		return nil, err
	}
	q, err := s.endpoint(c, t, in.Endpoint.V)
	if err != nil {
		return nil, err
	}
	if err := s.authorize(c, t, t.who.MayTopic(core.Read, match.Below(t.Path()))); err != nil {
		return nil, err
	}
	if !t.who.MayQueue(core.Write, q.Name()) {
		return nil, denied("subscribing a queue needs permission to write to it")
	}
	return s.bind(t, q, in, st)
}

// bind makes the subscription, or finds the one that there is.
func (s *Service) bind(t *target, q *core.Queue, in *snsapi.SubscribeInput, st settings) (*snsapi.SubscribeOutput, error) {
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	for _, b := range t.ns.BindingsOf(q) {
		if b.Dialect != fields.SNS || b.Attributes[subTopic] != t.Path() {
			continue
		}
		if sub, ok := awsapi.ParseNote(b.Note); ok {
			have := settingsOf(b)
			if !have.same(in.Attributes, st) {
				return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
			}
			return &snsapi.SubscribeOutput{SubscriptionArn: wire.Some(sub.ARN)}, nil
		}
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	arn := awsapi.SubscriptionARN(t.arn, id)
	if _, err := t.ns.Bind(binding(arn, t.Path(), strings.Clone(in.Endpoint.V), q, st)); err != nil {
		return nil, refusal(err)
	}
	return &snsapi.SubscribeOutput{SubscriptionArn: wire.Some(arn)}, nil
}

// endpoint finds the queue of an SQS ARN.
func (s *Service) endpoint(c *awsapi.Call, t *target, endpoint string) (*core.Queue, error) {
	arn, err := awsapi.ParseARN(endpoint)
	if err != nil || arn.Service != "sqs" {
		return nil, invalid("SQS endpoint ARN")
	}
	ns, _, err := s.backend.For(c, arn.Account, arn.Region)
	if err != nil {
		return nil, refusal(err)
	}
	if ns != t.ns {
		return nil, notYet("Endpoint", "a queue of another namespace than the topic's")
	}
	q, ok := s.backend.Names.FindQueue(ns, arn.Resource)
	if !ok {
		return nil, invalid("Endpoint Reason: the queue does not exist; create it first")
	}
	o := q.Options()
	switch {
	case o.Grouped:
		return nil, invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
	case o.Owner != "":
		return nil, denied("the queue is exclusive to a connection of another protocol")
	}
	return q, nil
}

// subscriptionSettings reads the attributes of Subscribe.
func subscriptionSettings(attrs awsapi.Map[string]) (st settings, err error) {
	for _, e := range attrs {
		switch err := st.set(e.Key, e.Value); {
		case errors.Is(err, errNoSuchAttribute):
			return st, invalid("Attributes Reason: Invalid attribute name: " + e.Key)
		case err != nil:
			return st, invalid("Attributes Reason: " + err.Error())
		}
	}
	if err := st.check(); err != nil {
		return st, invalid("Attributes Reason: " + err.Error())
	}
	return st, nil
}
