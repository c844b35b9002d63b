package main

import (
	"math"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

type message struct {
	Body        []byte `json:"body"`
	Exchange    string `json:"exchange"`
	Key         string `json:"key"`
	Redelivered bool   `json:"redelivered"`
	Tag         uint64 `json:"tag"`
	Props       props  `json:"props"`
}

type props struct {
	ContentType string         `json:"contentType,omitempty"`
	Encoding    string         `json:"encoding,omitempty"`
	Headers     map[string]any `json:"headers,omitempty"`
	Mode        uint8          `json:"mode,omitempty"`
	Priority    uint8          `json:"priority,omitempty"`
	Correlation string         `json:"correlation,omitempty"`
	ReplyTo     string         `json:"replyTo,omitempty"`
	Expiration  string         `json:"expiration,omitempty"`
	MessageID   string         `json:"messageId,omitempty"`
	Timestamp   int64          `json:"timestamp,omitempty"`
	Type        string         `json:"type,omitempty"`
	UserID      string         `json:"userId,omitempty"`
	AppID       string         `json:"appId,omitempty"`
}

func (m *message) publishing() amqp.Publishing {
	p := &m.Props
	to := amqp.Publishing{
		Headers: table(p.Headers), ContentType: p.ContentType, ContentEncoding: p.Encoding, DeliveryMode: p.Mode, Priority: p.Priority,
		CorrelationId: p.Correlation, ReplyTo: p.ReplyTo, Expiration: p.Expiration, MessageId: p.MessageID, Type: p.Type,
		UserId: p.UserID, AppId: p.AppID, Body: m.Body,
	}
	if p.Timestamp != 0 {
		to.Timestamp = time.Unix(p.Timestamp, 0)
	}
	return to
}

func fromDelivery(d *amqp.Delivery) message {
	return message{Body: d.Body, Exchange: d.Exchange, Key: d.RoutingKey, Redelivered: d.Redelivered, Tag: d.DeliveryTag, Props: props{
		ContentType: d.ContentType, Encoding: d.ContentEncoding, Headers: plain(d.Headers), Mode: d.DeliveryMode, Priority: d.Priority,
		Correlation: d.CorrelationId, ReplyTo: d.ReplyTo, Expiration: d.Expiration, MessageID: d.MessageId, Timestamp: seconds(d.Timestamp),
		Type: d.Type, UserID: d.UserId, AppID: d.AppId,
	}}
}

func fromReturn(r *amqp.Return) message {
	return message{Body: r.Body, Exchange: r.Exchange, Key: r.RoutingKey, Props: props{
		ContentType: r.ContentType, Headers: plain(r.Headers), MessageID: r.MessageId, Correlation: r.CorrelationId,
	}}
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// table gives JSON's values AMQP's types.
func table(o map[string]any) amqp.Table {
	if o == nil {
		return nil
	}
	t := amqp.Table{}
	for k, v := range o {
		t[k] = typed(v)
	}
	return t
}

func typed(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) {
			return int64(v)
		}
	case map[string]any:
		return table(v)
	case []any:
		list := []any{}
		for _, e := range v {
			list = append(list, typed(e))
		}
		return list
	}
	return v
}

// plain gives AMQP's values JSON's types.
func plain(t amqp.Table) map[string]any {
	if t == nil {
		return nil
	}
	o := map[string]any{}
	for k, v := range t {
		o[k] = untyped(v)
	}
	return o
}

func untyped(v any) any {
	switch v := v.(type) {
	case amqp.Table:
		return plain(v)
	case time.Time:
		return v.Unix()
	case []byte:
		return string(v)
	case []any:
		list := []any{}
		for _, e := range v {
			list = append(list, untyped(e))
		}
		return list
	}
	return v
}
