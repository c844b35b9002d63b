package sns

import (
	"fmt"
	"strconv"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/policy"
	"github.com/slipwaymq/slipway/core"
)

// This file decides what may be delivered to the queue of a subscription, message
// by message, when it is published. What may not goes to the queue of the
// subscription's RedrivePolicy, with why, or nowhere. The queue's DelaySeconds
// holds as for every message in it.

// Dialect is what the core is told of subscriptions, under fields.SNS.
func Dialect() core.Dialect {
	d := &deliveries{}
	return core.Dialect{Compile: compileRule, Refuse: d.refuse, Number: numbered}
}

// numbered is a subscription's note with a FIFO topic's sequence number.
func numbered(note []byte, number uint64, replayed bool) []byte {
	sub, ok := awsapi.ParseNote(note)
	if !ok {
		return note
	}
	sub.Number, sub.Replayed = number, replayed
	return sub.Note()
}

type deliveries struct {
	policies awsapi.Policies // of queues
}

// refuse is core.Dialect.Refuse.
func (d *deliveries) refuse(b *core.Binding, q *core.Queue, m *core.Message) []byte {
	why := d.failure(b, q, m)
	if why == (awsapi.Failure{}) {
		return nil
	}
	sub, _ := awsapi.ParseNote(b.Note)
	sub.Failure = why
	return sub.Note()
}

// failure says why SQS would not take the message; none if it would, which costs
// every publish little.
func (d *deliveries) failure(b *core.Binding, q *core.Queue, m *core.Message) awsapi.Failure {
	switch {
	case b.Attributes[subProtocol] != "" && q != nil:
		return awsapi.Failure{} // its own queue: what the endpoint says is courier.go's
	case q == nil:
		return awsapi.Failure{Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist."}
	case q.Exclusive(), d.denies(q.Attribute(attrPolicy), b):
		return awsapi.Failure{Code: "AccessDenied", Message: "Access to the resource " + b.Attributes[subEndpoint] + " is denied."}
	case q.Grouped() && b.Attributes[subFIFO] == "":
		return awsapi.Failure{Code: "InvalidParameterValue", Message: "A FIFO queue takes messages from FIFO topics only."}
	}
	if n := rawAttributes(b, m); n > fields.MaxAttributes {
		return awsapi.Failure{Code: "InvalidParameterValue", Message: fmt.Sprintf("Number of message attributes [%d] exceeds the allowed maximum [%d].", n, fields.MaxAttributes)}
	}
	size := q.Attribute("MaximumMessageSize")
	if size == "" {
		return awsapi.Failure{}
	}
	limit, err := strconv.Atoi(size)
	if err == nil && deliverySize(b, m) > limit {
		return awsapi.Failure{Code: "InvalidParameterValue", Message: fmt.Sprintf("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)}
	}
	return awsapi.Failure{}
}

// rawAttributes is how many attributes of SQS the message would have, if it is
// delivered raw and they may be too many: each has two bytes in its Origin at least.
func rawAttributes(b *core.Binding, m *core.Message) int {
	if m.Origin.Protocol != fields.SNS || len(m.Origin.Data) <= 2*fields.MaxAttributes || !awsapi.IsRaw(b.Note) {
		return 0
	}
	return fields.Sent(m)
}

// denies asks the queue's policy whether it shuts the topic out. That it lets the
// topic in is not needed here: whoever subscribed was allowed to write to the queue.
func (d *deliveries) denies(text string, b *core.Binding) bool {
	if text == "" {
		return false
	}
	p, ok := d.policies.Get(policy.SQS, text)
	if !ok {
		return true // none of ours set it: it must not open anything
	}
	sub, _ := awsapi.ParseNote(b.Note)
	topic := sub.TopicARN()
	owner, _ := awsapi.ParseARN(topic) // ours
	return p.Decide(&policy.Request{
		Caller: policy.Caller{Service: "sns.amazonaws.com"}, Action: "sqs:SendMessage", Resource: b.Attributes[subEndpoint],
		Keys: policy.Keys{"aws:sourcearn": {topic}, "aws:sourceaccount": {owner.Account}, "aws:sourceowner": {owner.Account}, "aws:securetransport": {"true"}},
	}) == policy.Deny
}

// envelopeRoom is what an envelope has beside the message and its attributes: the
// names of its members, ARNs, addresses and a signature.
const envelopeRoom = 900

// deliverySize is what the message has in the queue: to the byte if it is raw, in
// the envelope as nearly as can be told before it is rendered.
func deliverySize(b *core.Binding, m *core.Message) int {
	body := fields.Body(m)
	n := len(body)
	attrs := fields.Attributes(m)
	if p := m.Origin.Protocol; p == fields.SNS || p == fields.SQS {
		attrs = attrs[:min(fields.Sent(m), len(attrs))] // without what we add
	}
	for _, a := range attrs {
		n += len(a.Name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	if awsapi.IsRaw(b.Note) {
		return n
	}
	for _, c := range body {
		if c < ' ' || c == '"' || c == '\\' {
			n++
		}
	}
	return n + envelopeRoom + 2*len(b.Key)
}
