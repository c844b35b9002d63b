package sns

import (
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
)

// place is between what a subscription is.
type place struct {
	path     string // of the topic
	endpoint string // as the client wrote it
	queue    string
	dead     string // the queue of its RedrivePolicy
	fifo     bool   // of a FIFO topic
}

func placeOf(b *core.Binding) place {
	return place{path: b.Attributes[subTopic], endpoint: b.Attributes[subEndpoint], queue: queueOf(b), dead: b.DeadTo, fifo: b.Attributes[subFIFO] != ""}
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
	for name, value := range map[string]string{subFilter: st.filter, subScope: st.scope, subRedrive: st.redrive, subReplay: st.replay} {
		if value != "" {
			attrs[name] = value
		}
	}
	if p.fifo {
		attrs[subFIFO] = "true"
	}
	return &core.Binding{
		Key: arn, Dialect: fields.SNS, Filter: match.Below(p.path), To: p.queue, DeadTo: p.dead,
		KeepTransient: true, KeepDurable: true, Durable: true, Rule: st.rule(),
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
	return b.who.MayTopic(core.Read, b.Filter) && b.who.MayQueue(core.Write, queueOf(b.Binding))
}

// listed is a subscription as lists show it.
func listed(b *core.Binding) snsapi.Subscription {
	sub, _ := awsapi.ParseNote(b.Note)
	owner, _ := awsapi.ParseARN(sub.ARN) // ours
	return snsapi.Subscription{
		SubscriptionArn: wire.Some(sub.ARN), Owner: wire.Some(owner.Account), Protocol: wire.Some("sqs"),
		Endpoint: wire.Some(b.Attributes[subEndpoint]), TopicArn: wire.Some(sub.TopicARN()),
	}
}
