package sqs

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/notice"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
	"github.com/slipwaymq/slipway/core"
)

// This file turns SQS messages into core messages and back. How fields and
// attributes stand for each other is package fields; that table is shared with SNS.

// publication is a checked message on its way to its queue. Its body is borrowed
// from the request.
func (m *outgoing) publication(t *target, who awsapi.Principal) *core.Publication {
	msg := &core.Message{GroupID: strings.Clone(m.group.V), DedupID: strings.Clone(m.dedup.V), UserID: who.User}
	for _, e := range m.system {
		msg.Trace = strings.Clone(e.Value.StringValue.V)
	}
	fields.Take(msg, &fields.Incoming{Protocol: fields.SQS, Now: t.ns.Broker().Now(), Body: m.body, Attrs: checksummed(m.attrs)})
	if m.delay.Ok && !t.fifo() && (m.delay.V > 0 || t.options.Delay > 0) {
		msg.DeliverAt = t.ns.Broker().Now() + int64(m.delay.V)*1000
	}
	return &core.Publication{Message: msg, To: core.QueueAddress(t.Name())}
}

// checksummed are attributes in the form that awsapi's checksum and fields take.
func checksummed(attrs awsapi.Map[sqsapi.MessageAttributeValue]) []awsapi.Attribute {
	out := make([]awsapi.Attribute, len(attrs))
	for i, e := range attrs {
		out[i] = awsapi.Attribute{Name: e.Key, DataType: e.Value.DataType.V, StringValue: e.Value.StringValue.V, BinaryValue: e.Value.BinaryValue}
	}
	return out
}

// sums are the checksums that answer a message sent.
type sums struct{ body, attrs, system wire.String }

func (m *outgoing) sums() sums {
	s := sums{body: wire.Some(awsapi.MD5OfBody(m.body)), attrs: sumOf(checksummed(m.attrs))}
	var system []awsapi.Attribute
	for _, e := range m.system {
		system = append(system, awsapi.Attribute{Name: e.Key, DataType: e.Value.DataType.V, StringValue: e.Value.StringValue.V})
	}
	s.system = sumOf(system)
	return s
}

// sumOf is absent when there are no attributes. It sorts attrs.
func sumOf(attrs []awsapi.Attribute) wire.String {
	if len(attrs) == 0 {
		return wire.String{}
	}
	return wire.Some(awsapi.MD5OfAttributes(attrs))
}

func sequenceNumber(n uint64) wire.String {
	if n == 0 {
		return wire.String{}
	}
	return wire.Some(awsapi.SequenceNumber(n))
}

// wanted is which attributes a ReceiveMessage asks for.
type wanted struct {
	system []string
	user   []string
}

// render is a delivery as the client sees it.
func (s *Service) render(c *awsapi.Call, t *target, d *core.Delivery, w *wanted) sqsapi.Message {
	var out fields.Outgoing
	sub, routed := awsapi.ParseNote(d.Note)
	if routed && !sub.Raw {
		out.Body = s.envelope(c, t, d.Message, sub)
	} else {
		out = fields.Of(d.Message, fields.Form{Limit: fields.MaxAttributes, Queue: func(name string) (shown, url string) {
			shown = s.backend.Names.Queue(t.ns, name)
			return shown, c.QueueURL(shown)
		}})
	}
	if len(d.Message.Deaths) > 1 { // DeadLetterQueueSourceArn has the last
		t.ns.Broker().Lost(core.FieldDeaths, d.Message, fields.SQS)
	}
	out.Attrs = append(out.Attrs, deliveryAttributes(d.Message, sub, len(out.Attrs))...)
	m := sqsapi.Message{
		MessageId:     wire.Some(d.Message.ID.String()),
		ReceiptHandle: wire.Some(receiptHandle(t.Name(), d.Receipt)),
		Body:          wire.Some(out.Body),
		MD5OfBody:     wire.Some(awsapi.MD5OfBody(out.Body)),
		Attributes:    s.systemAttributes(c, t, d, w),
	}
	var sent []awsapi.Attribute
	for _, a := range out.Attrs {
		if !w.wantsUser(a.Name) {
			continue
		}
		v := sqsapi.MessageAttributeValue{DataType: wire.Some(a.DataType)}
		if awsapi.IsBinaryType(a.DataType) {
			v.BinaryValue = a.BinaryValue
		} else {
			v.StringValue = wire.Some(a.StringValue)
		}
		m.MessageAttributes = append(m.MessageAttributes, wireEntry(a.Name, v))
		sent = append(sent, a)
	}
	m.MD5OfMessageAttributes = sumOf(sent)
	return m
}

