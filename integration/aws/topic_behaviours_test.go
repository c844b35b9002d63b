package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// topic makes a topic for this client and this behaviour.
func (s *session) topic() string {
	s.Helper()
	return s.sns("CreateTopic", in{"Name": s.prefix + "t"}).TopicArn
}

// subscribe subscribes a new queue and returns its URL and the subscription.
func (s *session) subscribe(topic, name string, attributes ...string) (url, subscription string) {
	s.Helper()
	url = s.queue(name)
	given := in{"TopicArn": topic, "Protocol": "sqs", "Endpoint": s.arnOf(url), "ReturnSubscriptionArn": true}
	if len(attributes) > 0 {
		given["Attributes"] = pairs(attributes)
	}
	return url, s.sns("Subscribe", given).SubscriptionArn
}

// envelope is what SNS wraps a message in.
type envelope struct {
	Type, MessageId, TopicArn, Subject, Message, Timestamp string
	UnsubscribeURL, SequenceNumber                         string
	MessageAttributes                                      map[string]struct{ Type, Value string }
}

func (s *session) open(m message) envelope {
	s.Helper()
	var e envelope
	if err := json.Unmarshal([]byte(m.Body), &e); err != nil {
		s.Fatalf("%v in %s", err, m.Body)
	}
	return e
}

