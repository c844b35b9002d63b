package sns

import (
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// Attributes of a subscription's Binding.
const (
	subTopic    = "topic"    // the topic's path
	subEndpoint = "endpoint" // as the client wrote it
	subFilter   = "filter"   // FilterPolicy as the client wrote it
	subScope    = "scope"    // FilterPolicyScope
	subRedrive  = "redrive"  // RedrivePolicy as the client wrote it
	subReplay   = "replay"   // ReplayPolicy as the client wrote it
	subFIFO     = "fifo"     // not empty: of a FIFO topic

	subDelivery = "delivery" // DeliveryPolicy as the client wrote it
	subProtocol = "protocol" // http or https; absent: sqs
	subToken    = "token"    // that confirms it
	subPending  = "pending"  // since when it waits for that, in ms; absent: it is confirmed
	subAuth     = "auth"     // not empty: AuthenticateOnUnsubscribe
	subSigned   = "signed"   // not empty: who confirmed it had signed
)

// place is between what a subscription is.
type place struct {
	path     string // of the topic
	endpoint string // as the client wrote it
	queue    string
	dead     string // the queue of its RedrivePolicy
	fifo     bool   // of a FIFO topic

	endpointState
}

// endpointState is what a subscription by http or https has beside; zero for sqs.
type endpointState struct {
	protocol     string // http or https
	token        string
	pending      int64 // since when it waits to be confirmed, in ms; 0: it is
	auth, signed bool  // see subAuth, subSigned
}

func stateOf(b *core.Binding) endpointState {
	a := b.Attributes
	since, _ := strconv.ParseInt(a[subPending], 10, 64) // absent is 0
	return endpointState{protocol: a[subProtocol], token: a[subToken], pending: since, auth: a[subAuth] != "", signed: a[subSigned] != ""}
}

// attributes adds what is there.
func (e *endpointState) attributes(to map[string]string) {
	for name, v := range map[string]string{subProtocol: e.protocol, subToken: e.token} {
		if v != "" {
			to[name] = v
		}
	}
	if e.pending != 0 {
		to[subPending] = strconv.FormatInt(e.pending, 10)
	}
	for name, v := range map[string]bool{subAuth: e.auth, subSigned: e.signed} {
		if v {
			to[name] = "true"
		}
	}
}

// protocolOf is a subscription's protocol as SNS names it.
func protocolOf(b *core.Binding) string {
	if p := b.Attributes[subProtocol]; p != "" {
		return p
	}
	return "sqs"
}

func placeOf(b *core.Binding) place {
	return place{path: b.Attributes[subTopic], endpoint: b.Attributes[subEndpoint], queue: queueOf(b), dead: b.DeadTo, fifo: b.Attributes[subFIFO] != "", endpointState: stateOf(b)}
}

// queueOf is the name of the queue that a subscription delivers to. Subscriptions
// of the first version hold it, and go when it is deleted.
func queueOf(b *core.Binding) string {
	if b.Queue != nil {
		return b.Queue.Name()
	}
	return b.To
}

// binding is the subscription of a queue to a topic; as in AWS it outlives the
// queue. Subscriptions of one queue to different topics deliver a copy each; a
// publish reaches a queue once per topic.
func binding(arn string, p place, st settings) *core.Binding {
	attrs := map[string]string{subTopic: p.path, subEndpoint: p.endpoint}
	for name, value := range map[string]string{subFilter: st.filter, subScope: st.scope, subRedrive: st.redrive, subReplay: st.replay, subDelivery: st.delivery} {
		if value != "" {
			attrs[name] = value
		}
	}
	if p.fifo {
		attrs[subFIFO] = "true"
	}
	p.attributes(attrs)
	live := p.pending == 0
	return &core.Binding{
		Key: arn, Dialect: fields.SNS, Filter: match.Below(p.path), To: p.queue, DeadTo: p.dead,
		KeepTransient: live, KeepDurable: live, Durable: true, Rule: st.rule(),
		Note: awsapi.Subscription{ARN: arn, Raw: st.raw}.Note(), Copies: p.path, Attributes: attrs,
	}
}

func wireEntry(key, value string) wire.Entry[string] {
	return wire.Entry[string]{Key: key, Value: value}
}

// subscriptions are all of a namespace, by ARN.
func subscriptions(ns *core.Namespace) []*core.Binding {
	var out []*core.Binding
	for _, b := range ns.Bindings("arn:") {
		if b.Dialect == fields.SNS && queueOf(b) != "" {
			out = append(out, b)
		}
	}
	return out
}

// subscribed is the subscription that a call is about.
type subscribed struct {
	*core.Binding
	sub awsapi.Subscription
	ns  *core.Namespace
	who *core.Principal
	arn awsapi.ARN
}

func (s *Service) subscriptionOf(c *awsapi.Call, subscriptionARN string) (*subscribed, error) {
	if subscriptionARN == "" {
		return nil, invalid("SubscriptionArn Reason: no value for required parameter")
	}
	arn, err := parse("SubscriptionArn", subscriptionARN)
	if err != nil {
		return nil, err
	}
	if _, id := arn.SplitSubscription(); !isUUID(id) {
		return nil, invalid("SubscriptionId")
	}
	ns, who, err := s.backend.For(c, arn.Account, arn.Region)
	if err != nil {
		return nil, refusal(err)
	}
	b, ok := ns.Binding(subscriptionARN)
	if !ok || b.Dialect != fields.SNS || queueOf(b) == "" {
		return nil, noSubscription()
	}
	sub, ok := awsapi.ParseNote(b.Note)
	if !ok {
		return nil, noSubscription()
	}
	return &subscribed{Binding: b, sub: sub, ns: ns, who: who, arn: arn}, nil
}

func isUUID(s string) bool {
	if len(s) != 36 || strings.Count(s, "-") != 4 {
		return false
	}
	return strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}

// mayChange: whoever may read the topic and write the queue made it, and may end it.
func (b *subscribed) mayChange() bool {
	if b.Attributes[subProtocol] != "" {
		return b.who.MayTopic(core.Read, b.Filter)
	}
	return b.who.MayTopic(core.Read, b.Filter) && b.who.MayQueue(core.Write, queueOf(b.Binding))
}

// listed is a subscription as lists show it.
func listed(b *core.Binding) snsapi.Subscription {
	sub, _ := awsapi.ParseNote(b.Note)
	owner, _ := awsapi.ParseARN(sub.ARN) // ours
	shown := sub.ARN
	if b.Attributes[subPending] != "" {
		shown = "PendingConfirmation"
	}
	return snsapi.Subscription{
		SubscriptionArn: wire.Some(shown), Owner: wire.Some(owner.Account), Protocol: wire.Some(protocolOf(b)),
		Endpoint: wire.Some(b.Attributes[subEndpoint]), TopicArn: wire.Some(sub.TopicARN()),
	}
}
