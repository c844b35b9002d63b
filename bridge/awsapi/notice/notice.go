package notice

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

// notification is the JSON, in the order of AWS's fields.
type notification struct {
	Type              string               `json:"Type"`
	MessageID         string               `json:"MessageId"`
	Token             string               `json:"Token,omitempty"`
	SequenceNumber    string               `json:"SequenceNumber,omitempty"`
	TopicARN          string               `json:"TopicArn"`
	Subject           string               `json:"Subject,omitempty"`
	Message           string               `json:"Message"`
	SubscribeURL      string               `json:"SubscribeURL,omitempty"`
	Timestamp         string               `json:"Timestamp"`
	SignatureVersion  string               `json:"SignatureVersion,omitempty"`
	Signature         string               `json:"Signature,omitempty"`
	SigningCertURL    string               `json:"SigningCertURL,omitempty"`
	UnsubscribeURL    string               `json:"UnsubscribeURL,omitempty"`
	MessageAttributes map[string]attrValue `json:"MessageAttributes,omitempty"`
}

type attrValue struct {
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

// Types of what is sent.
const (
	TypeNotification = "Notification"
	TypeSubscribe    = "SubscriptionConfirmation"
	TypeUnsubscribe  = "UnsubscribeConfirmation"
)

// attrReplayed marks what comes out of a topic's archive.
const attrReplayed = "Replayed"

const timestampForm = "2006-01-02T15:04:05.000Z"

// A Writer writes notices. Its zero value signs nothing.
type Writer struct {
	Base    string  // scheme://host[:port] of the links
	Signer  *Signer // nil: nothing is signed
	Version string  // SignatureVersion of the topic
}

// Notification is the JSON of a message that sub routed, to be delivered by a
// protocol, such as sqs or https. A message of SNS carries its own attributes and
// `topic`; one of another door what the table makes of its fields, without SQS's
// limit of ten.
func (w Writer) Notification(m *core.Message, sub awsapi.Subscription, protocol string) (string, error) {
	out := fields.Of(m, fields.Form{Protocol: protocol})
	n := notification{
		Type: TypeNotification, MessageID: m.ID.String(), TopicARN: sub.TopicARN(), Message: out.Body,
		SequenceNumber: awsapi.SequenceNumber(sub.Number),
		Timestamp:      time.UnixMilli(m.PublishedAt).UTC().Format(timestampForm),
		UnsubscribeURL: w.Base + "/?Action=Unsubscribe&SubscriptionArn=" + url.QueryEscape(sub.ARN),
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
	return w.write(&n, n.lines())
}

// Confirmation is the JSON that asks an endpoint to confirm, or tells it that it
// was unsubscribed. at is in ms.
func (w Writer) Confirmation(kind, id, topicARN, token string, at int64) (string, error) {
	n := notification{
		Type: kind, MessageID: id, Token: token, TopicARN: topicARN, Timestamp: time.UnixMilli(at).UTC().Format(timestampForm),
		Message:      "You have chosen to subscribe to the topic " + topicARN + ".\nTo confirm the subscription, visit the SubscribeURL included in this message.",
		SubscribeURL: w.Base + "/?Action=ConfirmSubscription&TopicArn=" + url.QueryEscape(topicARN) + "&Token=" + url.QueryEscape(token),
	}
	if kind == TypeUnsubscribe {
		n.Message = "You have chosen to deactivate a subscription to the topic " + topicARN +
			".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
	}
	return w.write(&n, n.lines())
}

// lines are what is signed: names and values of the members that AWS's documentation
// lists for the type, in the order of their names.
func (n *notification) lines() string {
	pairs := [][2]string{{"Message", n.Message}, {"MessageId", n.MessageID}, {"Subject", n.Subject}, {"Timestamp", n.Timestamp}, {"TopicArn", n.TopicARN}, {"Type", n.Type}}
	if n.Type != TypeNotification {
		pairs = [][2]string{
			{"Message", n.Message}, {"MessageId", n.MessageID}, {"SubscribeURL", n.SubscribeURL}, {"Timestamp", n.Timestamp},
			{"Token", n.Token}, {"TopicArn", n.TopicARN}, {"Type", n.Type},
		}
	}
	var b strings.Builder
	for _, p := range pairs {
		if p[0] == "Subject" && p[1] == "" {
			continue
		}
		b.WriteString(p[0] + "\n" + p[1] + "\n")
	}
	return b.String()
}

// write signs and encodes.
func (w Writer) write(n *notification, lines string) (string, error) {
	if w.Signer != nil {
		n.SignatureVersion = "1"
		if w.Version == "2" {
			n.SignatureVersion = "2"
		}
		var err error
		if n.Signature, err = w.Signer.Sign(n.SignatureVersion, lines); err != nil {
			return "", err
		}
		if n.SigningCertURL, err = w.Signer.CertURL(w.Base); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(n); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
