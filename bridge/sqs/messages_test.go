package sqs_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/core"
)

func wait(seconds int32) func(*sdk.ReceiveMessageInput) {
	return func(in *sdk.ReceiveMessageInput) { in.WaitTimeSeconds = seconds }
}

// TestOverHTTP goes through a real server; everything else here skips the network.
func TestOverHTTP(t *testing.T) {
	s := serve(t)
	h := httptest.NewServer(s.edge)
	defer h.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	s.client = newClient(h.URL, tr)
	url := s.create("q", nil)
	if !strings.HasPrefix(*url, h.URL+"/") {
		t.Errorf("url %s, server %s", *url, h.URL)
	}
	s.send(url, "hello")
	ms := s.receive(url)
	if bodies(ms) != "hello" {
		t.Errorf("%q", bodies(ms))
	}
	s.delete(url, ms[0])
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.client.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("the cancelled poll came back")
	}
}

// TestAttributesRoundTrip: byte for byte what was sent, checksums over it (the SDK
// verifies the body's, this test the attributes').
func TestAttributesRoundTrip(t *testing.T) {
	s := serve(t)
	url := s.create("q", nil)
	attrs := map[string]types.MessageAttributeValue{
		"text":      {DataType: aws.String("String"), StringValue: aws.String("a <b> & \"c\" é🎉")},
		"custom":    {DataType: aws.String("String.uuid"), StringValue: aws.String("x")},
		"number":    {DataType: aws.String("Number"), StringValue: aws.String("007.50")},
		"big":       {DataType: aws.String("Number.bigint"), StringValue: aws.String("12345678901234567890123456789012345678")},
		"bytes":     {DataType: aws.String("Binary.png"), BinaryValue: []byte{0, 1, 255}},
		"priority":  {DataType: aws.String("Number"), StringValue: aws.String("05")},
		"reply-to":  {DataType: aws.String("String"), StringValue: aws.String("$queue/answers")},
		"timestamp": {DataType: aws.String("String"), StringValue: aws.String("yesterday")},
		"topic":     {DataType: aws.String("String"), StringValue: aws.String("mine")},
		"slipway-headers": {DataType: aws.String("String"),
			StringValue: aws.String(`[{"name":"eleventh","type":"number","value":"11"}]`)},
	}
	sent := s.send(url, "body", func(in *sdk.SendMessageInput) {
		in.MessageAttributes = attrs
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("some-trace-id")}}
	})
	q, _ := s.ns.Queue("q")
	d := must(q.Receive(t.Context(), core.ReceiveOptions{Max: 1, Lease: 0}))(t)[0]
	m := d.Message
	if m.Priority != 5 || m.ReplyTo != core.QueueAddress("answers") || m.CreatedAt != 0 || m.Trace != "some-trace-id" {
		t.Errorf("fields %+v", m)
	}
	if v, ok := m.Header("eleventh"); !ok || v.Str != "11" || v.Kind != core.Number {
		t.Errorf("slipway-headers was not unpacked: %+v", m.Headers)
	}
	got := s.receive(url)[0]
	if fmt.Sprint(show(got.MessageAttributes)) != fmt.Sprint(show(attrs)) {
		t.Errorf("got  %v\nwant %v", show(got.MessageAttributes), show(attrs))
	}
	if *got.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes || *got.MD5OfBody != *sent.MD5OfMessageBody {
		t.Error("checksums differ")
	}
	// Recorded from AWS: the checksum of this system attribute.
	if *sent.MD5OfMessageSystemAttributes != "fdce4f2818803f2f73becc09a54792c0" {
		t.Error(*sent.MD5OfMessageSystemAttributes)
	}
	if got.Attributes["AWSTraceHeader"] != "some-trace-id" || got.Attributes["ApproximateReceiveCount"] != "2" || got.Attributes["SenderId"] == "" {
		t.Errorf("%v", got.Attributes)
	}
	if *got.MessageId != *sent.MessageId {
		t.Error("another message id")
	}
}

func show(attrs map[string]types.MessageAttributeValue) map[string]string {
	out := map[string]string{}
	for k, v := range attrs {
		out[k] = fmt.Sprintf("%s %q %x", *v.DataType, aws.ToString(v.StringValue), v.BinaryValue)
	}
	return out
}

// TestChecksums are known answers.
func TestChecksums(t *testing.T) {
	s := serve(t)
	url := s.create("q", nil)
	out := s.send(url, "Test Message", func(in *sdk.SendMessageInput) {
		in.MessageAttributes = map[string]types.MessageAttributeValue{"Hello": {DataType: aws.String("String"), StringValue: aws.String("World")}}
	})
	if *out.MD5OfMessageAttributes != "7db7fb1ba7f41366a8ea5eb18220b26d" || *out.MD5OfMessageBody != "d1d4180b7e411c4be86b00fb2ee103eb" {
		t.Errorf("%s %s", *out.MD5OfMessageAttributes, *out.MD5OfMessageBody)
	}
}

