package stomp

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// full is a message of another door that has everything.
func full() *core.Message {
	return &core.Message{
		Body: []byte("{}"), Durable: true, Priority: 7, CreatedAt: 1_700_000_000_000, MessageID: "m-1", Correlation: []byte("c-1"),
		ReplyTo: core.QueueAddress("answers"), ContentType: "application/json", Encoding: "gzip", Type: "news", GroupID: "g", DedupID: "d", UserID: "u", AppID: "a",
		Trace: "00-trace", Origin: core.Origin{Protocol: "amqp", Data: []byte("opaque")},
		Headers: []core.Header{
			{Name: "s", Value: core.StringValue("text")}, {Name: "s", Value: core.StringValue("again")}, {Name: "i", Value: core.IntValue(-5)}, {Name: "u", Value: core.UintValue(1 << 63)},
			{Name: "f", Value: core.FloatValue(0.25)}, {Name: "b", Value: core.BoolValue(true)}, {Name: "t", Value: core.TimeValue(1000)}, {Name: "n", Value: core.NumberValue("1.50")},
			{Name: "raw", Value: core.BytesValue([]byte{0, 255})}, {Name: "null", Value: core.Value{}},
			{Name: "list", Value: core.ArrayValue([]core.Value{core.IntValue(1), core.StringValue("x")})},
			{Name: "map", Value: core.MapValue([]core.Header{{Name: "k", Value: core.BoolValue(false)}})},
			{Name: "colon:and\nline", Value: core.StringValue("a:b\nc")}, {Name: "latin", Value: core.BytesValue([]byte("\xe9"))},
		},
	}
}

var fullHeaders = map[string]string{
	"content-type": "application/json", "content-encoding": "gzip", "persistent": "true", "priority": "7", "timestamp": "1700000000000", "amqp-message-id": "m-1",
	"correlation-id": "c-1", "reply-to": "/queue/answers", "type": "news", "JMSXGroupID": "g", "_AMQ_DUPL_ID": "d", "user-id": "u", "app-id": "a", "traceparent": "00-trace",
	"s": "text", "i": "-5", "u": "9223372036854775808", "f": "0.25", "b": "true", "t": "1000", "n": "1.50", "raw;base64": "AP8=", "null": "", "list": `[1,"x"]`, "map": `{"k":false}`,
	"colon:and\nline": "a:b\nc", "latin;base64": "6Q==",
}

func (w *world) publish(to core.Address, m *core.Message) {
	w.t.Helper()
	if _, err := w.b.Default().Publish(w.t.Context(), &core.Publication{Message: m, To: to}); err != nil {
		w.t.Fatal(err)
	}
}

func TestFieldsOfOtherDoors(t *testing.T) {
	each(t, func(t *testing.T, v string) {
		w := newWorld(t)
		c := w.connected(v)
		c.send("SUBSCRIBE id:s; destination:/queue/a")
		c.sync()
		w.publish(core.QueueAddress("a"), full())
		f := c.want("MESSAGE subscription:s; destination:/queue/a; content-length:2 | {}")
		for name, want := range fullHeaders {
			if v == "1.0" && name == "colon:and\nline" {
				continue
			}
			if got := f.get(name); got != want {
				t.Errorf("%q is %q, not %q", name, got, want)
			}
		}
		if n := len(f.headers) - 5; v != "1.0" && n != len(fullHeaders)+1 { // s is there twice
			t.Errorf("%d headers", n)
		}
		lost, counts := w.b.LostFields()
		if v == "1.0" {
			if want := []core.LostField{{Field: core.FieldHeader, From: "amqp", To: DialectName}}; !reflect.DeepEqual(lost, want) || counts[0] != 1 {
				t.Errorf("lost: %v %v", lost, counts)
			}
		} else if len(lost) != 0 {
			t.Errorf("lost: %v", lost)
		}
	})
}

