package sqs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

func TestBatches(t *testing.T) {
	s := serve(t)
	url := s.create("q", map[string]string{"MaximumMessageSize": "1024"})
	out := must(s.client.SendMessageBatch(t.Context(), &sdk.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("ok"), MessageBody: aws.String("1")},
		{Id: aws.String("long"), MessageBody: aws.String(strings.Repeat("x", 1025))},
		{Id: aws.String("late"), MessageBody: aws.String("3"), DelaySeconds: 901},
		{Id: aws.String("control"), MessageBody: aws.String("\x01")},
		{Id: aws.String("ok2"), MessageBody: aws.String("5")},
	}}))(t)
	var failed []string
	for _, f := range out.Failed {
		failed = append(failed, fmt.Sprint(*f.Id, " ", *f.Code, " ", f.SenderFault, " ", *f.Message))
	}
	want := []string{
		"long InvalidParameterValue true One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
		"late InvalidParameterValue true Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
		"control InvalidMessageContents true Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
	}
	if fmt.Sprint(failed) != fmt.Sprint(want) || len(out.Successful) != 2 {
		t.Errorf("%d sent, failed:\n%s", len(out.Successful), strings.Join(failed, "\n"))
	}
	ms := s.receive(url)
	if bodies(ms) != "1 5" {
		t.Fatalf("%q", bodies(ms))
	}
	vis := must(s.client.ChangeMessageVisibilityBatch(t.Context(), &sdk.ChangeMessageVisibilityBatchInput{QueueUrl: url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: ms[0].ReceiptHandle, VisibilityTimeout: 60},
		{Id: aws.String("b"), ReceiptHandle: aws.String("nonsense"), VisibilityTimeout: 60},
		{Id: aws.String("c"), ReceiptHandle: ms[1].ReceiptHandle, VisibilityTimeout: 43201},
	}}))(t)
	if len(vis.Successful) != 1 || len(vis.Failed) != 2 || *vis.Failed[0].Code != "ReceiptHandleIsInvalid" || *vis.Failed[1].Code != "InvalidParameterValue" {
		t.Errorf("%+v", vis)
	}
	del := must(s.client.DeleteMessageBatch(t.Context(), &sdk.DeleteMessageBatchInput{QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: ms[0].ReceiptHandle},
		{Id: aws.String("b"), ReceiptHandle: aws.String("nonsense")},
		{Id: aws.String("c"), ReceiptHandle: ms[1].ReceiptHandle},
	}}))(t)
	if len(del.Successful) != 2 || len(del.Failed) != 1 || *del.Failed[0].Id != "b" || *del.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Errorf("%+v", del)
	}
	if a := s.attributes(url); a["ApproximateNumberOfMessages"]+a["ApproximateNumberOfMessagesNotVisible"] != "00" {
		t.Errorf("%v", a)
	}
}

// TestSizes: a message of just the limit is sent and received, attributes counted.
func TestSizes(t *testing.T) {
	s := serve(t)
	url := s.create("q", nil)
	body := strings.Repeat("x", 1<<20-len("nameStringv"))
	s.send(url, body, func(in *sdk.SendMessageInput) {
		in.MessageAttributes = map[string]types.MessageAttributeValue{"name": {DataType: aws.String("String"), StringValue: aws.String("v")}}
	})
	if ms := s.receive(url); len(ms) != 1 || *ms[0].Body != body {
		t.Error("a message of 1 MiB was not received")
	}
	_, err := s.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: url, MessageBody: aws.String(strings.Repeat("x", 1<<20+1))})
	if !strings.Contains(code(err), "Message must be shorter than 1048576 bytes.") {
		t.Error(code(err))
	}
	for _, n := range []int{2 << 20, 3} { // one that SQS cannot carry stays for others, and hides nothing
		s.publish(core.QueueAddress("q"), core.Message{Body: []byte(strings.Repeat("y", n)), Durable: true})
	}
	if got := bodies(s.receive(url)); got != "yyy" {
		t.Errorf("%d bytes", len(got))
	}
	if n := s.ns.Broker().Stats().TooLarge; n != 1 {
		t.Errorf("%d counted as too large", n)
	}
	q, _ := s.ns.Queue("q")
	if ds := must(q.Receive(t.Context(), core.ReceiveOptions{Max: 10, Lease: -1}))(t); len(ds) != 1 || len(ds[0].Message.Body) != 2<<20 {
		t.Error("the large one is not there for others")
	}
}

// TestReceiptOfAnother: a handle is of one queue, and of one life of it.
func TestReceiptOfAnother(t *testing.T) {
	s := serve(t)
	a, b := s.create("a", nil), s.create("b", nil)
	s.send(a, "m")
	m := s.receive(a)[0]
	for _, handle := range []string{*m.ReceiptHandle, "", "x", strings.Repeat("A", 36), "AQ" + (*m.ReceiptHandle)[2:]} {
		_, err := s.client.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: b, ReceiptHandle: &handle})
		if c := code(err); !strings.HasPrefix(c, "ReceiptHandleIsInvalid") && !(handle == "" && strings.HasPrefix(c, "MissingParameter")) {
			t.Errorf("%q: %v", handle, err)
		}
	}
	must(s.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: a}))(t)
	s.create("a", nil)
	s.send(a, "other")
	s.delete(a, m)
	if got := bodies(s.receive(a)); got != "other" {
		t.Errorf("%q", got)
	}
}

// TestSubscriptions: what an SNS subscription routed is rendered raw or in the
// envelope; other doors see the raw body, and so do other bindings.
func TestSubscriptions(t *testing.T) {
	s := serve(t)
	const topic = "arn:aws:sns:us-east-1:000000000000:sensors"
	sub := func(queue string, raw bool) *string {
		url := s.create(queue, nil)
		q, _ := s.ns.Queue(queue)
		s.subscribe(q, awsapi.Subscription{ARN: topic + ":" + queue, Raw: raw})
		return url
	}
	raw, wrapped := sub("raw", true), sub("wrapped", false)
	s.publish(core.TopicAddress("sensors/kitchen/temp"), core.Message{Body: []byte("21.5"), Durable: true, Type: "reading",
		Headers: []core.Header{{Name: "unit", Value: core.StringValue("C")}}})
	m := s.receive(raw)[0]
	if *m.Body != "21.5" || *m.MessageAttributes["topic"].StringValue != "sensors/kitchen/temp" || *m.MessageAttributes["unit"].StringValue != "C" {
		t.Errorf("raw: %s %v", *m.Body, show(m.MessageAttributes))
	}
	m = s.receive(wrapped)[0]
	n := envelope(t, *m.Body)
	if n.Type != "Notification" || n.Message != "21.5" || n.Subject != "reading" || n.TopicArn != topic || n.MessageId != *m.MessageId ||
		n.MessageAttributes["topic"].Value != "sensors/kitchen/temp" || n.MessageAttributes["unit"].Type != "String" ||
		!strings.Contains(n.UnsubscribeURL, "Action=Unsubscribe") || len(m.MessageAttributes) != 0 {
		t.Errorf("wrapped: %s", *m.Body)
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", n.Timestamp); err != nil || time.Since(at) > time.Hour {
		t.Errorf("timestamp %s", n.Timestamp)
	}
	s.publish(core.TopicAddress("sensors"), core.Message{Body: []byte{0xff, 0}, Durable: true})
	if n := envelope(t, *s.receive(wrapped)[0].Body); n.Message != "/wA=" || n.MessageAttributes["JMS_SQSMessageType"].Value != "byte" {
		t.Errorf("binary: %+v", n)
	}
}
