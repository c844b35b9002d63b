package sns

import (
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/core"
)

// This file turns SNS messages into core messages. The way back is bridge/sqs's:
// notifications are rendered when they are received. How fields and attributes
// stand for each other is package fields; that table is shared with SQS.

// publication is a checked message on its way to its topic. Its body is borrowed
// from the request.
func (m *outgoing) publication(t *target, who awsapi.Principal) *core.Publication {
	msg := &core.Message{GroupID: strings.Clone(m.group.V), DedupID: strings.Clone(m.dedup.V), UserID: who.User}
	attrs := make([]awsapi.Attribute, len(m.attrs))
	for i, e := range m.attrs {
		attrs[i] = awsapi.Attribute{Name: e.Key, DataType: e.Value.DataType.V, StringValue: e.Value.StringValue.V, BinaryValue: e.Value.BinaryValue}
	}
	fields.Take(msg, &fields.Incoming{Protocol: fields.SNS, Now: t.ns.Broker().Now(), Body: m.body, Variants: m.variants, Attrs: attrs})
	if m.subject.V != "" {
		msg.Type = strings.Clone(m.subject.V)
	}
	return &core.Publication{Message: msg, To: core.TopicAddress(t.Path())}
}
