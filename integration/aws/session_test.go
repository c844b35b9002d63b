package aws

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// in is an operation's input in the words of the API.
type in map[string]any

// out is what the behaviours look at of any output.
type out struct {
	QueueUrl, TopicArn, SubscriptionArn, NextToken string
	QueueUrls                                      []string // or queueUrls: names are matched without case
	Messages                                       []message
	MessageId, SequenceNumber                      string
	MD5OfMessageBody, MD5OfMessageAttributes       string
	MD5OfMessageSystemAttributes                   string
	Successful, Failed                             []entry
	Attributes                                     map[string]string
	Tags                                           json.RawMessage // a map of SQS, a list of SNS
	Topics                                         []struct{ TopicArn string }
	Subscriptions                                  []struct{ SubscriptionArn, Endpoint, Protocol, Owner, TopicArn string }
}

// entry is one of a batch's result.
type entry struct {
	Id, MessageId, SequenceNumber, MD5OfMessageBody, MD5OfMessageAttributes string
	Code, Message                                                           string
	SenderFault                                                             bool
}

type message struct {
	MessageId, ReceiptHandle, Body, MD5OfBody, MD5OfMessageAttributes string
	Attributes                                                        map[string]string
	MessageAttributes                                                 map[string]attribute
}

type attribute struct {
	DataType, StringValue string `json:",omitempty"`
	BinaryValue           []byte `json:",omitempty"`
}

// refusal is an error as a client shows it.
type refusal struct {
	Error, Exception, Code string
	Status                 int
}

type answer struct {
	Out *out
	refusal
}

// session is one client within one behaviour.
type session struct {
	*testing.T
	library
	process  *driver.Process
	endpoint string
	ref      *reference
	prefix   string // of the names of queues and topics
}

func request(service, op string, given in) map[string]any {
	return map[string]any{"service": service, "op": op, "in": given}
}

func (s *session) call(r map[string]any) out {
	s.Helper()
	var a answer
	s.process.Ask(s.T, r, &a)
	if a.Out == nil {
		s.Fatalf("%v: %+v", r, a.refusal)
	}
	return *a.Out
}

// sqs and sns call an operation that succeeds.
func (s *session) sqs(op string, given in) out {
	s.Helper()
	return s.call(request("sqs", op, given))
}

func (s *session) sns(op string, given in) out {
	s.Helper()
	return s.call(request("sns", op, given))
}

// pages goes through all pages with the client's own paginator.
func (s *session) pages(service, op string, given in) out {
	s.Helper()
	r := request(service, op, given)
	r["pages"] = true
	return s.call(r)
}

// start calls an operation and returns what waits for its output.
func (s *session) start(service, op string, given in) func() out {
	s.Helper()
	p := s.process.Send(s.T, request(service, op, given))
	return func() out {
		s.Helper()
		var a answer
		p.Answer(s.T, &a)
		if a.Out == nil {
			s.Fatalf("%s: %+v", op, a.refusal)
		}
		return *a.Out
	}
}

// want is an error: the name of its class if the API's model has one, the code
// that Query and x-amzn-query-error carry, the HTTP status and words of the
// message.
type want struct {
	modelled string
	code     string
	status   int
	words    string
}

// fails calls an operation that the client is to see fail in that way.
func (s *session) fails(service, op string, given in, w want) {
	s.Helper()
	var a answer
	s.process.Ask(s.T, request(service, op, given), &a)
	if a.Out != nil {
		s.Errorf("%s %v: no error, but %+v", op, given, *a.Out)
		return
	}
	class := s.exception(w.modelled, service)
	if a.Code != w.code || a.Exception != class || a.Status != 0 && a.Status != w.status {
		s.Errorf("%s %v: class %q, code %q, status %d; want %q, %q, %d: %s", op, given, a.Exception, a.Code, a.Status, class, w.code, w.status, a.Error)
	}
	if !strings.Contains(a.Error, w.words) {
		s.Errorf("%s %v: %q in place of %q", op, given, a.Error, w.words)
	}
}

// equal compares what has a name.
func equal[T comparable](s *session, what string, got, want T) {
	s.Helper()
	if got != want {
		s.Errorf("%s: %v, want %v", what, got, want)
	}
}

// queue makes a queue for this client and this behaviour.
func (s *session) queue(name string, attributes ...string) string {
	s.Helper()
	given := in{"QueueName": s.prefix + name}
	if len(attributes) > 0 {
		given["Attributes"] = pairs(attributes)
	}
	return s.sqs("CreateQueue", given).QueueUrl
}

func pairs(list []string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

// arnOf is a queue's ARN, asked for.
func (s *session) arnOf(url string) string {
	s.Helper()
	return s.sqs("GetQueueAttributes", in{"QueueUrl": url, "AttributeNames": []string{"QueueArn"}}).Attributes["QueueArn"]
}

// receive wants that many messages with all that they have.
func (s *session) receive(url string, many int, more ...any) []message {
	s.Helper()
	given := in{"QueueUrl": url, "MaxNumberOfMessages": 10, "AttributeNames": []string{"All"}, "MessageAttributeNames": []string{"All"}}
	if many > 0 {
		given["WaitTimeSeconds"] = 10
	}
	for i := 0; i < len(more); i += 2 {
		given[more[i].(string)] = more[i+1]
	}
	got := s.sqs("ReceiveMessage", given).Messages
	if len(got) != many {
		s.Fatalf("%d messages received, want %d: %+v", len(got), many, got)
	}
	return got
}

func (s *session) send(url, body string, more ...any) out {
	s.Helper()
	given := in{"QueueUrl": url, "MessageBody": body}
	for i := 0; i < len(more); i += 2 {
		given[more[i].(string)] = more[i+1]
	}
	return s.sqs("SendMessage", given)
}

func (s *session) remove(url string, messages ...message) {
	s.Helper()
	for _, m := range messages {
		s.sqs("DeleteMessage", in{"QueueUrl": url, "ReceiptHandle": m.ReceiptHandle})
	}
}

func (s *session) changeVisibility(url string, m message, seconds int) {
	s.Helper()
	s.sqs("ChangeMessageVisibility", in{"QueueUrl": url, "ReceiptHandle": m.ReceiptHandle, "VisibilityTimeout": seconds})
}
