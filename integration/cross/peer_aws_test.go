package cross

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
)

// sqsPeer is aws-sdk-go-v2. Places: attr:<name> with a value of type number: or
// bytes: (base64), else a string; system:MessageGroupId; packed:<name>, an element
// of slipway-headers. A body that is no text goes as AWS's JMS library sends it.
type sqsPeer struct{ w world }

const jmsType, jmsURL = "JMS_SQSMessageType", "JMS_SQSReplyToQueueURL"

func (p sqsPeer) url(queue string) *string {
	return aws.String("http://" + p.w.b.AWS + "/" + client.Account + "/" + queue)
}

// attribute is a value of one of three types.
func attribute(v string) (dataType, text string, raw []byte) {
	if n, ok := epoch(v); ok {
		return "Number", strconv.FormatInt(n, 10), nil
	}
	switch kind, rest, _ := strings.Cut(v, ":"); kind {
	case "number":
		return "Number", rest, nil
	case "bytes":
		b, _ := base64.StdEncoding.DecodeString(rest)
		return "Binary", "", b
	}
	return "String", v, nil
}

func (p sqsPeer) publish(t *testing.T, to address, s sample) {
	t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: p.url(to.name), MessageAttributes: map[string]types.MessageAttributeValue{}}
	body, encoded := asText(s.body)
	in.MessageBody = &body
	if encoded {
		in.MessageAttributes[jmsType] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("byte")}
	}
	for place, v := range s.form {
		kind, name := split(place)
		if kind == "system" {
			setSystem(in, name, v)
			continue
		}
		dataType, text, raw := attribute(v)
		a := types.MessageAttributeValue{DataType: &dataType, BinaryValue: raw}
		if raw == nil {
			a.StringValue = &text
		}
		in.MessageAttributes[name] = a
	}
	if _, err := p.w.sqs(t).SendMessage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func setSystem(in *sqs.SendMessageInput, name, v string) {
	if name == "MessageGroupId" {
		in.MessageGroupId = &v
		return
	}
	n, _ := strconv.ParseInt(v, 10, 32)
	in.DelaySeconds = int32(n)
}

// asText is a body that SQS carries.
func asText(body []byte) (text string, encoded bool) {
	for _, r := range string(body) {
		if r == 0 || r == '�' {
			return base64.StdEncoding.EncodeToString(body), true
		}
	}
	return string(body), false
}

func (p sqsPeer) subscribe(t *testing.T, from address) func(*testing.T) sample {
	t.Helper()
	queue := from.name
	if from.topic {
		queue = from.name + "-of-sqs"
		url := client.CreateQueue(t.Context(), t, p.w.sqs(t), queue, nil)
		_, err := p.w.sns(t).Subscribe(t.Context(), &sns.SubscribeInput{
			TopicArn: snsPeer(p).topic(t, from), Protocol: aws.String("sqs"), Attributes: map[string]string{"RawMessageDelivery": "true"},
			Endpoint: aws.String("arn:aws:sqs:" + client.Region + ":" + client.Account + ":" + url[strings.LastIndex(url, "/")+1:]),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return func(t *testing.T) sample {
		t.Helper()
		got, err := p.w.sqs(t).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: p.url(queue), WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
		})
		if err != nil || len(got.Messages) != 1 {
			t.Fatalf("received %+v, %v", got, err)
		}
		m := &got.Messages[0]
		if _, err := p.w.sqs(t).DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: p.url(queue), ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		return fromSQS(t, m)
	}
}

func fromSQS(t *testing.T, m *types.Message) sample {
	t.Helper()
	s := sample{body: []byte(*m.Body), form: map[string]string{}}
	for name, a := range m.MessageAttributes {
		switch {
		case name == jmsType:
			b, err := base64.StdEncoding.DecodeString(*m.Body)
			if err != nil {
				t.Fatal(err)
			}
			s.body = b
		case name == "topic":
			s.topic = *a.StringValue
		case name == jmsURL: // the name beside it says the same
		case name == "slipway-headers":
			s.unpack(t, *a.StringValue)
		case name == "expires-at":
			n, _ := strconv.ParseInt(*a.StringValue, 10, 64)
			s.form["attr:"+name] = sinceEpoch(n)
		case a.BinaryValue != nil:
			s.form["attr:"+name] = "bytes:" + base64.StdEncoding.EncodeToString(a.BinaryValue)
		case *a.DataType == "Number":
			s.form["attr:"+name] = "number:" + *a.StringValue
		default:
			s.form["attr:"+name] = *a.StringValue
		}
	}
	for _, name := range []string{"MessageGroupId", "MessageDeduplicationId"} {
		if v := m.Attributes[name]; v != "" {
			s.form["system:"+name] = v
		}
	}
	s.state = map[string]string{}
	for _, name := range []string{"ApproximateReceiveCount", "DeadLetterQueueSourceArn"} {
		s.state["system:"+name] = m.Attributes[name]
	}
	return s
}

// unpack reads what did not fit, or could not be, an attribute.
func (s *sample) unpack(t *testing.T, text string) {
	t.Helper()
	var list []struct{ Name, Type, Value string }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	for _, h := range list {
		s.form["packed:"+h.Name] = h.Value
	}
}

// snsPeer publishes to topics; it receives as an SQS queue that is subscribed.
type snsPeer struct{ w world }

func (p snsPeer) topic(t *testing.T, a address) *string {
	t.Helper()
	out, err := p.w.sns(t).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &a.name})
	if err != nil {
		t.Fatal(err)
	}
	return out.TopicArn
}

func (p snsPeer) publish(t *testing.T, to address, s sample) {
	t.Helper()
	in := &sns.PublishInput{TopicArn: p.topic(t, to), MessageAttributes: map[string]snstypes.MessageAttributeValue{}}
	body, encoded := asText(s.body)
	in.Message = &body
	if encoded {
		in.MessageAttributes[jmsType] = snstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("byte")}
	}
	for place, v := range s.form {
		_, name := split(place)
		dataType, text, raw := attribute(v)
		a := snstypes.MessageAttributeValue{DataType: &dataType, BinaryValue: raw}
		if raw == nil {
			a.StringValue = &text
		}
		in.MessageAttributes[name] = a
	}
	if _, err := p.w.sns(t).Publish(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func (p snsPeer) subscribe(t *testing.T, from address) func(*testing.T) sample {
	t.Helper()
	return sqsPeer(p).subscribe(t, from)
}

func split(place string) (kind, name string) {
	kind, name, _ = strings.Cut(place, ":")
	return kind, name
}
