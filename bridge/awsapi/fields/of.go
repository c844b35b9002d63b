package fields

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unsafe"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// MaxAttributes is how many attributes an SQS message may have.
const MaxAttributes = 10

// Outgoing is a message as AWS clients see it.
type Outgoing struct {
	Body  string
	Attrs []awsapi.Attribute
}

// Form is whose column of the table a message is rendered by.
type Form struct {
	// Limit is the most attributes it may have, 0 for any number.
	Limit int
	// Protocol is which of the bodies of MessageStructure json: sqs, if empty, http
	// or https.
	Protocol string
	// Queue gives a queue's name and URL as the client sees them: for the names
	// that AWS's JMS library uses in SQS. Nil: SNS's names.
	Queue func(name string) (shown, url string)
}

// Of renders any message.
func Of(m *core.Message, f Form) Outgoing {
	if o, attrs, ok := ours(m, f.Limit); ok {
		return Outgoing{Body: o.body(m, f.Protocol), Attrs: attrs}
	}
	attrs, legal := foreign(m, f)
	if !legal {
		return Outgoing{Body: base64.StdEncoding.EncodeToString(m.Body), Attrs: attrs}
	}
	return Outgoing{Body: string(m.Body), Attrs: attrs}
}

// Attributes are Of's in the form of SNS, without a copy of the body.
func Attributes(m *core.Message) []awsapi.Attribute {
	if _, attrs, ok := ours(m, 0); ok {
		return attrs
	}
	attrs, _ := foreign(m, Form{})
	return attrs
}

// Body is a message's text as SNS delivers it, or nil if that is base64. It may
// be the message's own body.
func Body(m *core.Message) []byte {
	var o origin
	if (m.Origin.Protocol == SQS || m.Origin.Protocol == SNS) && o.parse(m.Origin.Data) == nil {
		switch {
		case o.variant.SQS != "":
			return []byte(o.variant.SQS)
		case o.base64:
			return nil
		}
	}
	return m.Body
}

// ours is a message that came in by AWS: just what it was, and the attribute
// `topic` for what was published to one, if there is room and no such attribute.
func ours(m *core.Message, limit int) (o origin, attrs []awsapi.Attribute, ok bool) {
	if m.Origin.Protocol != SQS && m.Origin.Protocol != SNS || o.parse(m.Origin.Data) != nil {
		return o, nil, false
	}
	if attrs, ok = o.attributes(m); !ok {
		return o, nil, false
	}
	if m.Source.Kind == core.ToTopic && m.Source.Name != "" && awsapi.IsMessageText(m.Source.Name) &&
		(limit == 0 || len(attrs) < limit) && !has(attrs, attrTopic) {
		attrs = append(attrs, text(attrTopic, m.Source.Name))
	}
	if limit > 0 && len(attrs) > limit {
		attrs = squeeze(attrs, limit)
	}
	return o, attrs, true
}

func (o *origin) body(m *core.Message, protocol string) string {
	switch own := o.variant.of(protocol); {
	case own != "":
		return own
	case o.base64:
		return base64.StdEncoding.EncodeToString(m.Body)
	}
	return string(m.Body)
}

func has(attrs []awsapi.Attribute, name string) bool {
	for i := range attrs {
		if attrs[i].Name == name {
			return true
		}
	}
	return false
}

// squeeze packs the attributes over a limit: SNS allows more than SQS.
func squeeze(attrs []awsapi.Attribute, limit int) []awsapi.Attribute {
	p := packer{}
	for _, a := range attrs[limit-1:] {
		v := a.StringValue
		if !isText(a) {
			v = string(a.BinaryValue)
		}
		p.add(a.Name, headerValue(a, v))
	}
	return append(attrs[:limit-1:limit-1], p.attribute())
}

// foreign are the attributes of a message of another door, by the table of doc.go.
// legal tells whether its body is text that AWS takes.
func foreign(m *core.Message, f Form) (_ []awsapi.Attribute, legal bool) {
	var c collector
	legal = awsapi.IsMessageText(unsafe.String(unsafe.SliceData(m.Body), len(m.Body))) // which keeps nothing of it
	if !legal {
		c.text(attrMessageType, "byte")
	}
	if m.Source.Kind == core.ToTopic {
		c.text(attrTopic, m.Source.Name)
	}
	c.fields(m, f.Queue)
	for _, h := range m.Headers {
		c.header(h)
	}
	return c.finish(f.Limit), legal
}

// collector gathers attributes in order of rank; what cannot be one is packed.
type collector struct {
	attrs  []awsapi.Attribute
	from   []core.Header // attrs[i] was made of from[i]
	packed packer
}

