package mqtt

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// A message's own form travels in core.Message.Origin: one byte of flags, then
// the encoded properties that are passed on unaltered. Version 5 subscribers of
// a version 5 publisher get those bytes. The fields of the core are set from
// them for every other door, and for subscribers of what other doors published
// the properties are made of the fields (DESIGN section 3).
const (
	originQoS    = 0x03
	originRetain = 0x04
)

// plainOrigins are those without properties, shared by all such messages.
var plainOrigins = func() (all [8][]byte) {
	for flags := range all {
		all[flags] = []byte{byte(flags)}
	}
	return all
}()

// queuePrefix begins the topic that stands for a queue.
const queuePrefix = "$queue/"

// addressOf is where a topic name leads.
func addressOf(topic string) core.Address {
	if name, ok := strings.CutPrefix(topic, queuePrefix); ok {
		return core.QueueAddress(name)
	}
	return core.TopicAddress(topic)
}

// topicOf is the topic name of an address; none for one that MQTT cannot
// spell. Of what was published to an exchange it is the routing key's path.
func topicOf(a core.Address) string {
	switch a.Kind {
	case core.ToQueue:
		return queuePrefix + a.Name
	case core.ToExchange:
		return match.Swap(a.Key)
	}
	return a.Name
}

// fill makes m the message of a PUBLISH or will. The body stays borrowed, unless it
// is given; all else is copied.
func fill(m *core.Message, p *wire.Publish, now int64) {
	if m.Body = p.Payload; p.Given {
		m.GiveBody(p.Payload)
	}
	m.Durable = p.QoS > 0
	flags := p.QoS
	if p.Retain {
		flags |= originRetain
	}
	props := &p.Properties
	if props.Has(wire.MessageExpiry) {
		m.ExpiresAt = now + int64(props.Expiry)*1000
	}
	m.Origin = core.Origin{Protocol: dialectName, Data: plainOrigins[flags]}
	forward := props.AppendForward(nil)
	if len(forward) == 0 {
		return
	}
	m.Origin.Data = append([]byte{flags}, forward...)
	m.Text = props.PayloadIsUTF8
	m.ContentType = string(props.ContentType)
	if props.Has(wire.ResponseTopic) {
		m.ReplyTo = addressOf(string(props.ResponseTopic))
	}
	if props.Has(wire.CorrelationData) {
		m.Correlation = append([]byte{}, props.CorrelationData...)
	}
	for k, v := range props.User() {
		if name, text := string(k), string(v); !setField(m, name, text, now) {
			m.Headers = append(m.Headers, core.Header{Name: name, Value: core.StringValue(text)})
		}
	}
}

// setField takes a user property that stands for a field of the core; false
// if it is just a header, or not what that field holds.
func setField(m *core.Message, name, text string, now int64) bool {
	for _, f := range stringFields {
		if f.name == name && *f.of(m) == "" {
			*f.of(m) = text
			return true
		}
	}
	switch name {
	case "priority":
		n, err := strconv.ParseUint(text, 10, 8)
		if err == nil {
			m.SetPriority(uint8(n))
		}
		return err == nil
	case "timestamp":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return false
		}
		m.CreatedAt = n
		return true
	case "x-delay":
		n, err := strconv.ParseInt(text, 10, 40)
		if err != nil || n < 0 {
			return false
		}
		m.DeliverAt = now + n
		return true
	}
	return false
}

// stringFields are the user properties that stand for a string of the core.
var stringFields = []struct {
	name  string
	field string
	of    func(*core.Message) *string
}{
	{"message-id", core.FieldMessageID, func(m *core.Message) *string { return &m.MessageID }},
	{"content-encoding", core.FieldEncoding, func(m *core.Message) *string { return &m.Encoding }},
	{"type", core.FieldType, func(m *core.Message) *string { return &m.Type }},
	{"JMSXGroupID", core.FieldGroupID, func(m *core.Message) *string { return &m.GroupID }},
	{"x-deduplication-header", core.FieldDedupID, func(m *core.Message) *string { return &m.DedupID }},
	{"user-id", core.FieldUserID, func(m *core.Message) *string { return &m.UserID }},
	{"app-id", core.FieldAppID, func(m *core.Message) *string { return &m.AppID }},
	{"traceparent", core.FieldTrace, func(m *core.Message) *string { return &m.Trace }},
}

