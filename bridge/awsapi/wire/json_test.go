package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

func decodeBatch(s string) (sqsapi.SendMessageBatchInput, *wire.Error) {
	var in sqsapi.SendMessageBatchInput
	r := wire.NewJSONReader(s)
	in.DecodeJSON(&r)
	return in, r.End()
}

func TestJSONAccepts(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       func(in sqsapi.SendMessageBatchInput) bool
	}{
		{"empty body", "", func(in sqsapi.SendMessageBatchInput) bool { return !in.QueueUrl.Ok && in.Entries == nil }},
		{"space only", " \r\n\t", func(in sqsapi.SendMessageBatchInput) bool { return in.Entries == nil }},
		{"null request", "null", func(in sqsapi.SendMessageBatchInput) bool { return !in.QueueUrl.Ok }},
		{"null member", `{"QueueUrl":null,"Entries":null}`, func(in sqsapi.SendMessageBatchInput) bool { return !in.QueueUrl.Ok && in.Entries == nil }},
		{"empty list is present", `{"Entries":[]}`, func(in sqsapi.SendMessageBatchInput) bool { return in.Entries != nil }},
		{"empty string is present", `{"QueueUrl":""}`, func(in sqsapi.SendMessageBatchInput) bool { return in.QueueUrl.Ok }},
		{"case matters", `{"queueurl":"q","QUEUEURL":"q"}`, func(in sqsapi.SendMessageBatchInput) bool { return !in.QueueUrl.Ok }},
		{"unknown members", `{"x":{"a":[1,-2.5e+3,true,false,null,"\u00e9"],"b":{}},"QueueUrl":"q"}`, func(in sqsapi.SendMessageBatchInput) bool { return in.QueueUrl.V == "q" }},
		{"last of equal keys", `{"QueueUrl":"a","QueueUrl":"b"}`, func(in sqsapi.SendMessageBatchInput) bool { return in.QueueUrl.V == "b" }},
		{"escapes", `{"QueueUrl":"\"\\\/\b\f\n\r\t\u00e9\ud83d\udce6"}`, func(in sqsapi.SendMessageBatchInput) bool { return in.QueueUrl.V == "\"\\/\b\f\n\r\t\u00e9\U0001F4E6" }},
		{"explicit zero", `{"Entries":[{"DelaySeconds":0},{}]}`, func(in sqsapi.SendMessageBatchInput) bool {
			return in.Entries[0].DelaySeconds == wire.Some(int32(0)) && !in.Entries[1].DelaySeconds.Ok
		}},
		{"integral float", `{"Entries":[{"DelaySeconds":5.0},{"DelaySeconds":9e2}]}`, func(in sqsapi.SendMessageBatchInput) bool {
			return in.Entries[0].DelaySeconds.V == 5 && in.Entries[1].DelaySeconds.V == 900
		}},
		{"attributes", `{"Entries":[{"MessageAttributes":{"b":{"BinaryValue":""},"a":{"BinaryValue":"AP8="},"b":{"StringValue":"x"}}}]}`, func(in sqsapi.SendMessageBatchInput) bool {
			m := in.Entries[0].MessageAttributes
			a, _ := m.Get("a")
			b, _ := m.Get("b")
			_, c := m.Get("c")
			return len(m) == 2 && string(a.BinaryValue) == "\x00\xff" && b.StringValue.V == "x" && b.BinaryValue == nil && !c
		}},
		{"empty blob is present", `{"Entries":[{"MessageAttributes":{"b":{"BinaryValue":""}}}]}`, func(in sqsapi.SendMessageBatchInput) bool {
			return in.Entries[0].MessageAttributes[0].Value.BinaryValue != nil
		}},
	} {
		in, err := decodeBatch(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !c.ok(in) {
			t.Errorf("%s: %+v", c.name, in)
		}
	}
}

