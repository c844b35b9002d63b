package fields_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/core"
)

// sqsForm is what bridge/sqs asks for.
var sqsForm = fields.Form{Limit: fields.MaxAttributes, Queue: func(name string) (string, string) { return name, "http://x/" + name }}

func show(attrs []awsapi.Attribute) string {
	var b strings.Builder
	for _, a := range attrs {
		v := a.StringValue
		if awsapi.IsBinaryType(a.DataType) {
			v = fmt.Sprintf("%x", a.BinaryValue)
		}
		fmt.Fprintf(&b, "%s (%s) %s\n", a.Name, a.DataType, v)
	}
	return b.String()
}

func take(protocol, body, variant string, attrs ...awsapi.Attribute) *core.Message {
	m := &core.Message{}
	fields.Take(m, &fields.Incoming{Protocol: protocol, Body: body, Variants: fields.Variants{SQS: variant}, Attrs: attrs})
	return m
}

func str(name, value string) awsapi.Attribute {
	return awsapi.Attribute{Name: name, DataType: "String", StringValue: value}
}

// TestTable is DESIGN section 3's table, out: every field and kind of value.
func TestTable(t *testing.T) {
	m := &core.Message{
		Source: core.TopicAddress("a/b"), Body: []byte("text"), Priority: 4, CreatedAt: 1_700_000_000_000, ExpiresAt: 1_800_000_000_000,
		MessageID: "id-1", Correlation: []byte("corr"), ReplyTo: core.QueueAddress("answers"), ContentType: "text/plain", Encoding: "gzip",
		Type: "reading", UserID: "u", AppID: "app", Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Headers: []core.Header{
			{Name: "s", Value: core.StringValue("v")}, {Name: "i", Value: core.IntValue(-5)}, {Name: "f", Value: core.FloatValue(1.5)},
			{Name: "n", Value: core.NumberValue("1.10")}, {Name: "b", Value: core.BoolValue(true)}, {Name: "t", Value: core.TimeValue(12)},
			{Name: "bytes", Value: core.BytesValue([]byte{0, 1})},
			{Name: "list", Value: core.ArrayValue([]core.Value{core.IntValue(1), core.StringValue("x"), {}})},
			{Name: "map", Value: core.MapValue([]core.Header{{Name: "k", Value: core.BoolValue(false)}})},
			{Name: "s", Value: core.StringValue("again")}, {Name: "bad name", Value: core.StringValue("v")},
			{Name: "empty", Value: core.StringValue("")}, {Name: "null"}, {Name: "AWS.x", Value: core.StringValue("v")},
		},
	}
	got := "SNS, no limit\n" + show(fields.Of(m, fields.Form{}).Attrs) + "\nSQS, ten\n" + show(fields.Of(m, sqsForm).Attrs)
	want, err := os.ReadFile("testdata/table.txt")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("testdata/table.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil || got != string(want) {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestIn: what becomes a field, and what does not.
func TestIn(t *testing.T) {
	m := take(fields.SQS, "aGk=", "", str("JMS_SQSMessageType", "byte"), str("JMS_SQSCorrelationID", "c"), str("JMS_SQSReplyToQueueName", "q"),
		str("JMS_SQSReplyToQueueURL", "http://x/q"), str("type", "t"), str("content-type", "ct"), str("content-encoding", "ce"),
		str("message-id", "m"), str("priority", "300"), str("expires-at", "5"))
	if string(m.Body) != "hi" || m.Text || string(m.Correlation) != "c" || m.ReplyTo != core.QueueAddress("q") || m.Type != "t" || m.ContentType != "ct" ||
		m.Encoding != "ce" || m.MessageID != "m" || m.Priority != 0 || m.ExpiresAt != 5 {
		t.Errorf("%+v", m)
	}
	if len(m.Headers) != 1 || m.Headers[0].Name != "priority" {
		t.Errorf("a priority that is none stays a header: %+v", m.Headers)
	}
	if m := take(fields.SQS, "not base64", "", str("JMS_SQSMessageType", "byte")); string(m.Body) != "not base64" || len(m.Headers) != 1 {
		t.Errorf("%s %v", m.Body, m.Headers)
	}
	if m := take(fields.SNS, "b", "", str("reply-to", "answers/here")); m.ReplyTo != core.TopicAddress("answers/here") {
		t.Errorf("%+v", m.ReplyTo)
	}
}

// TestOurs: nothing added but topic, and that only where there is room for it.
func TestOurs(t *testing.T) {
	m := take(fields.SNS, "default", "for sqs", str("a", "1"))
	m.Source = core.TopicAddress("x/y")
	if out := fields.Of(m, sqsForm); out.Body != "for sqs" || show(out.Attrs) != "a (String) 1\ntopic (String) x/y\n" {
		t.Errorf("%q %s", out.Body, show(out.Attrs))
	}
	var ten []awsapi.Attribute
	for i := range 12 {
		ten = append(ten, str(fmt.Sprintf("a%d", i), "v"))
	}
	m = take(fields.SNS, "b", "", ten[:10]...)
	m.Source = core.TopicAddress("x/y")
	if out := fields.Of(m, sqsForm); show(out.Attrs) != show(ten[:10]) {
		t.Errorf("ten are ten: %s", show(out.Attrs))
	}
	out := fields.Of(take(fields.SNS, "b", "", ten...), sqsForm) // more than SQS takes
	if len(out.Attrs) != 10 || out.Attrs[9].Name != "slipway-headers" || !strings.Contains(out.Attrs[9].StringValue, "a11") {
		t.Errorf("%s", show(out.Attrs))
	}
	m = take(fields.SQS, "b", "")
	m.Origin.Data = []byte{9, 9, 9}
	if out := fields.Of(m, sqsForm); out.Body != "b" {
		t.Errorf("an origin of a later version: %q", out.Body)
	}
}

// TestPackedComesBack: headers that did not fit are headers again after a client
// sent the message on.
func TestPackedComesBack(t *testing.T) {
	m := &core.Message{Body: []byte("b")}
	for i := range 20 {
		m.Headers = append(m.Headers, core.Header{Name: fmt.Sprintf("h %d", i), Value: core.IntValue(int64(i))})
	}
	out := fields.Of(m, sqsForm)
	again := take(fields.SQS, out.Body, "", out.Attrs...)
	if len(again.Headers) != 20 || again.Headers[19].Name != "h 19" || again.Headers[19].Value.Str != "19" {
		t.Errorf("%+v", again.Headers)
	}
	if again := take(fields.SQS, "b", "", str("slipway-headers", `[{"name":"timestamp","type":"number","value":"7"}]`)); again.CreatedAt != 7 || len(again.Headers) != 0 {
		t.Errorf("a field that was packed: %+v", again)
	}
	if out := fields.Of(again, sqsForm); len(out.Attrs) != 1 {
		t.Errorf("%s", show(out.Attrs))
	}
}

// FuzzRoundTrip: any message of AWS comes out as it went in.
func FuzzRoundTrip(f *testing.F) {
	f.Add("body", "priority", "Number", "5", "x", "String", "v")
	f.Add("aGk=", "JMS_SQSMessageType", "String", "byte", "b", "Binary", "\x00")
	f.Add("b", "slipway-headers", "String", `[{"name":"a","type":"time","value":"1"}]`, "a", "Number.int", "1")
	f.Fuzz(func(t *testing.T, body, n1, t1, v1, n2, t2, v2 string) {
		attr := func(n, dt, v string) awsapi.Attribute {
			a := awsapi.Attribute{Name: n, DataType: dt}
			if awsapi.IsBinaryType(dt) {
				a.BinaryValue = []byte(v)
			} else {
				a.StringValue = v
			}
			return a
		}
		attrs := []awsapi.Attribute{attr(n1, t1, v1), attr(n2, t2, v2)}
		out := fields.Of(take(fields.SQS, body, "", attrs...), sqsForm)
		if out.Body != body || show(out.Attrs) != show(attrs) {
			t.Errorf("%q -> %q\n%s->\n%s", body, out.Body, show(attrs), show(out.Attrs))
		}
	})
}

// FuzzForeign: whatever another door published, SQS can carry what comes out, and
// nothing is lost.
func FuzzForeign(f *testing.F) {
	f.Add([]byte("body"), "a/b", "name", "value", []byte{0xff}, "corr", uint8(3), []byte{1})
	f.Add([]byte{0xff}, "", "bad name", "", []byte(nil), "\x00", uint8(0), []byte("\x01\x03"))
	f.Fuzz(func(t *testing.T, body []byte, topic, name, value string, raw []byte, corr string, prio uint8, origin []byte) {
		m := &core.Message{Body: body, Priority: prio, Correlation: []byte(corr), Type: value, MessageID: name, ContentType: topic}
		m.Source = core.TopicAddress(topic)
		for i := range 12 {
			m.Headers = append(m.Headers, core.Header{Name: fmt.Sprint(name, i%7), Value: core.StringValue(value)},
				core.Header{Name: name, Value: core.BytesValue(raw)}, core.Header{Name: value, Value: core.ArrayValue([]core.Value{core.StringValue(name)})})
		}
		for _, protocol := range []string{"mqtt", fields.SQS} {
			m.Origin = core.Origin{Protocol: protocol, Data: origin}
			check(t, fields.Of(m, sqsForm), 10, protocol != fields.SQS)
			check(t, fields.Of(m, fields.Form{}), 1000, protocol != fields.SQS)
		}
	})
}

func check(t *testing.T, out fields.Outgoing, limit int, strict bool) {
	if len(out.Attrs) > limit {
		t.Errorf("%d attributes", len(out.Attrs))
	}
	if !strict {
		return // an origin that the fuzzer wrote
	}
	if !awsapi.IsMessageText(out.Body) {
		t.Errorf("body %q", out.Body)
	}
	seen := map[string]bool{}
	for _, a := range out.Attrs {
		if !fields.IsAttributeName(a.Name) || seen[a.Name] || !awsapi.IsMessageText(a.StringValue) || a.StringValue == "" && len(a.BinaryValue) == 0 {
			t.Errorf("attribute %+v", a)
		}
		seen[a.Name] = true
		if a.Name == "slipway-headers" && !json.Valid([]byte(a.StringValue)) {
			t.Errorf("packed %q", a.StringValue)
		}
	}
}
