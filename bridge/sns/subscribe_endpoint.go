package sns

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// Subscribe by http and https: the endpoint is sent a token, and gets nothing else
// until somebody has confirmed with it. ConfirmSubscription: signed or, as it is a
// link in that message, not. A token is good for two days; what nobody confirmed in
// that time is forgotten when somebody subscribes again or the broker starts.

// tokenLife is AWS's.
const tokenLife = 48 * time.Hour

// pendingARN is what Subscribe answers for one that is not confirmed.
const pendingARN = "pending confirmation"

func (s *Service) subscribeEndpoint(ctx context.Context, c *awsapi.Call, in *snsapi.SubscribeInput) (*snsapi.SubscribeOutput, error) {
	if s.couriers == nil {
		return nil, notYet("Protocol", "protocol "+in.Protocol.V)
	}
	st, err := subscriptionSettings(in.Attributes)
	if err == nil {
		err = checkEndpoint(in.Protocol.V, in.Endpoint.V)
	}
	if err != nil {
		return nil, err
	}
	t, err := s.topicOf(c, "TopicArn", in.TopicArn.V)
	if err != nil {
		return nil, err
	}
	if isFIFO(t.Attributes()) {
		return nil, invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue")
	}
	if err := s.authorize(c, t, t.who.MayTopic(core.Read, match.Below(t.Path()))); err != nil {
		return nil, err
	}
	dead, err := s.deadLetters(c, t.ns, t.who, &st, false)
	if err != nil {
		return nil, invalid("Attributes Reason: " + err.Error())
	}
	p := place{path: t.Path(), endpoint: strings.Clone(in.Endpoint.V), dead: dead, endpointState: endpointState{protocol: strings.Clone(in.Protocol.V)}}
	b, err := s.bindEndpoint(t, p, in, st)
	if err != nil {
		return nil, err
	}
	arn, pending := b.Key, b.Attributes[subPending] != ""
	if pending { // it may wait, and so holds up nobody
		if err := askEndpoint(ctx, t.ns, b); err != nil {
			return nil, refusal(err)
		}
	}
	if pending && !in.ReturnSubscriptionArn.V {
		arn = pendingARN
	}
	return &snsapi.SubscribeOutput{SubscriptionArn: wire.Some(arn)}, nil
}

// bindEndpoint makes the subscription, or finds the one there is.
func (s *Service) bindEndpoint(t *target, p place, in *snsapi.SubscribeInput, st settings) (b *core.Binding, err error) {
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	if err := forgetPending(t.ns, s.couriers); err != nil {
		return nil, refusal(err)
	}
	if b := endpointOf(t.ns, p); b != nil {
		have := settingsOf(b)
		if !have.same(in.Attributes, st) {
			return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
		}
		return b, nil
	}
	if err := filterLimits(t.ns, p.path, "", st); err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	var token [128]byte // AWS's are 336 hexadecimal digits
	if _, err := io.ReadFull(s.rand, token[:]); err != nil {
		return nil, err
	}
	arn := awsapi.SubscriptionARN(t.arn, id)
	p.queue, p.token, p.pending = hiddenQueue(arn), hex.EncodeToString(token[:]), t.ns.Broker().Now()
	if _, _, err := t.ns.DeclareQueue(p.queue, core.QueueOptions{Dialect: fields.SNS, Durable: true, Hidden: true}); err != nil {
		return nil, refusal(err)
	}
	b = binding(arn, p, st)
	if _, err := t.ns.Bind(b); err != nil {
		return nil, refusal(err)
	}
	s.couriers.begin(t.ns, arn)
	return b, nil
}

// endpointOf is the subscription of an endpoint to a topic, if there is one.
func endpointOf(ns *core.Namespace, p place) *core.Binding {
	for _, b := range subscriptions(ns) {
		a := b.Attributes
		if a[subTopic] == p.path && a[subProtocol] == p.protocol && a[subEndpoint] == p.endpoint {
			return b
		}
	}
	return nil
}

// askEndpoint puts the question into the subscription's queue: it is delivered, and
// tried again, like a message.
func askEndpoint(ctx context.Context, ns *core.Namespace, b *core.Binding) error {
	_, err := ns.Publish(ctx, &core.Publication{To: core.QueueAddress(b.To), Message: &core.Message{
		Body: []byte(b.Attributes[subToken]), Text: true, Durable: true, Origin: core.Origin{Protocol: confirmation},
	}})
	return err
}

// forgetPending ends subscriptions that nobody confirmed in time.
func forgetPending(ns *core.Namespace, cs *couriers) error {
	for _, b := range subscriptions(ns) {
		if st := stateOf(b); st.pending != 0 && ns.Broker().Now()-st.pending > tokenLife.Milliseconds() {
			if err := unbind(ns, cs, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// unbind ends subscriptions with what they have.
func unbind(ns *core.Namespace, cs *couriers, bs ...*core.Binding) error {
	var keys []string
	for _, b := range bs {
		keys = append(keys, b.Key)
	}
	if _, err := ns.Unbind(keys...); err != nil {
		return err
	}
	for _, b := range bs {
		if b.Attributes[subProtocol] == "" {
			continue
		}
		if cs != nil {
			cs.end(b.Key)
		}
		if err := ns.DeleteQueue(b.To); err != nil && core.KindOf(err) != core.NotFound {
			return err
		}
	}
	return nil
}

func (s *Service) confirmSubscription(_ context.Context, c *awsapi.Call, in *snsapi.ConfirmSubscriptionInput) (*snsapi.ConfirmSubscriptionOutput, error) {
	if _, err := parse("TopicArn", in.TopicArn.V); err != nil {
		return nil, invalid("Topic") // as recorded, this action's own word for it
	}
	t, err := s.topicOf(c, "TopicArn", in.TopicArn.V)
	if err != nil {
		return nil, err
	}
	auth, ok := parseBool(in.AuthenticateOnUnsubscribe.Or("false"))
	if !ok {
		return nil, invalid("AuthenticateOnUnsubscribe")
	}
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	b := tokenOf(t, in.Token.V)
	if b == nil {
		return nil, invalid("Token")
	}
	p := placeOf(b)
	if p.pending == 0 {
		return &snsapi.ConfirmSubscriptionOutput{SubscriptionArn: wire.Some(b.Key)}, nil // a link that was followed twice
	}
	p.pending, p.signed = 0, !c.Principal.Anonymous()
	p.auth = auth && p.signed // who did not sign cannot be told from another who does not
	if _, err := t.ns.Bind(binding(b.Key, p, settingsOf(b))); err != nil {
		return nil, refusal(err)
	}
	return &snsapi.ConfirmSubscriptionOutput{SubscriptionArn: wire.Some(b.Key)}, nil
}

// tokenOf is the subscription that a token confirms.
func tokenOf(t *target, token string) (found *core.Binding) {
	for _, b := range subscriptions(t.ns) {
		st := stateOf(b)
		if st.token == "" || b.Attributes[subTopic] != t.Path() || subtle.ConstantTimeCompare([]byte(st.token), []byte(token)) != 1 {
			continue
		}
		if st.pending == 0 || t.ns.Broker().Now()-st.pending <= tokenLife.Milliseconds() {
			found = b
		}
	}
	return found
}
