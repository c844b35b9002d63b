package amqp091

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// A message's own form travels in core.Message.Origin: its encoded properties,
// which consumers of AMQP get back byte for byte. The fields of the core are
// set from them for every other door, and for consumers of what other doors
// published properties are made of the fields (DESIGN section 3).
//
//	reply_to of a topic     amq.topic/<routing key>, as Spring AMQP spells an exchange and a key
//	key over 255 bytes      cut; whole in the header x-topic
//	dead letters            x-death, x-first-death-*, x-last-death-* as RabbitMQ; expiration goes into x-death
//	cluster-id              a header to other protocols: none has a field for it
//	x-delivery-count        of queues that count (quorum, x-delivery-limit), from the second delivery on, by basic.get from the first

// The headers that stand for fields of the core.
const (
	headerGroup  = "JMSXGroupID"
	headerDedup  = "x-deduplication-header"
	headerDedup2 = "_AMQ_DUPL_ID"
	headerTrace  = "traceparent"
	headerDelay  = "x-delay"
	headerCC     = "CC"
	headerBCC    = "BCC"
	headerTopic  = "x-topic"
	headerCount  = "x-delivery-count"

	headerCluster = "cluster-id" // to other protocols; to AMQP it stays the property
)

// alias is a string of bytes that are never written again.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// fill makes the publication's message that of a content header. props is lent.
func (ch *channel) fill(pub *publication, props []byte) error {
	m, p := &pub.message, wire.Properties{}
	data := append([]byte(nil), props...) // kept; the strings are of it
	if err := p.Decode(data); err != nil {
		return err
	}
	changed, err := ch.fillHeaders(pub, &p)
	if err != nil {
		return err
	}
	if m.Durable = p.DeliveryMode == 2; p.Has(wire.Priority) {
		m.SetPriority(p.Priority)
	}
	m.ContentType, m.Encoding = alias(p.ContentType), alias(p.ContentEncoding)
	m.Text = isText(m.ContentType) && len(p.ContentEncoding) == 0
	m.MessageID, m.Type, m.UserID, m.AppID = alias(p.MessageID), alias(p.Type), alias(p.UserID), alias(p.AppID)
	if p.Has(wire.CorrelationID) {
		m.Correlation = p.CorrelationID
	}
	if p.Has(wire.Timestamp) && p.Timestamp <= math.MaxInt64/1000 {
		m.CreatedAt = int64(p.Timestamp) * 1000
	}
	if p.Has(wire.ReplyTo) {
		if string(p.ReplyTo) == replyTo {
			if ch.replyTo == "" {
				return wire.Errorf(wire.PreconditionFailed, "fast reply consumer does not exist")
			}
			p.ReplyTo, changed = []byte(ch.replyTo), true
		}
		m.ReplyTo = addressOf(alias(p.ReplyTo))
	}
	if p.Has(wire.Expiration) {
		if pub.TimeToLive, err = expiration(p.Expiration); err != nil {
			return err
		}
		if pub.TimeToLive == 0 { // unless a consumer takes it at once
			m.ExpiresAt = ch.c.h.cfg.Broker.Now()
		}
	}
	if p.Has(wire.ClusterID) && !slices.ContainsFunc(m.Headers, func(h core.Header) bool { return h.Name == headerCluster }) {
		m.Headers = append(m.Headers, core.Header{Name: headerCluster, Value: toCore(wire.StringValue(alias(p.ClusterID)))})
	}
	if p.Has(wire.UserID) && m.UserID != ch.c.user {
		return wire.Errorf(wire.PreconditionFailed, "user_id property set to '%s' but authenticated user was '%s'", m.UserID, ch.c.user)
	}
	if changed {
		data = p.Append(nil)
	}
	m.Origin = core.Origin{Protocol: dialectName, Data: data}
	return nil
}

// isText says that a content type is one of text.
func isText(t string) bool {
	return strings.HasPrefix(t, "text/") || strings.HasPrefix(t, "application/json") || strings.HasPrefix(t, "application/xml")
}

