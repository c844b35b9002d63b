package stomp

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// A message's own form travels in core.Message.Origin: a byte of version, the
// destination as it was written, and the headers of SEND as they were, escaped
// as 1.2 does; subscribers get those bytes. The fields of the core are set from
// them for every other door, and for subscribers of what other doors published
// the headers are made of the fields (DESIGN section 3).

const originVersion = 1

// ours are the headers of SEND that are for the server, or that MESSAGE has of
// its own: they are not passed on.
func ours(name string) bool {
	switch name {
	case "destination", "content-length", "receipt", "transaction", "subscription", "message-id", "ack", "redelivered":
		return true
	}
	return false
}

// fill makes m the message of a SEND. The body stays borrowed, unless it is given;
// all else is the frame's own or copied. destination is what is remembered of it.
func fill(m *core.Message, f *wire.Frame, destination string, now int64) error {
	if m.Body = f.Body; f.Given {
		m.GiveBody(f.Body)
	}
	size := 0
	for i := range f.Headers {
		size += len(f.Headers[i].Name) + len(f.Headers[i].Value) + 4
	}
	data := append(make([]byte, 0, size+len(destination)+4), originVersion)
	data = append(binary.AppendUvarint(data, uint64(len(destination))), destination...)
	m.Text = !f.Sized && utf8.Valid(f.Body)
	for i := range f.Headers {
		h := &f.Headers[i]
		if ours(h.Name) {
			continue
		}
		data = wire.AppendHeader(data, wire.V12, h.Name, h.Value)
		if repeated(f.Headers[:i], h.Name) {
			m.Headers = append(m.Headers, core.Header{Name: h.Name, Value: text(h.Value)})
			continue
		}
		switch taken, err := setField(m, h.Name, h.Value, now); {
		case err != nil:
			return err
		case !taken:
			m.Headers = append(m.Headers, core.Header{Name: h.Name, Value: text(h.Value)})
		}
	}
	m.Origin = core.Origin{Protocol: DialectName, Data: data}
	return scheduled(m, now)
}

func repeated(before []wire.Header, name string) bool {
	for i := range before {
		if before[i].Name == name {
			return true
		}
	}
	return false
}

// text is a header's value; what is no text is bytes.
func text(s string) core.Value {
	if utf8.ValidString(s) {
		return core.StringValue(s)
	}
	return core.BytesValue([]byte(s))
}

// setField takes a header that stands for a field of the core; false if it is
// just a header.
func setField(m *core.Message, name, val string, now int64) (taken bool, err error) {
	if of, ok := stringFields[name]; ok {
		*of(m) = val
		return true, nil
	}
	switch name {
	case "persistent":
		m.Durable = strings.EqualFold(strings.TrimSpace(val), "true")
	case "correlation-id":
		m.Correlation = []byte(val)
	case "amq-msg-type":
		m.Text = val == "text"
		return false, nil
	case "reply-to":
		if m.ReplyTo = replyAddress(val); m.ReplyTo.Kind == core.NoAddress {
			return false, nil
		}
	case "content-type":
		m.ContentType = val
		m.Text = m.Text || strings.HasPrefix(val, "text/")
	case "priority":
		n, err := number(name, val, 8)
		m.SetPriority(uint8(n))
		return true, err
	case "timestamp":
		n, err := number(name, val, 63)
		m.CreatedAt = n
		return true, err
	case "expires": // ActiveMQ: a time; 0 is never
		n, err := number(name, val, 63)
		if n > 0 { // by the client's clock, which was set with the machine's
			m.ExpiresAt = max(1, now+min(n, longestTime)-time.Now().UnixMilli())
		}
		return true, err
	case "expiration": // RabbitMQ: how long
		n, err := number(name, val, 40)
		m.ExpiresAt = now + n
		return true, err
	case "AMQ_SCHEDULED_PERIOD", "AMQ_SCHEDULED_REPEAT", "AMQ_SCHEDULED_CRON":
		return schedule(m, name, strings.TrimSpace(val))
	case "AMQ_SCHEDULED_DELAY", "x-delay":
		n, err := number(name, val, 40)
		if n > 0 {
			m.DeliverAt = now + n
		}
		return true, err
	default:
		return false, nil
	}
	return true, nil
}

// longestTime is far enough away, and leaves room to add to it.
const longestTime = 1 << 60

func number(name, val string, bits int) (int64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(val), 10, bits)
	if err != nil {
		return 0, refuse("Invalid header", "%s is no number that can be: %q", name, val)
	}
	return int64(n), nil
}

// stringFields are the headers that stand for a string of the core.
var stringFields = map[string]func(*core.Message) *string{
	"amqp-message-id":  func(m *core.Message) *string { return &m.MessageID },
	"content-encoding": func(m *core.Message) *string { return &m.Encoding },
	"type":             func(m *core.Message) *string { return &m.Type },
	"JMSXGroupID":      func(m *core.Message) *string { return &m.GroupID },
	"_AMQ_DUPL_ID":     func(m *core.Message) *string { return &m.DedupID },
	"user-id":          func(m *core.Message) *string { return &m.UserID },
	"app-id":           func(m *core.Message) *string { return &m.AppID },
	"traceparent":      func(m *core.Message) *string { return &m.Trace },
}