var topicBehaviours = []behaviour{
	{name: "create, find, delete a topic", run: func(s *session) {
		arn := s.topic()
		equal(s, "created again", s.topic(), arn)
		if want := ":" + s.prefix + "t"; !strings.HasPrefix(arn, "arn:aws:sns:us-east-1:") || !strings.HasSuffix(arn, want) {
			s.Errorf("ARN %s", arn)
		}
		s.sns("SetTopicAttributes", in{"TopicArn": arn, "AttributeName": "DisplayName", "AttributeValue": hard})
		a := s.sns("GetTopicAttributes", in{"TopicArn": arn}).Attributes
		equal(s, "ARN", a["TopicArn"], arn)
		equal(s, "DisplayName", a["DisplayName"], hard)
		s.sns("DeleteTopic", in{"TopicArn": arn})
		s.sns("DeleteTopic", in{"TopicArn": arn}) // once more is no error
		s.fails("sns", "GetTopicAttributes", in{"TopicArn": arn}, want{"NotFoundException", "NotFound", 404, "Topic does not exist"})
	}},
	{name: "topic tags", run: func(s *session) {
		arn := s.sns("CreateTopic", in{"Name": s.prefix + "t", "Tags": []in{{"Key": "made", "Value": "now"}}}).TopicArn
		s.sns("TagResource", in{"ResourceArn": arn, "Tags": []in{{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}}})
		s.sns("UntagResource", in{"ResourceArn": arn, "TagKeys": []string{"a"}})
		var tags []struct{ Key, Value string }
		if err := json.Unmarshal(s.sns("ListTagsForResource", in{"ResourceArn": arn}).Tags, &tags); err != nil {
			s.Fatal(err)
		}
		got := map[string]string{}
		for _, t := range tags {
			got[t.Key] = t.Value
		}
		if !maps.Equal(got, map[string]string{"made": "now", "b": "2"}) {
			s.Errorf("%v", tags)
		}
	}},
	{name: "subscribe, find, unsubscribe", run: func(s *session) {
		arn := s.topic()
		url, sub := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		_, again := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		equal(s, "subscribed again", again, sub)
		a := s.sns("GetSubscriptionAttributes", in{"SubscriptionArn": sub}).Attributes
		for name, v := range map[string]string{
			"SubscriptionArn": sub, "TopicArn": arn, "Protocol": "sqs", "Endpoint": s.arnOf(url), "RawMessageDelivery": "true", "PendingConfirmation": "false",
		} {
			equal(s, name, a[name], v)
		}
		got := s.sns("ListSubscriptionsByTopic", in{"TopicArn": arn}).Subscriptions
		if len(got) != 1 || got[0].SubscriptionArn != sub || got[0].Protocol != "sqs" || got[0].Endpoint != s.arnOf(url) || got[0].Owner == "" {
			s.Errorf("%+v", got)
		}
		s.sns("Unsubscribe", in{"SubscriptionArn": sub})
		s.sns("Publish", in{"TopicArn": arn, "Message": "to nobody"})
		s.receive(url, 0)
		s.fails("sns", "GetSubscriptionAttributes", in{"SubscriptionArn": sub}, want{"NotFoundException", "NotFound", 404, "Subscription does not exist"})
	}},
	{name: "fan-out in the envelope", run: func(s *session) {
		arn := s.topic()
		one, _ := s.subscribe(arn, "one")
		other, _ := s.subscribe(arn, "other")
		sent := s.sns("Publish", in{"TopicArn": arn, "Message": hard, "Subject": "a <subject>", "MessageAttributes": map[string]attribute{
			"n": {DataType: "Number", StringValue: "1.5"}, "blob": {DataType: "Binary", BinaryValue: []byte("blob")},
		}})
		for _, url := range []string{one, other} {
			m := s.receive(url, 1)[0]
			e := s.open(m)
			equal(s, "type", e.Type, "Notification")
			equal(s, "id", e.MessageId, sent.MessageId)
			equal(s, "topic", e.TopicArn, arn)
			equal(s, "subject", e.Subject, "a <subject>")
			equal(s, "message", e.Message, hard)
			equal(s, "number", e.MessageAttributes["n"], struct{ Type, Value string }{"Number", "1.5"})
			equal(s, "blob", e.MessageAttributes["blob"], struct{ Type, Value string }{"Binary", "YmxvYg=="})
			equal(s, "attributes outside", len(m.MessageAttributes), 0)
			equal(s, "MD5", m.MD5OfBody, md5Of(m.Body))
			if len(e.Timestamp) != len("2026-11-22T14:34:35.123Z") || e.UnsubscribeURL == "" {
				s.Errorf("%+v", e)
			}
		}
	}},
	{name: "group id of a standard topic", run: func(s *session) {
		arn := s.topic()
		url, _ := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		s.sns("Publish", in{"TopicArn": arn, "Message": "m", "MessageGroupId": "g"})
		equal(s, "group", s.receive(url, 1)[0].Attributes["MessageGroupId"], "g")
		s.fails("sns", "Publish", in{"TopicArn": arn, "Message": "m", "MessageDeduplicationId": "d"},
			want{"InvalidParameterException", "InvalidParameter", 400, "MessageDeduplicationId parameter that is not valid for this topic type"})
	}},
	{name: "fan-out, raw", run: func(s *session) {
		arn := s.topic()
		url, _ := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		all := typed([]byte("blob"))
		s.sns("Publish", in{"TopicArn": arn, "Message": hard, "MessageAttributes": all})
		m := s.receive(url, 1)[0]
		equal(s, "body", m.Body, hard)
		delete(m.MessageAttributes, "topic") // the path that was published to: doc.go of bridge/sns
		same(s, m.MessageAttributes, all)
	}},
	{name: "fan-out, raw, all ten attributes", run: func(s *session) {
		arn := s.topic()
		url, _ := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		all := map[string]attribute{}
		for i := range 10 {
			all[fmt.Sprint("a", i)] = attribute{DataType: "String", StringValue: fmt.Sprint(i)}
		}
		s.sns("Publish", in{"TopicArn": arn, "Message": "m", "MessageAttributes": all})
		m := s.receive(url, 1)[0]
		same(s, m.MessageAttributes, all)
		equal(s, "MD5", m.MD5OfMessageAttributes, md5OfAttributes(all))
	}},
	{name: "raw delivery, switched on later", run: func(s *session) {
		arn := s.topic()
		url, sub := s.subscribe(arn, "q")
		s.sns("SetSubscriptionAttributes", in{"SubscriptionArn": sub, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"})
		s.sns("Publish", in{"TopicArn": arn, "Message": hard})
		equal(s, "body", s.receive(url, 1)[0].Body, hard)
	}},
	{name: "another message for each protocol", run: func(s *session) {
		arn := s.topic()
		url, _ := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		s.sns("Publish", in{"TopicArn": arn, "MessageStructure": "json", "Message": `{"default":"for all","sqs":"for queues","http":"for none"}`})
		s.sns("Publish", in{"TopicArn": arn, "MessageStructure": "json", "Message": `{"default":"for all"}`})
		got := map[string]bool{}
		for range 2 {
			m := s.receive(url, 1, "MaxNumberOfMessages", 1)[0]
			got[m.Body] = true
		}
		if !got["for queues"] || !got["for all"] {
			s.Errorf("received %v", got)
		}
	}},
	{name: "publish batch, one entry fails", run: func(s *session) {
		arn := s.topic()
		url, _ := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		got := s.sns("PublishBatch", in{"TopicArn": arn, "PublishBatchRequestEntries": []in{
			{"Id": "good", "Message": hard},
			{"Id": "bad", "Message": "no JSON", "MessageStructure": "json"},
		}})
		s.split(got, []string{"good"}, entry{Id: "bad", Code: "InvalidParameter", SenderFault: true})
		if len(got.Successful) == 1 && got.Successful[0].MessageId == "" {
			s.Error("no message id")
		}
		equal(s, "body", s.receive(url, 1)[0].Body, hard)
	}},
}
