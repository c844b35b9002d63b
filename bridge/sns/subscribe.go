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

// Subscribe: protocol sqs, confirmed at once, and http and https, which the endpoint
// has to confirm (subscribe_endpoint.go). The same topic and queue give the
// subscription there is, if its attributes are the same. The queue must exist.

// otherProtocols are AWS's, not ours.
var otherProtocols = map[string]bool{
	"email": true, "email-json": true, "sms": true, "application": true, "lambda": true, "firehose": true,
}

func (s *Service) subscribe(ctx context.Context, c *awsapi.Call, in *snsapi.SubscribeInput) (*snsapi.SubscribeOutput, error) {
	switch {
	case otherProtocols[in.Protocol.V]:
		return nil, notYet("Protocol", "protocol "+in.Protocol.V)
	case in.Protocol.V == "http" || in.Protocol.V == "https":
		return s.subscribeEndpoint(ctx, c, in)
	case in.Protocol.V != "sqs":
		return nil, invalid("Amazon SNS does not support this protocol string: " + in.Protocol.V)
	}
	st, err := subscriptionSettings(in.Attributes)
	if err != nil {
		return nil, err
	}
	if st.delivery != "" {
		return nil, invalid("Attributes Reason: DeliveryPolicy: it is for subscriptions by http and https")
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
	dead, err := s.deadLetters(c, t.ns, t.who, &st, q.Grouped())
	if err != nil {
		return nil, invalid("Attributes Reason: " + err.Error())
	}
	p := place{path: t.Path(), endpoint: strings.Clone(in.Endpoint.V), queue: q.Name(), dead: dead, fifo: isFIFO(t.Attributes())}
	return s.bind(ctx, t, p, in, st)
}

// bind makes the subscription, or finds the one that there is.
func (s *Service) bind(ctx context.Context, t *target, p place, in *snsapi.SubscribeInput, st settings) (*snsapi.SubscribeOutput, error) {
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	if b := subscribedAlready(t.ns, p); b != nil {
		have := settingsOf(b)
		if !have.same(in.Attributes, st) {
			return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
		}
		return &snsapi.SubscribeOutput{SubscriptionArn: wire.Some(b.Key)}, nil
	}
	if err := filterLimits(t.ns, p.path, "", st); err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	arn := awsapi.SubscriptionARN(t.arn, id)
	if err := s.start(ctx, t, arn, p, st); err != nil {
		return nil, err
	}
	return &snsapi.SubscribeOutput{SubscriptionArn: wire.Some(arn)}, nil
}

// start binds a new subscription. One that begins with a replay delivers nothing
// of its own until the replay holds it back, or that would come twice.
func (s *Service) start(ctx context.Context, t *target, arn string, p place, st settings) error {
	again, _ := parseReplay(st.replay) // it was checked
	if err := again.check(t); err != nil {
		return invalid("Attributes Reason: " + err.Error())
	}
	b := binding(arn, p, st)
	if again != nil {
		quiet := *b
		quiet.KeepDurable, quiet.KeepTransient, quiet.Durable = false, false, false
		if _, err := t.ns.Bind(&quiet); err != nil {
			return refusal(err)
		}
		if err := again.begin(ctx, t.ns, arn, p.path); err != nil {
			return err
		}
	}
	_, err := t.ns.Bind(b)
	return refusal(err)
}

func subscribedAlready(ns *core.Namespace, p place) *core.Binding {
	q, ok := ns.Queue(p.queue)
	if !ok {
		return nil
	}
	for _, b := range ns.BindingsOf(q) {
		if b.Dialect != fields.SNS || b.Attributes[subTopic] != p.path {
			continue
		}
		if _, ok := awsapi.ParseNote(b.Note); ok {
			return b
		}
	}
	return nil
}

// Limits of AWS on subscriptions with a filter policy.
const (
	maxTopicFilters   = 200
	maxAccountFilters = 10_000
)

// filterLimits counts the filter policies beside that of one subscription.
func filterLimits(ns *core.Namespace, path, but string, st settings) error {
	if st.filter == "" {
		return nil
	}
	topic, all := 0, 0
	for _, b := range subscriptions(ns) {
		if b.Attributes[subFilter] == "" || b.Key == but {
			continue
		}
		all++
		if b.Attributes[subTopic] == path {
			topic++
		}
	}
	if topic >= maxTopicFilters || all >= maxAccountFilters {
		return snsapi.FilterPolicyLimitExceededException.Newf("Filter policy limit exceeded: %d for a topic and %d for an account", maxTopicFilters, maxAccountFilters)
	}
	return nil
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
	case o.Grouped && !isFIFO(t.Attributes()):
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