// TestFieldsForOtherDoors: what a SEND sets in the core.
func TestFieldsForOtherDoors(t *testing.T) {
	f := &wire.Frame{Command: "SEND", Body: []byte("body"), Headers: []wire.Header{
		{Name: "destination", Value: "/queue/a"}, {Name: "receipt", Value: "r"}, {Name: "persistent", Value: "true"}, {Name: "priority", Value: "7"}, {Name: "timestamp", Value: "1000"},
		{Name: "expiration", Value: "500"}, {Name: "amqp-message-id", Value: "m"}, {Name: "correlation-id", Value: "c"}, {Name: "reply-to", Value: "/queue/r"},
		{Name: "content-type", Value: "text/plain"}, {Name: "content-encoding", Value: "gzip"}, {Name: "type", Value: "t"}, {Name: "JMSXGroupID", Value: "g"},
		{Name: "_AMQ_DUPL_ID", Value: "d"}, {Name: "user-id", Value: "u"}, {Name: "app-id", Value: "a"}, {Name: "traceparent", Value: "tr"}, {Name: "AMQ_SCHEDULED_DELAY", Value: "40"},
		{Name: "color", Value: "red"}, {Name: "color", Value: "blue"}, {Name: "priority", Value: "not this"}, {Name: "latin", Value: "\xe9"},
	}}
	m := &core.Message{}
	if err := fill(m, f, "/queue/a", 10_000); err != nil {
		t.Fatal(err)
	}
	origin := m.Origin
	m.Origin = core.Origin{}
	want := &core.Message{
		Body: []byte("body"), Text: true, Durable: true, Priority: 7, CreatedAt: 1000, ExpiresAt: 10_500, DeliverAt: 10_040, MessageID: "m", Correlation: []byte("c"), ReplyTo: core.QueueAddress("r"),
		ContentType: "text/plain", Encoding: "gzip", Type: "t", GroupID: "g", DedupID: "d", UserID: "u", AppID: "a", Trace: "tr",
		Headers: []core.Header{
			{Name: "color", Value: core.StringValue("red")}, {Name: "color", Value: core.StringValue("blue")}, {Name: "priority", Value: core.StringValue("not this")},
			{Name: "latin", Value: core.BytesValue([]byte("\xe9"))},
		},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("%+v\nnot %+v", m, want)
	}
	if origin.Protocol != DialectName {
		t.Errorf("%+v", origin)
	}
	for header, val := range map[string]string{"expires": "20000", "x-delay": "7"} {
		m := &core.Message{}
		if err := fill(m, &wire.Frame{Headers: []wire.Header{{Name: header, Value: val}}}, "", 10_000); err != nil || m.ExpiresAt+m.DeliverAt == 0 {
			t.Errorf("%s: %+v, %v", header, m, err)
		}
	}
	for _, sized := range []struct {
		f    wire.Frame
		text bool
	}{
		{wire.Frame{Body: []byte("x")}, true}, {wire.Frame{Body: []byte("x"), Sized: true}, false}, {wire.Frame{Body: []byte("\xff")}, false},
		{wire.Frame{Body: []byte("x"), Sized: true, Headers: []wire.Header{{Name: "amq-msg-type", Value: "text"}}}, true},
		{wire.Frame{Body: []byte("x"), Headers: []wire.Header{{Name: "amq-msg-type", Value: "bytes"}}}, false},
		{wire.Frame{Body: []byte("x"), Sized: true, Headers: []wire.Header{{Name: "content-type", Value: "text/xml"}}}, true},
	} {
		m := &core.Message{}
		if err := fill(m, &sized.f, "", 0); err != nil || m.Text != sized.text {
			t.Errorf("%+v: text %v, %v", sized.f, m.Text, err)
		}
	}
}

// TestSameProtocol: headers and body arrive as they were sent, in their order,
// whatever they hold.
func TestSameProtocol(t *testing.T) {
	w := newWorld(t)
	c, sub := w.connected("1.2"), w.connected("1.2")
	sub.send("SUBSCRIBE id:s; destination:/queue/a")
	sub.sync()
	c.raw("SEND\ndestination:/queue/a\npersistent:TRUE\nb\\c1: spaces \nz:1\nz:2\nlatin:\xe9\nempty:\nexpires:0\ntricky:\\\\n\\r\\n\ncontent-length:4\nreceipt:r\n\n\x00\xff\n\x00\x00")
	c.want("RECEIPT")
	f := sub.want("MESSAGE | \x00\xff\n\x00")
	want := [][2]string{
		{"persistent", "TRUE"}, {"b:1", " spaces "}, {"z", "1"}, {"z", "2"}, {"latin", "\xe9"}, {"empty", ""}, {"expires", "0"}, {"tricky", "\\n\r\n"},
	}
	if got := f.headers[4 : len(f.headers)-1]; !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nnot %q", got, want)
	}
	if f.get("destination") != "/queue/a" {
		t.Error(f.get("destination"))
	}
}

func TestDeaths(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:dead; destination:/queue/dead")
	c.send("SUBSCRIBE id:s; destination:/queue/a; ack:client; x-dead-letter-exchange:; x-dead-letter-routing-key:dead; x-delivery-limit:1")
	c.send("SEND destination:/queue/a | x")
	for range 2 {
		f := c.want("MESSAGE subscription:s | x")
		c.send("NACK id:%s", f.get("ack"))
	}
	f := c.want("MESSAGE subscription:dead; x-first-death-queue:a; x-first-death-reason:delivery_limit; x-first-death-exchange:; x-death:* | x")
	var trail []map[string]any
	if err := json.Unmarshal([]byte(f.get("x-death")), &trail); err != nil || len(trail) != 1 {
		t.Fatal(f.get("x-death"), err)
	}
	if d := trail[0]; d["queue"] != "a" || d["reason"] != "delivery_limit" || d["count"] != 1.0 || !reflect.DeepEqual(d["routing-keys"], []any{"a"}) {
		t.Errorf("%v", d)
	}
}

// FuzzOrigin: what a door stored of a message is written for every version, as
// one frame, whatever it is.
func FuzzOrigin(f *testing.F) {
	f.Add([]byte{1, 8, '/', 'q', 'u', 'e', 'u', 'e', '/', 'a', 'a', ':', '\\', 'c', '\n'}, "name", "value")
	f.Add([]byte{1, 0}, "a:b\n", "\x00\r")
	f.Fuzz(func(t *testing.T, data []byte, name, value string) {
		for _, v := range []wire.Version{wire.V10, wire.V11, wire.V12} {
			m := &core.Message{Origin: core.Origin{Protocol: DialectName, Data: data}, Headers: []core.Header{{Name: name, Value: text(value)}}}
			_, published, own := origin(m)
			if own && v == wire.V12 {
				continue // it is ours and escaped
			}
			wr := writer{dst: wire.AppendCommand(nil, "MESSAGE"), v: v, m: m}
			wr.headers(published, own)
			out := append(wire.AppendLength(wr.dst, 0), 0)
			r := &wire.Reader{Version: v, Limits: wire.Limits{Head: 1 << 20, Line: 1 << 20, Headers: 1 << 16, Body: 1}}
			got, n, err := r.Next(out)
			if err != nil || n != len(out) || got.Command != "MESSAGE" {
				t.Fatalf("%v: %q: %+v, %d, %v", v, out, got, n, err)
			}
		}
	})
}
