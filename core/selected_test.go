package core_test

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// TestSelectableFields: what a selector sees of each field and kind of header.
func TestSelectableFields(t *testing.T) {
	m := &core.Message{
		ID: core.MessageID{1}, Durable: true, Priority: 7, CreatedAt: 1000, PublishedAt: 2000, ExpiresAt: 3000, MessageID: "m-1", Correlation: []byte("c-1"),
		ReplyTo: core.QueueAddress("replies"), ContentType: "text/plain", Encoding: "gzip", Type: "news", GroupID: "g", UserID: "u", AppID: "a",
		Source: core.TopicAddress("a/b"),
		Headers: []core.Header{
			{Name: "s", Value: core.StringValue("5")}, {Name: "i", Value: core.IntValue(5)}, {Name: "u", Value: core.UintValue(1 << 63)}, {Name: "f", Value: core.FloatValue(0.5)},
			{Name: "b", Value: core.BoolValue(true)}, {Name: "t", Value: core.TimeValue(9)}, {Name: "n", Value: core.NumberValue("1.25")}, {Name: "raw", Value: core.BytesValue([]byte("x"))},
			{Name: "list", Value: core.ArrayValue(nil)}, {Name: "type", Value: core.StringValue("header first")},
		},
	}
	for _, text := range []string{
		"JMSDeliveryMode = 'PERSISTENT'", "JMSPriority = 7", "JMSMessageID = 'm-1'", "JMSTimestamp = 1000", "JMSCorrelationID = 'c-1'", "JMSType = 'news'",
		"JMSExpiration = 3000", "JMSXGroupID = 'g'", "JMSXUserID = 'u'", "JMSDestination = 'topic:a/b'", "JMSReplyTo = 'queue:replies'",
		`priority > 6 AND "content-type" LIKE 'text/%' AND "correlation-id" = 'c-1' AND "reply-to" IS NOT NULL AND "app-id" = 'a'`, `"content-encoding" = 'gzip'`, "timestamp < 2000",
		"i = 5 AND u > 9200000000000000000 AND f = 0.5 AND b AND t = 9 AND n = 1.25", "raw IS NULL AND list IS NULL", "type = 'header first'", "NOT (s = 5)", "missing IS NULL",
	} {
		if p, err := core.ParseSelector(text, false); err != nil || !p.Matches(m) {
			t.Errorf("%s does not select (%v)", text, err)
		}
	}
	for _, text := range []string{"s = 5 AND s > 4", "b = 'true'"} {
		if p, err := core.CompileSelector([]byte(text)); err != nil || !p.Matches(m) {
			t.Errorf("%s does not select where text is converted (%v)", text, err)
		}
	}
	bare := &core.Message{ID: core.MessageID{1}, PublishedAt: 2000}
	for _, text := range []string{
		"JMSDeliveryMode = 'NON_PERSISTENT'", "JMSMessageID LIKE '01000000-%'", "JMSTimestamp = 2000", "JMSType IS NULL", "JMSCorrelationID IS NULL", "JMSExpiration = 0",
		"JMSPriority = 4", "priority = 4",
	} {
		if p, err := core.ParseSelector(text, false); err != nil || !p.Matches(bare) {
			t.Errorf("%s does not select (%v)", text, err)
		}
	}
	bare.SetPriority(0)
	if p, err := core.ParseSelector("JMSPriority = 0 AND priority < 1", false); err != nil || !p.Matches(bare) {
		t.Errorf("a priority of 0 that was given (%v)", err)
	}
	if _, err := core.ParseSelector("a =", false); core.KindOf(err) != core.Invalid {
		t.Errorf("no selector: %v", err)
	}
}