// deliveryAttributes are what SNS adds beside a message that it replays, if there
// is room, or could not deliver to where it was to go.
func deliveryAttributes(m *core.Message, sub awsapi.Subscription, have int) (attrs []awsapi.Attribute) {
	text := func(name, value string) {
		attrs = append(attrs, awsapi.Attribute{Name: name, DataType: "String", StringValue: value})
	}
	if sub.Replayed && sub.Raw && have < fields.MaxAttributes {
		text(attrReplayed, "true")
	}
	if sub.Failure != (awsapi.Failure{}) {
		text("RequestID", m.ID.String())
		text("ErrorCode", sub.Failure.Code)
		text("ErrorMessage", sub.Failure.Message)
	}
	return attrs
}

// envelope is SNS's JSON around a message that a subscription routed. Where it cannot
// be signed the operator is told, and the client gets it unsigned: it may not verify.
func (s *Service) envelope(c *awsapi.Call, t *target, m *core.Message, sub awsapi.Subscription) string {
	w := notice.Writer{Base: c.BaseURL, Signer: s.signer}
	if s.signer != nil {
		w.Version = s.backend.SignatureVersion(t.ns, sub.TopicARN())
	}
	body, err := w.Notification(m, sub, fields.SQS)
	if err != nil {
		c.Log().Error("a notification cannot be signed", "error", err)
		w.Signer = nil
		body, _ = w.Notification(m, sub, fields.SQS) // only signing fails
	}
	return body
}

// attrReplayed marks what comes out of a topic's archive.
const attrReplayed = "Replayed"

// wantsUser: All, `.*`, a prefix with `.*`, or the name itself.
func (w *wanted) wantsUser(name string) bool {
	for _, p := range w.user {
		if p == "All" || p == name {
			return true
		}
		if prefix, ok := strings.CutSuffix(p, ".*"); ok && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func (w *wanted) wantsSystem(name string) bool {
	for _, p := range w.system {
		if p == sqsapi.MessageSystemAttributeNameAll || p == name {
			return true
		}
	}
	return false
}

// systemAttributes are those asked for that the message has.
func (s *Service) systemAttributes(c *awsapi.Call, t *target, d *core.Delivery, w *wanted) (out awsapi.Map[string]) {
	if len(w.system) == 0 {
		return nil
	}
	m := d.Message
	add := func(name, value string) {
		if value != "" && w.wantsSystem(name) {
			out = append(out, wireEntry(name, value))
		}
	}
	sender := c.Account
	if m.Origin.Protocol == fields.SQS && m.UserID != "" {
		sender = m.UserID
	}
	add(sqsapi.MessageSystemAttributeNameSenderId, sender)
	add(sqsapi.MessageSystemAttributeNameSentTimestamp, strconv.FormatInt(m.PublishedAt, 10))
	add(sqsapi.MessageSystemAttributeNameApproximateReceiveCount, strconv.Itoa(d.Deliveries))
	add(sqsapi.MessageSystemAttributeNameApproximateFirstReceiveTimestamp, strconv.FormatInt(d.FirstAt, 10))
	add(sqsapi.MessageSystemAttributeNameSequenceNumber, sequenceNumber(d.Sequence).V)
	add(sqsapi.MessageSystemAttributeNameMessageDeduplicationId, dedupID(t, m))
	add(sqsapi.MessageSystemAttributeNameMessageGroupId, groupID(t, m))
	add(sqsapi.MessageSystemAttributeNameAWSTraceHeader, awsTrace(m))
	if len(m.Deaths) > 0 {
		add(sqsapi.MessageSystemAttributeNameDeadLetterQueueSourceArn, c.ARN("sqs", s.backend.Names.Queue(t.ns, m.Deaths[0].Queue)))
	}
	return out
}

// dedupID is what a FIFO queue deduplicated by: of the content, if need be.
func dedupID(t *target, m *core.Message) string {
	if m.DedupID == "" && t.fifo() && t.options.DedupContent {
		sum := sha256.Sum256(m.Body)
		return hex.EncodeToString(sum[:])
	}
	return m.DedupID
}

// groupID is the message's; in a FIFO queue the core takes the source of what has
// none as its group.
func groupID(t *target, m *core.Message) string {
	if m.GroupID == "" && t.fifo() {
		return m.Source.Name
	}
	return m.GroupID
}

// awsTrace is the trace header that an AWS client sent, whatever it is, or another
// door's if it is in AWS's form.
func awsTrace(m *core.Message) string {
	if m.Origin.Protocol == fields.SQS || fields.IsAWSTrace(m.Trace) {
		return m.Trace
	}
	return ""
}
