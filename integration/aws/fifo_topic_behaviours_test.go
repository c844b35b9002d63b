package aws

import (
	"fmt"
	"strings"
	"time"
)

// fifoTopic makes a FIFO topic for this client and this behaviour.
func (s *session) fifoTopic(attributes ...string) string {
	s.Helper()
	return s.sns("CreateTopic", in{"Name": s.prefix + "t.fifo", "Attributes": pairs(append(attributes, "FifoTopic", "true"))}).TopicArn
}

// follow subscribes a queue that there is.
func (s *session) follow(topic, url string, attributes ...string) (subscription string) {
	s.Helper()
	return s.sns("Subscribe", in{"TopicArn": topic, "Protocol": "sqs", "Endpoint": s.arnOf(url), "ReturnSubscriptionArn": true, "Attributes": pairs(attributes)}).SubscriptionArn
}

func (s *session) publishTo(topic, group, id, body string) out {
	s.Helper()
	return s.sns("Publish", in{"TopicArn": topic, "Message": body, "MessageGroupId": group, "MessageDeduplicationId": id})
}

var fifoTopicBehaviours = []behaviour{
	{name: "FIFO topic: attributes", run: func(s *session) {
		arn := s.fifoTopic("ContentBasedDeduplication", "true")
		a := s.sns("GetTopicAttributes", in{"TopicArn": arn}).Attributes
		equal(s, "FifoTopic", a["FifoTopic"], "true")
		equal(s, "ContentBasedDeduplication", a["ContentBasedDeduplication"], "true")
		if !strings.HasSuffix(arn, ".fifo") {
			s.Errorf("ARN %s", arn)
		}
	}},
	{name: "FIFO topic: order and numbers in FIFO and standard queues", run: func(s *session) {
		arn := s.fifoTopic()
		fifo, standard := s.fifo(), s.queue("q")
		s.follow(arn, fifo, "RawMessageDelivery", "true")
		s.follow(arn, standard)
		last := ""
		for i := range 4 {
			id := fmt.Sprint(i)
			number := s.publishTo(arn, "g", id, id).SequenceNumber
			if len(number) != 20 || number <= last {
				s.Errorf("sequence number %q after %q", number, last)
			}
			last = number
		}
		got := s.receive(fifo, 4)
		ordered(s, got, "0", "1", "2", "3")
		equal(s, "group", got[3].Attributes["MessageGroupId"], "g")
		equal(s, "deduplication id", got[3].Attributes["MessageDeduplicationId"], "3")
		wrapped := s.receive(standard, 4)
		equal(s, "sequence number in the envelope", s.open(wrapped[3]).SequenceNumber, last)
	}},
	{name: "FIFO topic: a duplicate reaches nobody", run: func(s *session) {
		arn := s.fifoTopic()
		fifo, standard := s.fifo(), s.queue("q")
		s.follow(arn, fifo, "RawMessageDelivery", "true")
		s.follow(arn, standard, "RawMessageDelivery", "true")
		first, again := s.publishTo(arn, "g", "same", "1"), s.publishTo(arn, "other", "same", "2")
		equal(s, "id", again.MessageId, first.MessageId)
		equal(s, "sequence number", again.SequenceNumber, first.SequenceNumber)
		ordered(s, s.receive(fifo, 1), "1")
		ordered(s, s.receive(standard, 1), "1")
	}},
	{name: "FIFO topic: deduplication within groups", run: func(s *session) {
		arn := s.fifoTopic("FifoThroughputScope", "MessageGroup")
		url := s.queue("q")
		s.follow(arn, url, "RawMessageDelivery", "true")
		s.publishTo(arn, "a", "same", "1")
		s.publishTo(arn, "b", "same", "2")
		s.publishTo(arn, "a", "same", "3")
		ordered(s, s.receive(url, 2), "1", "2")
	}},
	{name: "FIFO topic: deduplication by content, in a batch", run: func(s *session) {
		arn := s.fifoTopic("ContentBasedDeduplication", "true")
		url := s.fifo()
		s.follow(arn, url, "RawMessageDelivery", "true")
		got := s.sns("PublishBatch", in{"TopicArn": arn, "PublishBatchRequestEntries": []in{
			{"Id": "1", "Message": "a", "MessageGroupId": "g"},
			{"Id": "2", "Message": "a", "MessageGroupId": "g"},
			{"Id": "3", "Message": "b", "MessageGroupId": "g"},
		}})
		equal(s, "successful", len(got.Successful), 3)
		ordered(s, s.receive(url, 2), "a", "b")
	}},
	{name: "FIFO topic: what it asks for", run: func(s *session) {
		arn := s.fifoTopic()
		s.fails("sns", "Publish", in{"TopicArn": arn, "Message": "m"},
			want{"InvalidParameterException", "InvalidParameter", 400, "The MessageGroupId parameter is required for FIFO topics"})
		s.fails("sns", "Publish", in{"TopicArn": arn, "Message": "m", "MessageGroupId": "g"},
			want{"InvalidParameterException", "InvalidParameter", 400, "The topic should either have ContentBasedDeduplication enabled"})
		s.fails("sns", "Subscribe", in{"TopicArn": s.topic(), "Protocol": "sqs", "Endpoint": s.arnOf(s.fifo())},
			want{"InvalidParameterException", "InvalidParameter", 400, "FIFO SQS Queues can not be subscribed to standard SNS topics"})
	}},
	{name: "FIFO topic: archive and replay", run: func(s *session) {
		arn := s.fifoTopic("ArchivePolicy", `{"MessageRetentionPeriod":"7"}`)
		url := s.fifo()
		sub := s.follow(arn, url)
		s.publishTo(arn, "g", "1", "1")
		s.remove(url, s.receive(url, 1)...)
		since := s.sns("GetTopicAttributes", in{"TopicArn": arn}).Attributes["BeginningArchiveTime"]
		if _, err := time.Parse(time.RFC3339, since); err != nil {
			s.Error(err)
		}
		s.sns("SetSubscriptionAttributes", in{"SubscriptionArn": sub, "AttributeName": "ReplayPolicy",
			"AttributeValue": `{"PointType":"Timestamp","StartingPoint":"` + since + `"}`})
		e := s.open(s.receive(url, 1)[0])
		equal(s, "message", e.Message, "1")
		equal(s, "Replayed", e.MessageAttributes["Replayed"].Value, "true")
		s.fails("sns", "DeleteTopic", in{"TopicArn": arn}, want{"InvalidStateException", "InvalidState", 400, "Cannot delete a topic with an ArchivePolicy"})
		s.sns("SetSubscriptionAttributes", in{"SubscriptionArn": sub, "AttributeName": "ReplayPolicy", "AttributeValue": "{}"})
		s.sns("SetTopicAttributes", in{"TopicArn": arn, "AttributeName": "ArchivePolicy", "AttributeValue": "{}"})
		s.sns("DeleteTopic", in{"TopicArn": arn})
	}},
	{name: "dead letters of a subscription", run: func(s *session) {
		arn := s.topic()
		url, dead := s.queue("q"), s.queue("dead")
		s.follow(arn, url, "RedrivePolicy", `{"deadLetterTargetArn":"`+s.arnOf(dead)+`"}`)
		s.sqs("DeleteQueue", in{"QueueUrl": url})
		s.sns("Publish", in{"TopicArn": arn, "Message": hard})
		m := s.receive(dead, 1)[0]
		equal(s, "message", s.open(m).Message, hard)
		equal(s, "ErrorCode", m.MessageAttributes["ErrorCode"].StringValue, simple+"NonExistentQueue")
		s.queue("q")
		s.sns("Publish", in{"TopicArn": arn, "Message": "again there"})
		equal(s, "message", s.open(s.receive(url, 1)[0]).Message, "again there")
	}},
}
