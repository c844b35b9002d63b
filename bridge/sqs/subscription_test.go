package sqs_test

import (
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// TestSubscriptionNotes: what a FIFO topic, a replay and a failed delivery leave on
// a message is shown where AWS shows it.
func TestSubscriptionNotes(t *testing.T) {
	s := serve(t)
	const topic = "arn:aws:sns:us-east-1:000000000000:sensors"
	get := func(name string, sub awsapi.Subscription) (body string, attrs map[string]string) {
		t.Helper()
		url := s.create(name, nil)
		q, _ := s.ns.Queue(name)
		sub.ARN = topic + ":" + name
		s.subscribe(q, sub)
		s.publish(core.TopicAddress("sensors"), core.Message{Body: []byte("m"), Durable: true})
		must(s.ns.Unbind(sub.ARN))(t)
		m := s.receive(url)[0]
		attrs = map[string]string{}
		for name, v := range m.MessageAttributes {
			attrs[name] = *v.StringValue
		}
		if !sub.Raw {
			if n := envelope(t, *m.Body); n.TopicArn != topic {
				t.Errorf("%s: %s", name, *m.Body)
			}
		}
		return *m.Body, attrs
	}
	body, attrs := get("numbered", awsapi.Subscription{Number: 7, Replayed: true})
	if n := envelope(t, body); n.SequenceNumber != "10000000000000000007" || n.MessageAttributes["Replayed"].Value != "true" || len(attrs) != 0 {
		t.Errorf("%s %v", body, attrs)
	}
	if body, attrs = get("raw", awsapi.Subscription{Raw: true, Number: 7, Replayed: true}); body != "m" || attrs["Replayed"] != "true" {
		t.Errorf("%s %v", body, attrs)
	}
	body, attrs = get("dead", awsapi.Subscription{Failure: awsapi.Failure{Code: "AccessDenied", Message: "why"}})
	if attrs["ErrorCode"] != "AccessDenied" || attrs["ErrorMessage"] != "why" || attrs["RequestID"] != envelope(t, body).MessageId {
		t.Errorf("%s %v", body, attrs)
	}
}

// TestNotes: every subscription survives its note, and nothing else is taken for one.
func TestNotes(t *testing.T) {
	for _, want := range []awsapi.Subscription{
		{ARN: "a:b"}, {ARN: "a:b", Raw: true}, {ARN: "a:b", Number: 1 << 60}, {ARN: "a:b", Replayed: true, Raw: true},
		{ARN: "a:b", Failure: awsapi.Failure{Code: "c", Message: "m"}},
	} {
		note := want.Note()
		if got, ok := awsapi.ParseNote(note); !ok || got != want || awsapi.IsRaw(note) != want.Raw {
			t.Errorf("%+v came back as %+v", want, got)
		}
		for i := range note {
			if got, ok := awsapi.ParseNote(note[:i]); ok && note[3] == 2 {
				t.Errorf("%q: %+v", note[:i], got)
			}
		}
	}
	if got, ok := awsapi.ParseNote([]byte("sns\x01earn:a")); !ok || got.ARN != "arn:a" || got.Raw { // as it was written first
		t.Errorf("%+v", got)
	}
}
