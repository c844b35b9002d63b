package rabbit

import (
	"strconv"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
)

// properties are a message's as RabbitMQ shows them; what is not set is not there.
func properties(m *core.Message) row {
	x := row{}
	for name, v := range map[string]string{
		"content_type": m.ContentType, "content_encoding": m.Encoding, "correlation_id": string(m.Correlation), "message_id": m.MessageID,
		"type": m.Type, "user_id": m.UserID, "app_id": m.AppID, "reply_to": m.ReplyTo.RoutingKey(),
	} {
		if v != "" {
			x[name] = cutText(v)
		}
	}
	if x["delivery_mode"] = 1; m.Durable {
		x["delivery_mode"] = 2
	}
	if m.HasPriority() {
		x["priority"] = m.Priority
	}
	if m.CreatedAt != 0 {
		x["timestamp"] = m.CreatedAt / 1000
	}
	if m.ExpiresAt != 0 {
		x["expiration"] = strconv.FormatInt(max(0, m.ExpiresAt-m.PublishedAt), 10)
	}
	if h := headers(m); len(h) > 0 {
		x["headers"] = h
	}
	return x
}

var reasons = map[core.DeathReason]string{core.Rejected: "rejected", core.Expired: "expired", core.MaxLength: "maxlen", core.DeliveryLimit: "delivery_limit"}

// headers are the message's with its dead-letter trail.
func headers(m *core.Message) map[string]any {
	all := arguments.JSON(m.Headers)
	if len(m.Deaths) == 0 {
		return all
	}
	first, trail := m.Deaths[0], make([]row, len(m.Deaths))
	for i, d := range m.Deaths {
		at := arguments.DeathPlace(i, len(trail))
		trail[at] = row{
			"queue": d.Queue, "reason": reasons[d.Reason], "count": d.Count, "exchange": d.Source.Exchange(), "time": d.Time / 1000,
			"routing-keys": append([]string{d.Source.RoutingKey()}, d.Keys...),
		}
		if d.TTL != nil {
			trail[at]["original-expiration"] = strconv.FormatInt(*d.TTL, 10)
		}
		if d.Time < first.Time {
			first = d
		}
	}
	all["x-death"] = trail
	all["x-first-death-queue"], all["x-first-death-reason"] = first.Queue, reasons[first.Reason]
	all["x-first-death-exchange"] = first.Source.Exchange()
	return all
}

// propertiesBody are a message's as they come.
type propertiesBody struct {
	ContentType     string         `json:"content_type"`
	ContentEncoding string         `json:"content_encoding"`
	Headers         map[string]any `json:"headers"`
	DeliveryMode    count          `json:"delivery_mode"`
	Priority        *count         `json:"priority"`
	CorrelationID   string         `json:"correlation_id"`
	ReplyTo         string         `json:"reply_to"`
	Expiration      string         `json:"expiration"`
	MessageID       string         `json:"message_id"`
	Timestamp       count          `json:"timestamp"`
	Type            string         `json:"type"`
	UserID          string         `json:"user_id"`
	AppID           string         `json:"app_id"`
}

// fill puts the properties into a message.
func (p *propertiesBody) fill(m *core.Message, now int64) error {
	m.ContentType, m.Encoding, m.MessageID, m.Type = p.ContentType, p.ContentEncoding, p.MessageID, p.Type
	m.UserID, m.AppID, m.Correlation = p.UserID, p.AppID, []byte(p.CorrelationID)
	m.Durable = p.DeliveryMode == 2
	if n := p.Priority; n != nil {
		if *n < 0 || *n > 255 {
			return invalid("bad_request", "a priority is 0 to 255")
		}
		m.SetPriority(uint8(*n))
	}
	m.CreatedAt = int64(p.Timestamp) * 1000
	if p.ReplyTo != "" {
		m.ReplyTo = core.QueueAddress(p.ReplyTo)
	}
	if p.Expiration != "" {
		ms, err := strconv.ParseUint(p.Expiration, 10, 32)
		if err != nil {
			return invalid("bad_request", "expiration is ms as text")
		}
		m.ExpiresAt = now + int64(ms)
	}
	m.Headers = arguments.FromJSON(p.Headers)
	m.Keys = texts(p.Headers["CC"])
	return nil
}

// texts are the texts of a JSON list.
func texts(v any) (all []string) {
	list, _ := v.([]any)
	for _, x := range list {
		if s, ok := x.(string); ok {
			all = append(all, s)
		}
	}
	return all
}