// TestWantedAttributes: All, a prefix, a name; the checksum is of what is returned.
func TestWantedAttributes(t *testing.T) {
	s := serve(t)
	url := s.create("q", map[string]string{"VisibilityTimeout": "0"})
	s.send(url, "b", func(in *sdk.SendMessageInput) {
		in.MessageAttributes = map[string]types.MessageAttributeValue{}
		for _, k := range []string{"bar.a", "bar.b", "baz"} {
			in.MessageAttributes[k] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("v")}
		}
	})
	for _, c := range []struct {
		ask  []string
		want int
	}{{[]string{"All"}, 3}, {[]string{".*"}, 3}, {[]string{"bar.*"}, 2}, {[]string{"baz", "none"}, 1}, {nil, 0}, {[]string{"ba"}, 0}} {
		m := s.receive(url, func(in *sdk.ReceiveMessageInput) { in.MessageAttributeNames = c.ask })[0]
		if len(m.MessageAttributes) != c.want || (m.MD5OfMessageAttributes == nil) != (c.want == 0) {
			t.Errorf("%v: %d attributes, checksum %v", c.ask, len(m.MessageAttributes), m.MD5OfMessageAttributes)
		}
	}
	m := s.receive(url, func(in *sdk.ReceiveMessageInput) {
		in.MessageSystemAttributeNames, in.AttributeNames = nil, []types.QueueAttributeName{"SentTimestamp"} //nolint:staticcheck // deprecated, honoured
	})[0]
	if len(m.Attributes) != 1 || m.Attributes["SentTimestamp"] == "" {
		t.Errorf("%v", m.Attributes)
	}
}

func TestLongPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.create("q", map[string]string{"ReceiveMessageWaitTimeSeconds": "20"})
		start := time.Now()
		got := make(chan []types.Message)
		go func() { got <- s.receive(url, wait(20)) }()
		time.Sleep(5 * time.Second)
		s.send(url, "woken")
		if b := bodies(<-got); b != "woken" || time.Since(start) > 6*time.Second {
			s.Errorf("%q after %v", b, time.Since(start))
		}
		start = time.Now()
		go func() {
			out, err := s.client.ReceiveMessage(s.Context(), &sdk.ReceiveMessageInput{QueueUrl: url}) // the SDK leaves 0 out
			if err != nil {
				s.Error(err)
			}
			got <- out.Messages
		}()
		if ms := <-got; len(ms) != 0 || time.Since(start) != 20*time.Second {
			s.Errorf("the queue's own wait: %d messages after %v", len(ms), time.Since(start))
		}
		start = time.Now()
		status, _, body := s.post(map[string]string{"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"},
			`{"QueueUrl":"q","WaitTimeSeconds":0}`)
		if status != 200 || body != "{}" || time.Since(start) != 0 {
			s.Errorf("an explicit 0: %d %s after %v", status, body, time.Since(start))
		}
	})
}

// TestPollWakes: on due delay, on a visibility timeout that ends or is set to 0.
func TestPollWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.create("q", nil)
		start := time.Now()
		s.send(url, "delayed", func(in *sdk.SendMessageInput) { in.DelaySeconds = 7 })
		m := s.receive(url, wait(20))[0]
		if d := time.Since(start).Round(time.Second); d != 7*time.Second {
			s.Errorf("delay: woken after %v", d)
		}
		start = time.Now()
		s.change(url, m, 9)
		m = s.receive(url, wait(20))[0]
		if d := time.Since(start).Round(time.Second); d != 9*time.Second {
			s.Errorf("visibility: woken after %v", d)
		}
		got := make(chan []types.Message)
		go func() { got <- s.receive(url, wait(20)) }()
		synctest.Wait()
		start = time.Now()
		s.change(url, m, 0)
		if m = (<-got)[0]; time.Since(start) != 0 || m.Attributes["ApproximateReceiveCount"] != "3" {
			s.Errorf("set to 0: after %v, count %s", time.Since(start), m.Attributes["ApproximateReceiveCount"])
		}
	})
}

func (s *server) change(url *string, m types.Message, seconds int32) {
	s.Helper()
	must(s.client.ChangeMessageVisibility(s.Context(), &sdk.ChangeMessageVisibilityInput{
		QueueUrl: url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds}))(s)
}