// longestExpiration is 100 years, in milliseconds: in seconds it fits MQTT too.
const longestExpiration = 100 * 365 * 24 * 3_600_000

// expiration reads the property: milliseconds to live.
func expiration(b []byte) (int64, error) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || n > longestExpiration:
		return 0, wire.Errorf(wire.PreconditionFailed, "invalid expiration '%s': {value_too_large,%d}", b, n)
	case err != nil || b[0] == '+':
		return 0, wire.Errorf(wire.PreconditionFailed, "invalid expiration '%s': no_integer", b)
	case n < 0:
		return 0, wire.Errorf(wire.PreconditionFailed, "invalid expiration '%s': {value_negative,%d}", b, n)
	}
	return n, nil
}

// fillHeaders takes the headers apart: routing keys, fields of the core, and
// the rest. changed says that p.Headers are others now.
func (ch *channel) fillHeaders(pub *publication, p *wire.Properties) (changed bool, err error) {
	m := &pub.message
	for name, v := range p.Headers.Fields() {
		switch string(name) {
		case headerCC:
			m.Keys, err = keysOf(headerCC, v)
		case headerBCC:
			pub.HiddenKeys, err = keysOf(headerBCC, v)
			changed = true
		case headerDelay:
			if n, ok := v.Int(); ok && ch.route.delayed && n > 0 && n <= math.MaxUint32 {
				m.DeliverAt, changed = ch.c.h.cfg.Broker.Now()+n, true
			} else {
				m.Headers = append(m.Headers, core.Header{Name: headerDelay, Value: toCore(v)})
			}
			continue
		default:
			if setField(m, alias(name), v) {
				continue
			}
		}
		if err != nil {
			return false, err
		}
		if string(name) != headerBCC {
			m.Headers = append(m.Headers, core.Header{Name: alias(name), Value: toCore(v)})
		}
	}
	if changed {
		p.Headers = edit(p.Headers, func(name string, v wire.Value) (wire.Value, bool) {
			if n, ok := v.Int(); ok && name == headerDelay && m.DeliverAt != 0 {
				v = wire.LongValue(-n) // as RabbitMQ's plugin marks that it was waited for
			}
			return v, name != headerBCC
		})
	}
	return changed, nil
}

