package sqs

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/core"
)

// notification is SNS's envelope around a message that a subscription routed into
// a queue, in the order of AWS's fields. It is not signed: SignatureVersion,
// Signature and SigningCertURL would promise what no verifier could confirm.
type notification struct {
	Type              string               `json:"Type"`
	MessageID         string               `json:"MessageId"`
	SequenceNumber    string               `json:"SequenceNumber,omitempty"`
	TopicARN          string               `json:"TopicArn"`
	Subject           string               `json:"Subject,omitempty"`
	Message           string               `json:"Message"`
	Timestamp         string               `json:"Timestamp"`
	UnsubscribeURL    string               `json:"UnsubscribeURL"`
	MessageAttributes map[string]attrValue `json:"MessageAttributes,omitempty"`
}

type attrValue struct {
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

// attrReplayed marks what comes out of a topic's archive.
const attrReplayed = "Replayed"

const timestampForm = "2006-01-02T15:04:05.000Z"

// envelope renders a message that sub routed. A message of SNS carries its own
// attributes and `topic`; one of another door what the table makes of its fields,
// without SQS's limit of ten.
func envelope(c *awsapi.Call, m *core.Message, sub awsapi.Subscription) string {
	out := fields.Of(m, fields.Form{})
	n := notification{
		Type: "Notification", MessageID: m.ID.String(), TopicARN: sub.TopicARN(), Message: out.Body,
		SequenceNumber: awsapi.SequenceNumber(sub.Number),
		Timestamp:      time.UnixMilli(m.PublishedAt).UTC().Format(timestampForm),
		UnsubscribeURL: c.BaseURL + "/?Action=Unsubscribe&SubscriptionArn=" + url.QueryEscape(sub.ARN),
	}
	if awsapi.IsMessageText(m.Type) {
		n.Subject = m.Type
	}
	if sub.Replayed {
		out.Attrs = append(out.Attrs, awsapi.Attribute{Name: attrReplayed, DataType: "String", StringValue: "true"})
	}
	for _, a := range out.Attrs {
		if n.MessageAttributes == nil {
			n.MessageAttributes = map[string]attrValue{}
		}
		v := a.StringValue
		if awsapi.IsBinaryType(a.DataType) {
			v = base64.StdEncoding.EncodeToString(a.BinaryValue)
		}
		n.MessageAttributes[a.Name] = attrValue{a.DataType, v}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(n) // strings into memory: cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}
