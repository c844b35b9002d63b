package fields

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// Names of attributes that stand for a field or for how the body is carried.
const (
	attrMessageType    = "JMS_SQSMessageType" // AWS's JMS library: byte, text, object
	attrCorrelationJMS = "JMS_SQSCorrelationID"
	attrReplyQueue     = "JMS_SQSReplyToQueueName"
	attrReplyURL       = "JMS_SQSReplyToQueueURL"
	attrCorrelation    = "correlation-id"
	attrReplyTo        = "reply-to"
	attrPriority       = "priority"
	attrExpiresAt      = "expires-at"
	attrTimestamp      = "timestamp"
	attrMessageID      = "message-id"
	attrContentType    = "content-type"
	attrEncoding       = "content-encoding"
	attrType           = "type"
	attrUserID         = "user-id"
	attrAppID          = "app-id"
	attrTrace          = "traceparent"
	attrTopic          = "topic"
	attrPacked         = "slipway-headers"
)

// queuePrefix spells a queue where a path is expected, as MQTT's doors do.
const queuePrefix = "$queue/"

// longestField is the longest value that becomes a field: it is then stored twice.
const longestField = 1024

// Incoming is a message as an AWS client sent it. Its strings may alias the
// request; Take clones what the message keeps, but for Body.
type Incoming struct {
	Protocol string // SQS or SNS
	Now      int64  // the broker's time, which does not follow a wall clock that is set; 0: the machine's
	Body     string
	Variants Variants
	Attrs    []awsapi.Attribute
}

// Take fills a message's body, fields, headers and origin. The body is borrowed
// from in.Body, as core.Publication allows until Publish returns.
func Take(m *core.Message, in *Incoming) {
	o := origin{variant: in.Variants}
	m.Body, m.Text, m.Durable = unsafe.Slice(unsafe.StringData(in.Body), len(in.Body)), true, true
	var packed string
	for _, a := range in.Attrs {
		value := a.StringValue
		if awsapi.IsBinaryType(a.DataType) {
			value = string(a.BinaryValue)
		}
		if a.Name == attrPacked && isText(a) {
			packed = value
		}
		if isText(a) && o.takeBody(m, in, a) || isText(a) && takeField(m, a.Name, value) || a.Name == attrPacked {
			o.attrs = append(o.attrs, originAttr{dataType: strings.Clone(a.DataType), name: strings.Clone(a.Name), value: strings.Clone(value)})
			continue
		}
		o.attrs = append(o.attrs, originAttr{header: true, dataType: strings.Clone(a.DataType)})
		m.Headers = append(m.Headers, core.Header{Name: strings.Clone(a.Name), Value: headerValue(a, strings.Clone(value))})
	}
	for _, h := range unpack(packed) {
		if k := h.Value.Kind; k != core.String && k != core.Number || !takeField(m, h.Name, h.Value.Str) {
			m.Headers = append(m.Headers, h)
		}
	}
	if m.ExpiresAt != 0 && in.Now != 0 {
		m.ExpiresAt = max(1, m.ExpiresAt+in.Now-time.Now().UnixMilli())
	}
	m.Origin = core.Origin{Protocol: in.Protocol, Data: o.encode()}
}

// isText tells a String or Number attribute.
func isText(a awsapi.Attribute) bool { return !awsapi.IsBinaryType(a.DataType) }

func headerValue(a awsapi.Attribute, value string) core.Value {
	switch {
	case awsapi.IsBinaryType(a.DataType):
		return core.BytesValue([]byte(value))
	case a.DataType == "Number" || strings.HasPrefix(a.DataType, "Number."):
		return core.NumberValue(value)
	}
	return core.StringValue(value)
}

// takeBody decodes a body that says it is base64 of bytes, if encoding them again
// gives just that text.
func (o *origin) takeBody(m *core.Message, in *Incoming, a awsapi.Attribute) bool {
	if a.Name != attrMessageType || a.StringValue != "byte" {
		return false
	}
	b, err := base64.StdEncoding.DecodeString(in.Body)
	if err != nil || base64.StdEncoding.EncodeToString(b) != in.Body {
		return false
	}
	m.Body, m.Text, o.base64 = b, false, true
	return true
}

// takeField sets the field that an attribute stands for; false if it stands for
// none, or its value cannot be the field's.
func takeField(m *core.Message, name, value string) bool {
	if len(value) > longestField {
		return false
	}
	value = strings.Clone(value)
	switch name {
	case attrCorrelationJMS, attrCorrelation:
		m.Correlation = []byte(value)
	case attrReplyQueue:
		m.ReplyTo = core.QueueAddress(value)
	case attrReplyURL: // the name beside it says it
	case attrReplyTo:
		m.ReplyTo = core.TopicAddress(value)
		if q, ok := strings.CutPrefix(value, queuePrefix); ok {
			m.ReplyTo = core.QueueAddress(q)
		}
	case attrMessageID:
		m.MessageID = value
	case attrContentType:
		m.ContentType = value
	case attrEncoding:
		m.Encoding = value
	case attrType:
		m.Type = value
	case attrUserID: // who signed says himself who he is
		if m.UserID == "" {
			m.UserID = value
		}
	case attrAppID:
		m.AppID = value
	case attrTrace:
		if m.Trace == "" {
			m.Trace = value
		}
	default:
		return takeNumber(m, name, value)
	}
	return true
}

func takeNumber(m *core.Message, name, value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return false
	}
	switch {
	case name == attrPriority && n <= 255:
		m.SetPriority(uint8(n))
	case name == attrExpiresAt && n > 0:
		m.ExpiresAt = min(n, 1<<60) // far enough away, and leaves room to add to it
	case name == attrTimestamp && n > 0:
		m.CreatedAt = n
	default:
		return false
	}
	return true
}