// origin takes our own form apart; not ok for what another door published.
func origin(m *core.Message) (destination string, headers []byte, ok bool) {
	data := m.Origin.Data
	if m.Origin.Protocol != DialectName || len(data) == 0 || data[0] != originVersion {
		return "", nil, false
	}
	n, size := binary.Uvarint(data[1:])
	if size <= 0 || n > uint64(len(data)-1-size) {
		return "", nil, false
	}
	rest := data[1+size:]
	return string(rest[:n]), rest[n:], true
}

// A writer appends the headers of one message for one version.
type writer struct {
	dst    []byte
	v      wire.Version
	m      *core.Message
	now    int64
	broker *core.Broker // counts what this version cannot say; nil: nobody does
}

func (w *writer) lost(field string) {
	if w.broker != nil {
		w.broker.Lost(field, w.m, DialectName)
	}
}

// headers appends what the publisher said.
func (w *writer) headers(published []byte, own bool) {
	switch {
	case !own:
		w.fields()
	case w.v == wire.V12:
		w.dst = append(w.dst, published...)
	default:
		w.reescaped(published)
	}
	if len(w.m.Deaths) > 0 {
		w.deaths()
	}
}

// reescaped appends headers that are escaped as 1.2 does for another version.
func (w *writer) reescaped(published []byte) {
	for rest := string(published); rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		name, value, _ := strings.Cut(line, ":")
		w.header(core.FieldHeader, wire.Unescape(name), wire.Unescape(value))
	}
}

// header appends one, or counts it as lost where the version cannot spell it.
func (w *writer) header(field, name, value string) {
	if !wire.Spellable(w.v, name, value) {
		name, value = name+";base64", base64.StdEncoding.EncodeToString([]byte(value))
		if !wire.Spellable(w.v, name, value) {
			w.lost(field)
			return
		}
	}
	w.dst = wire.AppendHeader(w.dst, w.v, name, value)
}

// fields appends the headers of a message that another door published.
func (w *writer) fields() {
	m := w.m
	w.string(core.FieldContentType, "content-type", m.ContentType)
	w.string(core.FieldEncoding, "content-encoding", m.Encoding)
	if m.Durable {
		w.dst = wire.AppendHeader(w.dst, w.v, "persistent", "true")
	}
	if m.HasPriority() {
		w.dst = wire.AppendNumber(w.dst, "priority", int64(m.Priority))
	}
	if m.CreatedAt != 0 {
		w.dst = wire.AppendNumber(w.dst, "timestamp", m.CreatedAt)
	}
	if m.ExpiresAt != 0 {
		w.dst = wire.AppendNumber(w.dst, "expiration", max(0, m.ExpiresAt-w.now))
		w.dst = wire.AppendNumber(w.dst, "expires", m.ExpiresAt-w.now+time.Now().UnixMilli())
	}
	w.string(core.FieldMessageID, "amqp-message-id", m.MessageID)
	if m.Correlation != nil {
		name, value := (&core.Header{Name: "correlation-id", Value: text(string(m.Correlation))}).Text()
		w.header(core.FieldCorrelation, name, value)
	}
	w.string(core.FieldReplyTo, "reply-to", spelled(m.ReplyTo))
	w.string(core.FieldType, "type", m.Type)
	w.string(core.FieldGroupID, "JMSXGroupID", m.GroupID)
	w.string(core.FieldDedupID, "_AMQ_DUPL_ID", m.DedupID)
	w.string(core.FieldUserID, "user-id", m.UserID)
	w.string(core.FieldAppID, "app-id", m.AppID)
	w.string(core.FieldTrace, "traceparent", m.Trace)
	for i := range m.Headers {
		name, value := m.Headers[i].Text()
		w.header(core.FieldHeader, name, value)
	}
}

func (w *writer) string(field, name, value string) {
	if value != "" {
		w.header(field, name, value)
	}
}

// deaths appends the dead-letter trail: RabbitMQ's headers, x-death as JSON.
func (w *writer) deaths() {
	m := w.m
	first := &m.Deaths[len(m.Deaths)-1]
	w.header(core.FieldDeaths, "x-first-death-queue", first.Queue)
	w.header(core.FieldDeaths, "x-first-death-reason", deathReasons[first.Reason])
	w.header(core.FieldDeaths, "x-first-death-exchange", first.Source.Exchange())
	type death struct {
		Queue    string   `json:"queue"`
		Reason   string   `json:"reason"`
		Count    int64    `json:"count"`
		Time     int64    `json:"time"`
		Exchange string   `json:"exchange"`
		Keys     []string `json:"routing-keys"`
	}
	trail := make([]death, len(m.Deaths))
	for i, d := range m.Deaths {
		trail[i] = death{d.Queue, deathReasons[d.Reason], d.Count, d.Time, d.Source.Exchange(), append([]string{d.Source.RoutingKey()}, d.Keys...)}
	}
	list, err := json.Marshal(trail)
	if err != nil {
		return // strings and numbers: cannot be
	}
	w.header(core.FieldDeaths, "x-death", string(list))
}

var deathReasons = map[core.DeathReason]string{
	core.Rejected: "rejected", core.Expired: "expired", core.MaxLength: "maxlen", core.DeliveryLimit: "delivery_limit",
}
