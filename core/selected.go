package core

import (
	"github.com/slipwaymq/slipway/core/selector"
)

// ParseSelector makes a predicate of a JMS selector (package selector), for
// consumers and bindings of every door. With convert text that is a number is
// one where it is compared with one: for doors whose headers are all text.
// Invalid: it is none.
func ParseSelector(text string, convert bool) (Predicate, error) {
	s, err := selector.Parse(text, selector.Options{Convert: convert})
	if err != nil {
		return nil, errf(Invalid, "selector: %v", err)
	}
	return selected{s}, nil
}

// CompileSelector is Dialect.Compile of a door whose rules are selectors and
// whose headers are all text.
func CompileSelector(rule []byte) (Predicate, error) { return ParseSelector(string(rule), true) }

type selected struct{ *selector.Selector }

// Matches is Predicate.
func (s selected) Matches(m *Message) bool { return s.Selects((*properties)(m)) }

// properties are what selectors see of a message: its headers, then what JMS and
// the protocols call its own fields.
type properties Message

func (p *properties) Property(name string) selector.Value {
	if v, ok := (*Message)(p).Header(name); ok {
		return propertyValue(v)
	}
	if f, ok := selectable[name]; ok {
		return f((*Message)(p))
	}
	return selector.Value{}
}

// propertyValue is a header as selectors see it. What is no scalar is null, as
// is what JMS has no literal for.
func propertyValue(v Value) selector.Value {
	switch v.Kind {
	case String:
		return selector.TextValue(v.Str)
	case Number:
		return selector.NumberValue(v.Str)
	case Bool:
		return selector.BoolValue(v.Bool())
	case Int, Time:
		return selector.IntValue(v.Int())
	case Uint:
		if n := v.Uint(); n <= 1<<63-1 {
			return selector.IntValue(int64(n))
		}
		return selector.FloatValue(float64(v.Uint()))
	case Float:
		return selector.FloatValue(v.Float())
	}
	return selector.Value{}
}

// DefaultPriority is what JMS takes a message for whose producer gave none (JMS 2.0
// section 3.4.10). Queues have it as 0, as AMQP 0-9-1 does.
const DefaultPriority = 4

// selectable are the fields by their names: those of JMS 2.0 section 3.8.1.1
// (and the three that brokers add), and those that the doors give them.
var selectable = func() map[string]func(*Message) selector.Value {
	priority := func(m *Message) selector.Value {
		if !m.HasPriority() {
			return selector.IntValue(DefaultPriority)
		}
		return selector.IntValue(int64(m.Priority))
	}
	id := func(m *Message) selector.Value {
		if m.MessageID == "" {
			return selector.TextValue(m.ID.String())
		}
		return selector.TextValue(m.MessageID)
	}
	created := func(m *Message) selector.Value {
		if m.CreatedAt == 0 {
			return selector.IntValue(m.PublishedAt)
		}
		return selector.IntValue(m.CreatedAt)
	}
	mode := func(m *Message) selector.Value {
		if m.Durable {
			return selector.TextValue("PERSISTENT")
		}
		return selector.TextValue("NON_PERSISTENT")
	}
	text := func(of func(*Message) string) func(*Message) selector.Value {
		return func(m *Message) selector.Value {
			if s := of(m); s != "" {
				return selector.TextValue(s)
			}
			return selector.Value{}
		}
	}
	correlation := text(func(m *Message) string { return string(m.Correlation) })
	replyTo := text(func(m *Message) string { return m.ReplyTo.String() })
	kind := text(func(m *Message) string { return m.Type })
	return map[string]func(*Message) selector.Value{
		"JMSDeliveryMode": mode, "JMSPriority": priority, "JMSMessageID": id, "JMSTimestamp": created, "JMSCorrelationID": correlation, "JMSType": kind,
		"JMSDestination": text(func(m *Message) string { return m.Source.String() }), "JMSReplyTo": replyTo,
		"JMSExpiration": func(m *Message) selector.Value { return selector.IntValue(m.ExpiresAt) },
		"JMSXGroupID":   text(func(m *Message) string { return m.GroupID }), "JMSXUserID": text(func(m *Message) string { return m.UserID }),
		"priority": priority, "timestamp": created, "correlation-id": correlation, "reply-to": replyTo, "type": kind,
		"content-type":     text(func(m *Message) string { return m.ContentType }),
		"content-encoding": text(func(m *Message) string { return m.Encoding }), "app-id": text(func(m *Message) string { return m.AppID }),
	}
}()