// fields adds the canonical fields that are set.
func (c *collector) fields(m *core.Message, queue func(string) (shown, url string)) {
	correlation := attrCorrelation
	if queue != nil {
		correlation = attrCorrelationJMS
	}
	if s := string(m.Correlation); awsapi.IsMessageText(s) {
		c.text(correlation, s)
	} else {
		c.header(core.Header{Name: correlation, Value: core.BytesValue(m.Correlation)})
	}
	switch {
	case m.ReplyTo.Kind == core.ToQueue && queue != nil:
		name, url := queue(m.ReplyTo.Name)
		c.text(attrReplyQueue, name)
		c.text(attrReplyURL, url)
	case m.ReplyTo.Kind == core.ToQueue:
		c.text(attrReplyTo, queuePrefix+m.ReplyTo.Name)
	default:
		c.text(attrReplyTo, m.ReplyTo.Name)
	}
	c.text(attrType, m.Type)
	c.text(attrContentType, m.ContentType)
	c.text(attrEncoding, m.Encoding)
	c.text(attrMessageID, m.MessageID)
	if m.HasPriority() {
		c.header(core.Header{Name: attrPriority, Value: core.IntValue(int64(m.Priority))})
	}
	c.number(attrExpiresAt, m.ExpiresAt)
	c.number(attrTimestamp, m.CreatedAt)
	c.text(attrUserID, m.UserID)
	c.text(attrAppID, m.AppID)
	if !IsAWSTrace(m.Trace) {
		c.text(attrTrace, m.Trace)
	}
}

// IsAWSTrace tells an AWSTraceHeader from another trace context.
func IsAWSTrace(trace string) bool {
	return strings.HasPrefix(trace, "Root=") || strings.Contains(trace, ";Root=")
}

func (c *collector) text(name, value string) {
	if value != "" {
		c.header(core.Header{Name: name, Value: core.StringValue(value)})
	}
}

func (c *collector) number(name string, n int64) {
	if n != 0 {
		c.header(core.Header{Name: name, Value: core.IntValue(n)})
	}
}

// header adds one header, as an attribute if its name and value can be.
func (c *collector) header(h core.Header) {
	a := ofValue(h)
	if !IsAttributeName(h.Name) || has(c.attrs, h.Name) || a.StringValue == "" && len(a.BinaryValue) == 0 ||
		!awsapi.IsMessageText(a.StringValue) {
		c.packed.add(h.Name, h.Value)
		return
	}
	c.attrs = append(c.attrs, a)
	c.from = append(c.from, h)
}

// finish keeps to the limit.
func (c *collector) finish(limit int) []awsapi.Attribute {
	n := len(c.attrs)
	if c.packed.n > 0 {
		n++
	}
	if limit > 0 && n > limit {
		keep := limit - 1
		for _, h := range c.from[keep:] {
			c.packed.add(h.Name, h.Value)
		}
		c.attrs = c.attrs[:keep]
	}
	if c.packed.n > 0 {
		c.attrs = append(c.attrs, c.packed.attribute())
	}
	return c.attrs
}

func text(name, value string) awsapi.Attribute {
	return awsapi.Attribute{Name: name, DataType: "String", StringValue: value}
}

// ofValue is a header's value as an attribute.
func ofValue(h core.Header) awsapi.Attribute {
	if h.Value.Kind == core.Bytes {
		return awsapi.Attribute{Name: h.Name, DataType: "Binary", BinaryValue: h.Value.Raw}
	}
	a := text(h.Name, Text(h.Value))
	switch h.Value.Kind {
	case core.Int, core.Uint, core.Float, core.Time, core.Number:
		a.DataType = "Number"
	}
	return a
}

// Text is a value as a string-only protocol writes it (DESIGN section 3); bytes as
// base64.
func Text(v core.Value) string {
	switch v.Kind {
	case core.String, core.Number:
		return v.Str
	case core.Bytes:
		return base64.StdEncoding.EncodeToString(v.Raw)
	case core.Bool:
		return strconv.FormatBool(v.Bool())
	case core.Int, core.Time:
		return strconv.FormatInt(v.Int(), 10)
	case core.Uint:
		return strconv.FormatUint(v.Uint(), 10)
	case core.Float:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case core.Array, core.Map:
		return string(appendJSON(nil, v, 0))
	}
	return ""
}

// IsAttributeName tells whether a message attribute may be called that.
func IsAttributeName(name string) bool {
	if name == "" || len(name) > 256 || name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, "..") {
		return false
	}
	for _, c := range []byte(name) {
		if !IsAttributeNameByte(c) {
			return false
		}
	}
	lower := strings.ToLower(name)
	return !strings.HasPrefix(lower, "aws.") && !strings.HasPrefix(lower, "amazon.")
}

// IsAttributeNameByte tells the characters of attribute names.
func IsAttributeNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

// Sent is how many attributes an AWS client sent with a message; 0 for messages of
// other doors.
func Sent(m *core.Message) int {
	var o origin
	if m.Origin.Protocol != SQS && m.Origin.Protocol != SNS || o.parse(m.Origin.Data) != nil {
		return 0
	}
	return len(o.attrs)
}