// origin is what the publisher's own form says: its QoS, whether it was
// retained, and the properties to pass on. What other doors published has the
// QoS that its durability stands for.
func origin(m *core.Message, v wire.Version, l lost) (qos byte, retained bool, forward []byte) {
	own := m.Origin.Protocol == dialectName && len(m.Origin.Data) > 0
	switch {
	case own:
		qos, retained, forward = m.Origin.Data[0]&originQoS, m.Origin.Data[0]&originRetain != 0, m.Origin.Data[1:]
	case m.Durable:
		qos = 1
	}
	if v != wire.V5 {
		l.all()
		return qos, retained, nil
	}
	if !own {
		forward = properties(m, l)
	}
	if len(m.Deaths) > 0 {
		forward = appendDeaths(forward[:len(forward):len(forward)], m, l)
	}
	return qos, retained, forward
}

// properties makes the properties of a message that another door published.
func properties(m *core.Message, l lost) (b []byte) {
	if m.Text {
		b = wire.AppendNumber(b, wire.PayloadFormat, 1)
	}
	switch {
	case m.ContentType == "":
	case clean(m.ContentType) && len(m.ContentType) <= 0xffff:
		b = wire.AppendString(b, wire.ContentType, m.ContentType)
	default:
		l.field(core.FieldContentType)
	}
	switch topic := topicOf(m.ReplyTo); {
	case m.ReplyTo.Kind == core.NoAddress:
	case topic != "" && clean(topic) && len(topic) <= 0xffff && !strings.ContainsAny(topic, "+#"):
		b = wire.AppendString(b, wire.ResponseTopic, topic)
	default:
		l.field(core.FieldReplyTo)
	}
	switch {
	case m.Correlation == nil:
	case len(m.Correlation) <= 0xffff:
		b = wire.AppendString(b, wire.CorrelationData, m.Correlation)
	default:
		l.field(core.FieldCorrelation)
	}
	if m.HasPriority() {
		b = appendUser(b, "priority", strconv.Itoa(int(m.Priority)))
	}
	if m.CreatedAt != 0 {
		b = appendUser(b, "timestamp", strconv.FormatInt(m.CreatedAt, 10))
	}
	for _, f := range stringFields {
		if v := *f.of(m); v != "" {
			b = l.appendUser(b, f.field, f.name, v)
		}
	}
	for i := range m.Headers {
		name, text := m.Headers[i].Text()
		b = l.appendUser(b, core.FieldHeader, name, text)
	}
	return b
}

func appendDeaths(b []byte, m *core.Message, l lost) []byte {
	first := &m.Deaths[len(m.Deaths)-1]
	b = appendUser(b, "x-first-death-queue", first.Queue)
	b = appendUser(b, "x-first-death-reason", deathReasons[first.Reason])
	type death struct {
		Queue  string `json:"queue"`
		Reason string `json:"reason"`
		Count  int64  `json:"count"`
		Time   int64  `json:"time"`
		Source string `json:"source"`
	}
	trail := make([]death, len(m.Deaths))
	for i, d := range m.Deaths {
		trail[i] = death{d.Queue, deathReasons[d.Reason], d.Count, d.Time, topicOf(d.Source)}
	}
	text, err := json.Marshal(trail)
	if err != nil {
		return b // strings and numbers: cannot be
	}
	return l.appendUser(b, core.FieldDeaths, "x-death", string(text))
}

var deathReasons = map[core.DeathReason]string{
	core.Rejected: "rejected", core.Expired: "expired", core.MaxLength: "maxlen", core.DeliveryLimit: "delivery_limit",
}

// appendUser is appendUser for a field, and counts it where that cannot be.
func (l lost) appendUser(b []byte, field, name, text string) []byte {
	with := appendUser(b, name, text)
	if len(with) == len(b) {
		l.field(field)
	}
	return with
}

// appendUser appends a user property if MQTT can carry it: UTF-8 without NUL,
// of at most 65,535 bytes; else its value as base64, or, too long, not at all.
func appendUser(b []byte, name, text string) []byte {
	if !clean(text) {
		name, text = name+";base64", base64.StdEncoding.EncodeToString([]byte(text))
	}
	if !clean(name) || len(name) > 0xffff || len(text) > 0xffff {
		return b
	}
	return wire.AppendUser(b, name, text)
}

// clean says that MQTT can carry a string [MQTT-1.5.4-1] [MQTT-1.5.4-2].
func clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
