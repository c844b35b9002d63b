package arguments

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

func queue(t *testing.T, text string) (o core.QueueOptions, err error) {
	t.Helper()
	hs, err := ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o, Queue(&o, hs)
}

func TestQueue(t *testing.T) {
	for text, want := range map[string]core.QueueOptions{
		`{}`:                         {Ordered: true},
		`{"x-message-ttl":5}`:        {MessageTTL: 5 * time.Millisecond, Ordered: true},
		`{"x-message-ttl":0}`:        {MessageTTL: core.Immediately, Ordered: true},
		`{"x-expires":1000}`:         {Expires: time.Second, Ordered: true},
		`{"x-max-length":0}`:         {MaxLength: -1, Ordered: true},
		`{"x-max-length-bytes":7}`:   {MaxBytes: 7, Ordered: true},
		`{"x-overflow":"drop-head"}`: {Ordered: true},
		`{"x-max-priority":9}`:       {MaxPriority: 9},
		`{"x-max-priority":0}`:       {Ordered: true},
		`{"x-delivery-limit":2}`:     {MaxDeliveries: 3, Ordered: true},
		`{"x-queue-type":"quorum"}`:  {Ordered: true},
		// The longest of Celery's and NServiceBus's ladders of delays.
		`{"x-message-ttl":134217728000}`:                                      {MessageTTL: 134217728 * time.Second, Ordered: true},
		`{"x-expires":3153600000000}`:                                         {Expires: 100 * 365 * 24 * time.Hour, Ordered: true},
		`{"x-max-length":4611686018427387904}`:                                {MaxLength: 1 << 62, Ordered: true},
		`{"x-delivery-limit":4611686018427387904}`:                            {MaxDeliveries: math.MaxInt32, Ordered: true},
		`{"x-queue-mode":"lazy"}`:                                             {Ordered: true},
		`{"anything":{"a":[1,"b"]}}`:                                          {Ordered: true},
		`{"x-dead-letter-exchange":""}`:                                       {DeadLetter: core.ExchangeAddress("", ""), Ordered: true},
		`{"x-dead-letter-routing-key":"k","x-dead-letter-exchange":"x"}`:      {DeadLetter: core.ExchangeAddress("x", "k"), Ordered: true},
		`{"x-overflow":"reject-publish-dlx","x-single-active-consumer":true}`: {Overflow: core.RejectPublishDeadLetter, SingleActive: true, Ordered: true},
	} {
		got, err := queue(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		text2, err := json.Marshal(JSON(Of(got.Attributes)))
		if err != nil {
			t.Fatal(err)
		}
		kept := string(text2)
		got.Attributes = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
		if text != "{}" && !sameJSON(kept, text) {
			t.Errorf("%s is kept as %s", text, kept)
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func TestQueueRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"x-message-ttl":-1}`:               "invalid arg 'x-message-ttl': {value_negative,-1}",
		`{"x-message-ttl":"5"}`:              `invalid arg 'x-message-ttl': "expected integer, got longstr"`,
		`{"x-expires":0}`:                    "invalid arg 'x-expires': {value_zero,0}",
		`{"x-expires":3153600000001}`:        "invalid arg 'x-expires': {value_too_large,3153600000001}",
		`{"x-message-ttl":3153600000001}`:    "invalid arg 'x-message-ttl': {value_too_large,3153600000001}",
		`{"x-max-priority":256}`:             "invalid arg 'x-max-priority': {max_value_exceeded,256}",
		`{"x-max-length":1.5}`:               `invalid arg 'x-max-length': "expected integer, got double"`,
		`{"x-dead-letter-exchange":5}`:       "invalid arg 'x-dead-letter-exchange': {unacceptable_type,signedint}",
		`{"x-dead-letter-routing-key":"k"}`:  "invalid arg 'x-dead-letter-routing-key': routing_key_but_no_dlx_defined",
		`{"x-overflow":1}`:                   "invalid arg 'x-overflow': {unacceptable_type,signedint}",
		`{"x-queue-type":"nope"}`:            `invalid arg 'x-queue-type': "unsupported queue type 'nope'"`,
		`{"x-queue-type":5}`:                 "invalid arg 'x-queue-type': {unacceptable_type,signedint}",
		`{"x-queue-mode":"nope"}`:            `invalid arg 'x-queue-mode': "unsupported queue mode 'nope'"`,
		`{"x-queue-version":3}`:              `invalid arg 'x-queue-version': "unsupported queue version '3'"`,
		`{"x-overflow":"drop"}`:              "invalid arg 'x-overflow': invalid_overflow",
		`{"x-single-active-consumer":"yes"}`: "invalid arg 'x-single-active-consumer': {unacceptable_type,longstr}",
		`{"x-queue-type":"stream"}`:          "invalid arg 'x-queue-type': there are no streams here; classic and quorum are accepted",
	} {
		_, err := queue(t, text)
		var e *Error
		if !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestDiffers(t *testing.T) {
	const what = "queue 'q' in vhost '/'"
	for _, c := range []struct{ have, want, text string }{
		{`{}`, `{}`, ""},
		{`{"x-max-length":5}`, `{"x-max-length":5}`, ""},
		{`{"own":5}`, `{"own":6}`, ""},
		{`{}`, `{"x-message-ttl":1}`, "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received the value '1' of type 'signedint' but current is none"},
		{`{"x-overflow":"drop-head"}`, `{"x-overflow":"reject-publish"}`, "inequivalent arg 'x-overflow' for queue 'q' in vhost '/': received 'reject-publish' but current is 'drop-head'"},
	} {
		have, err := queue(t, c.have)
		want, err2 := queue(t, c.want)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if got, differs := QueueDiffers(have, want, what); got != c.text || differs != (c.text != "") {
			t.Errorf("%s, then %s: %q", c.have, c.want, got)
		}
	}
	if got, _ := QueueDiffers(core.QueueOptions{Durable: true}, core.QueueOptions{}, what); got != "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'" {
		t.Errorf("%q", got)
	}
	x, y := core.ExchangeOptions{Kind: "direct"}, core.ExchangeOptions{Kind: "fanout"}
	if got, _ := ExchangeDiffers(x, y, "exchange 'x' in vhost '/'"); got != "inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'" {
		t.Errorf("%q", got)
	}
}

func TestExchange(t *testing.T) {
	hs, err := ParseJSON([]byte(`{"alternate-exchange":"a","x-delayed-type":"topic","hash-header":"h"}`))
	if err != nil {
		t.Fatal(err)
	}
	o := core.ExchangeOptions{Kind: core.ExchangeDelayed}
	if err := Exchange(&o, hs); err != nil || o.Alternate != "a" || o.DelayedKind != "topic" || o.HashHeader != "h" {
		t.Errorf("%+v, %v", o, err)
	}
	if got := Of(o.Attributes); !reflect.DeepEqual(got, hs[:0:0]) && len(got) != 3 {
		t.Errorf("kept %+v", got)
	}
	if err := Exchange(&core.ExchangeOptions{}, []core.Header{{Name: "alternate-exchange", Value: core.IntValue(1)}}); err == nil {
		t.Error("a number was taken for a name")
	}
}

// What is written is read; what is read of anything is bounded and no panic.
func FuzzTable(f *testing.F) {
	f.Add(appendTable(nil, []core.Header{
		{Name: "s", Value: core.StringValue("x")}, {Name: "b", Value: core.BoolValue(true)}, {Name: "i", Value: core.IntValue(-5)},
		{Name: "l", Value: core.IntValue(1 << 40)}, {Name: "f", Value: core.FloatValue(1.5)}, {Name: "t", Value: core.TimeValue(5000)},
		{Name: "a", Value: core.ArrayValue([]core.Value{{}, core.BytesValue([]byte{1})})},
		{Name: "m", Value: core.MapValue([]core.Header{{Name: "k", Value: core.StringValue("v")}})},
	}))
	f.Add([]byte("\x01kD\x02\x00\x00\x00\x05"))
	f.Add([]byte("\x01kF\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		hs, err := readTable(b)
		if err != nil {
			return
		}
		again, err := readTable(appendTable(nil, hs))
		if err != nil || len(again) != len(hs) {
			t.Fatalf("%q was written as %q", b, appendTable(nil, hs))
		}
	})
}
