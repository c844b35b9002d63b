package main

import (
	"github.com/eclipse/paho.golang/paho"

	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

func properties(p *line.Props) *paho.PublishProperties {
	to := &paho.PublishProperties{ContentType: p.Type, ResponseTopic: p.Response, CorrelationData: p.Correlation}
	for _, u := range p.User {
		to.User = append(to.User, paho.UserProperty{Key: u[0], Value: u[1]})
	}
	if p.Text {
		one := byte(1)
		to.PayloadFormat = &one
	}
	if p.Expiry > 0 {
		n := uint32(p.Expiry)
		to.MessageExpiry = &n
	}
	if p.Alias > 0 {
		n := uint16(p.Alias)
		to.TopicAlias = &n
	}
	return to
}

func received(m *paho.Publish) *line.Message {
	to := &line.Message{Topic: m.Topic, Payload: m.Payload, QoS: int(m.QoS), Retain: m.Retain}
	p := m.Properties
	if p == nil {
		return to
	}
	to.Props = &line.Props{
		Type: p.ContentType, Response: p.ResponseTopic, Correlation: p.CorrelationData,
		Text: p.PayloadFormat != nil && *p.PayloadFormat == 1,
	}
	for _, u := range p.User {
		to.Props.User = append(to.Props.User, [2]string{u.Key, u.Value})
	}
	if p.MessageExpiry != nil {
		to.Props.Expiry = int(*p.MessageExpiry)
	}
	if p.SubscriptionIdentifier != nil {
		to.Props.SubIDs = []int{*p.SubscriptionIdentifier}
	}
	return to
}