func TestJSONRefuses(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for _, c := range []struct{ in, want string }{
		{`{"QueueUrl":5}`, "NUMBER_VALUE can not be converted to a String"},
		{`{"QueueUrl":true}`, "TRUE_VALUE can not be converted to a String"},
		{`{"QueueUrl":{}}`, "Start of structure or map found where not expected."},
		{`{"QueueUrl":["x"]}`, "Start of list found where not expected."},
		{`{"Entries":{}}`, "Expected start of list, found start of structure or map"},
		{`{"Entries":[[]]}`, "Expected start of structure or map, found start of list"},
		{`{"Entries":[{"DelaySeconds":"1"}]}`, "STRING_VALUE can not be converted to an Integer"},
		{`{"Entries":[{"DelaySeconds":1.5}]}`, "A number is not an integer of the right size"},
		{`{"Entries":[{"DelaySeconds":2147483648}]}`, "A number is not an integer of the right size"},
		{`{"Entries":[{"DelaySeconds":1e400}]}`, "A number is not an integer of the right size"},
		{`{"Entries":[{"DelaySeconds":01}]}`, "Unexpected token"},
		{`{"Entries":[{"DelaySeconds":-}]}`, "Unexpected token"},
		{`{"x":1.}`, "Unexpected token"},
		{`{"x":nul}`, "Unexpected token"},
		{`{"x":?}`, "Unexpected token"},
		{`{"QueueUrl":"q",}`, "Expected a key"},
		{`{"QueueUrl" "q"}`, "Expected a colon after a key"},
		{`{"Entries":[{},]}`, "Expected start of structure or map, found an unexpected token"},
		{`{"Entries":[{} {}]}`, "Unexpected token"},
		{`{"QueueUrl":"q"} x`, "Unexpected content after the end of the request"},
		{`{"QueueUrl":"q`, "Unexpected end of the request"},
		{`{"QueueUrl":"q\`, "Unexpected end of the request"},
		{`{`, "Unexpected end of the request"},
		{`[]`, "Expected start of structure or map, found start of list"},
		{"{\"QueueUrl\":\"a\nb\"}", "A control character stands unescaped in a string"},
		{"{\"QueueUrl\":\"\\ta\nb\"}", "A control character stands unescaped in a string"},
		{"{\"QueueUrl\":\"\xff\"}", "The request is not valid UTF-8"},
		{`{"QueueUrl":"\ud83d"}`, "A string holds half of a surrogate pair"},
		{`{"QueueUrl":"\udce6\ud83d"}`, "A string holds half of a surrogate pair"},
		{`{"QueueUrl":"\u12"}`, "Unknown escape sequence in a string"},
		{`{"QueueUrl":"\u+123"}`, "Unknown escape sequence in a string"},
		{`{"QueueUrl":"\x"}`, "Unknown escape sequence in a string"},
		{`{"Entries":[{"MessageAttributes":{"b":{"BinaryValue":"*"}}}]}`, "A blob is not valid base64"},
		{`{"x":` + deep, "The request is nested too deeply"},
		{`{"Entries":[` + strings.Repeat("{},", 10_000) + "{}]}", "The request has too many elements"},
	} {
		if _, err := decodeBatch(c.in); err == nil || err.Message != c.want || err.Type != wire.Serialization {
			t.Errorf("%.60s: %v, want %s", c.in, err, c.want)
		}
	}
}

// TestJSONAllocations: a message without escapes is decoded in place.
func TestJSONAllocations(t *testing.T) {
	body := `{"QueueUrl":"http://localhost:4566/000000000000/q","MessageBody":"` + strings.Repeat("x", 1000) + `","DelaySeconds":5}`
	n := testing.AllocsPerRun(100, func() {
		var in sqsapi.SendMessageInput
		r := wire.NewJSONReader(body)
		in.DecodeJSON(&r)
		if r.End() != nil || in.DelaySeconds.V != 5 {
			t.Fatal("not decoded")
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"QueueUrl":"q","Entries":[{"Id":"1","MessageBody":"\u00e9","DelaySeconds":1,"MessageAttributes":{"a":{"DataType":"Binary","BinaryValue":"AA=="}}}]}`)
	f.Add(`{"x":[{"y":[1.5e-3,null,true]}],"Entries":[null]}`)
	f.Add(`{"QueueUrl":"\ud83d\udce6"`)
	f.Fuzz(func(t *testing.T, s string) {
		_, err := decodeBatch(s)
		if err == nil && strings.TrimLeft(s, " \t\r\n") != "" && !json.Valid([]byte(s)) {
			t.Errorf("accepted what is no JSON: %q", s)
		}
	})
}

// FuzzJSONText: what we write, encoding/json reads back.
func FuzzJSONText(f *testing.F) {
	f.Add("a\"\\\n\x00\x1f\u2028é\U0001F4E6\xff")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(wire.AppendJSONString(nil, s), &back); err != nil {
			t.Fatal(err)
		}
		if want := string([]rune(s)); back != want {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}