// keysOf reads CC or BCC.
func keysOf(name string, v wire.Value) (keys []string, err error) {
	if v.Kind != wire.KindArray {
		return nil, wire.Errorf(wire.PreconditionFailed, "invalid message: {unacceptable_type_in_header,\"%s\",%s}", name, arguments.KindName(toCore(v)))
	}
	for e := range v.Elements() {
		if key, ok := e.Text(); ok { // RabbitMQ does not look at others
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// setField takes a header that stands for a field of the core.
func setField(m *core.Message, name string, v wire.Value) bool {
	var to *string
	switch name {
	case headerGroup:
		to = &m.GroupID
	case headerDedup, headerDedup2:
		to = &m.DedupID
	case headerTrace:
		to = &m.Trace
	default:
		return false
	}
	if v.Kind != wire.KindString || *to != "" {
		return false
	}
	*to = alias(v.Raw)
	return true
}

// topicReply begins the reply_to that is a topic.
const topicReply = core.AMQTopic + "/"

func addressOf(replyTo string) core.Address {
	if key, ok := strings.CutPrefix(replyTo, topicReply); ok {
		return core.TopicAddress(match.Swap(key))
	}
	if replyTo == "" {
		return core.Address{}
	}
	return core.QueueAddress(replyTo)
}

func replyToOf(a core.Address) string {
	switch a.Kind {
	case core.ToQueue:
		return a.Name
	case core.ToTopic:
		return topicReply + match.Swap(a.Name)
	case core.ToExchange:
		return a.Name + "/" + a.Key
	}
	return ""
}

// outgoingMessage is a message on its way to a client.
type outgoingMessage struct {
	message       *core.Message
	exchange, key string
	properties    []byte
}

func outgoing(m *core.Message) outgoingMessage {
	return outgoingMessage{message: m, exchange: m.Source.Exchange(), key: m.Source.RoutingKey()}
}

// prepare makes the properties: the publisher's own bytes, if nothing came to
// them here.
func (o *outgoingMessage) prepare(c *conn, d *core.Delivery, told counting) {
	m := o.message
	own := m.Origin.Protocol == dialectName
	count := told == countAll || told == countAgain && d.Deliveries > 1
	if own && len(m.Deaths) == 0 && !count && len(o.key) <= 255 {
		o.properties = m.Origin.Data
		return
	}
	var p wire.Properties
	if !own || p.Decode(m.Origin.Data) != nil {
		b := c.h.cfg.Broker
		p = properties(m, b.Now(), func(field string) { b.Lost(field, m, dialectName) })
	}
	if len(m.Deaths) > 0 {
		p.Headers = withDeaths(p.Headers, m)
		p.Set(wire.Expiration, false)
	}
	if count {
		p.Headers = set(p.Headers, headerCount, wire.LongValue(int64(d.Deliveries-1)))
	}
	if len(o.key) > 255 {
		p.Headers = set(p.Headers, headerTopic, wire.StringValue(o.key))
	}
	p.Set(wire.Headers, len(p.Headers) > 0)
	o.properties = p.Append(nil)
}

// properties makes the properties of a message that another door published.
// lost is told of each field that AMQP cannot carry: of over 255 bytes.
func properties(m *core.Message, now int64, lost func(field string)) (p wire.Properties) {
	contentType := m.ContentType
	if contentType == "" && m.Text {
		contentType = "text/plain"
	}
	for _, f := range []struct {
		which wire.Property
		to    *[]byte
		text  string
		field string
	}{
		{wire.ContentType, &p.ContentType, contentType, core.FieldContentType},
		{wire.ContentEncoding, &p.ContentEncoding, m.Encoding, core.FieldEncoding},
		{wire.CorrelationID, &p.CorrelationID, alias(m.Correlation), core.FieldCorrelation},
		{wire.ReplyTo, &p.ReplyTo, replyToOf(m.ReplyTo), core.FieldReplyTo},
		{wire.MessageID, &p.MessageID, m.MessageID, core.FieldMessageID},
		{wire.Type, &p.Type, m.Type, core.FieldType},
		{wire.UserID, &p.UserID, m.UserID, core.FieldUserID},
		{wire.AppID, &p.AppID, m.AppID, core.FieldAppID},
	} {
		switch {
		case len(f.text) > 255:
			lost(f.field)
		case f.text != "":
			*f.to = []byte(f.text)
			p.Set(f.which, true)
		}
	}
	p.DeliveryMode, p.Priority = 1, m.Priority
	if m.Durable {
		p.DeliveryMode = 2
	}
	p.Set(wire.DeliveryMode, true)
	p.Set(wire.Priority, m.HasPriority())
	if m.CreatedAt > 0 {
		p.Timestamp = uint64(m.CreatedAt / 1000)
		p.Set(wire.Timestamp, true)
	}
	if m.ExpiresAt != 0 {
		p.Expiration = strconv.AppendInt(nil, max(0, m.ExpiresAt-now), 10)
		p.Set(wire.Expiration, true)
	}
	for i := range m.Headers {
		if len(m.Headers[i].Name) > 255 {
			lost(core.FieldHeader)
			continue
		}
		p.Headers = wire.AppendField(p.Headers, m.Headers[i].Name, fromCore(&m.Headers[i].Value))
	}
	for _, f := range []struct{ name, value string }{{headerGroup, m.GroupID}, {headerDedup, m.DedupID}, {headerTrace, m.Trace}} {
		if f.value != "" {
			p.Headers = wire.AppendField(p.Headers, f.name, wire.StringValue(f.value))
		}
	}
	return p
}