// TestCancelledPoll: 50 polls that go away while a message comes lose nothing.
func TestCancelledPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.create("q", nil)
		for i := range 50 {
			ctx, cancel := context.WithCancel(s.Context())
			done := make(chan *sdk.ReceiveMessageOutput)
			go func() {
				out, _ := s.client.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
				done <- out
			}()
			synctest.Wait()
			if i%2 == 0 {
				cancel()
				<-done
				s.send(url, "m")
			} else {
				go cancel()
				s.send(url, "m")
				if out := <-done; out != nil && len(out.Messages) == 1 {
					s.change(url, out.Messages[0], 0)
				}
			}
			cancel()
			time.Sleep(31 * time.Second) // what was handed to a client that did not take it
			if ms := s.receive(url, wait(1)); len(ms) != 1 {
				s.Fatalf("round %d: %d messages", i, len(ms))
			} else {
				s.delete(url, ms[0])
			}
		}
	})
}

func TestVisibility(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.create("q", map[string]string{"VisibilityTimeout": "10"})
		s.send(url, "m")
		first := s.receive(url)[0]
		if len(s.receive(url)) != 0 {
			s.Error("visible while in flight")
		}
		a := s.attributes(url)
		if a["ApproximateNumberOfMessagesNotVisible"] != "1" {
			s.Errorf("%v", a)
		}
		time.Sleep(11 * time.Second)
		_, err := s.client.ChangeMessageVisibility(s.Context(), &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 1})
		if !strings.HasPrefix(code(err), "AWS.SimpleQueueService.MessageNotInflight") {
			s.Errorf("not in flight: %v", err)
		}
		second := s.receive(url)[0]
		if *second.ReceiptHandle == *first.ReceiptHandle || second.Attributes["ApproximateReceiveCount"] != "2" ||
			second.Attributes["ApproximateFirstReceiveTimestamp"] != first.Attributes["ApproximateFirstReceiveTimestamp"] {
			s.Errorf("%v then %v", first.Attributes, second.Attributes)
		}
		s.delete(url, first) // the last handle wins: no error, no effect
		time.Sleep(11 * time.Second)
		third := s.receive(url)
		if len(third) != 1 {
			s.Fatal("the old handle deleted it")
		}
		time.Sleep(11 * time.Second)
		s.delete(url, third[0]) // its lease is over, but nobody else has it
		if len(s.receive(url)) != 0 {
			s.Error("it was not deleted")
		}
		s.delete(url, third[0]) // idempotent
		_, err = s.client.ChangeMessageVisibility(s.Context(), &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 1})
		if !strings.Contains(code(err), "Message does not exist or is not available for visibility timeout change.") {
			s.Errorf("gone: %v", err)
		}
		s.send(url, "long")
		m := s.receive(url)[0]
		time.Sleep(5 * time.Second)
		_, err = s.client.ChangeMessageVisibility(s.Context(), &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 43200})
		if !strings.Contains(code(err), "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]") {
			s.Errorf("12 hours: %v", err)
		}
	})
}

func TestDelayAndRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.create("q", map[string]string{"DelaySeconds": "10", "MessageRetentionPeriod": "60"})
		s.send(url, "the queue's delay")
		status, _, _ := s.post(map[string]string{"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"},
			`{"QueueUrl":"q","MessageBody":"none","DelaySeconds":0}`)
		if ms := s.receive(url); status != 200 || bodies(ms) != "none" {
			s.Errorf("%d %q", status, bodies(ms))
		} else {
			s.delete(url, ms[0])
		}
		if a := s.attributes(url); a["ApproximateNumberOfMessagesDelayed"] != "1" {
			s.Errorf("%v", a)
		}
		time.Sleep(11 * time.Second)
		s.change(url, s.receive(url)[0], 0)
		time.Sleep(50 * time.Second)
		if ms := s.receive(url); len(ms) != 0 {
			s.Errorf("retained: %q", bodies(ms))
		}
	})
}

func TestDeadLetterQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		dlq := s.create("dlq", nil)
		url := s.create("q", map[string]string{"VisibilityTimeout": "1",
			"RedrivePolicy": `{"deadLetterTargetArn":"` + s.arn(dlq) + `","maxReceiveCount":"2"}`})
		sent := s.send(url, "poison", func(in *sdk.SendMessageInput) {
			in.MessageAttributes = map[string]types.MessageAttributeValue{"a": {DataType: aws.String("String"), StringValue: aws.String("v")}}
		})
		for i := 1; i <= 2; i++ {
			ms := s.receive(url)
			if len(ms) != 1 || ms[0].Attributes["ApproximateReceiveCount"] != strconv.Itoa(i) {
				s.Fatalf("receive %d: %v", i, ms)
			}
			time.Sleep(1500 * time.Millisecond)
		}
		if ms := s.receive(url); len(ms) != 0 {
			s.Errorf("a third time: %v", ms[0].Attributes)
		}
		m := s.receive(dlq, wait(5))[0]
		if *m.MessageId != *sent.MessageId || len(m.MessageAttributes) != 1 || m.Attributes["DeadLetterQueueSourceArn"] != s.arn(url) {
			s.Errorf("%s %v %v", *m.MessageId, m.MessageAttributes, m.Attributes)
		}
	})
}
