package aws

import (
	"fmt"
	"slices"
)

// fifo makes a FIFO queue.
func (s *session) fifo(attributes ...string) string {
	s.Helper()
	return s.queue("q.fifo", append(attributes, "FifoQueue", "true")...)
}

func (s *session) sendTo(url, group, id, body string) out {
	s.Helper()
	return s.send(url, body, "MessageGroupId", group, "MessageDeduplicationId", id)
}

func bodies(messages []message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return all
}

func ordered(s *session, got []message, want ...string) {
	s.Helper()
	if !slices.Equal(bodies(got), want) {
		s.Errorf("received %q, want %q", bodies(got), want)
	}
}

var fifoBehaviours = []behaviour{
	{name: "FIFO: order of a group", run: func(s *session) {
		url := s.fifo()
		last := ""
		for i := range 5 {
			id := fmt.Sprint(i)
			number := s.sendTo(url, "g", id, id).SequenceNumber
			if len(number) != 20 || number <= last {
				s.Errorf("sequence number %q after %q", number, last)
			}
			last = number
		}
		got := s.receive(url, 5)
		ordered(s, got, "0", "1", "2", "3", "4")
		equal(s, "sequence number", got[4].Attributes["SequenceNumber"], last)
		equal(s, "group", got[4].Attributes["MessageGroupId"], "g")
		equal(s, "deduplication id", got[4].Attributes["MessageDeduplicationId"], "4")
	}},
	{name: "FIFO: a group is locked until all is settled", run: func(s *session) {
		url := s.fifo()
		s.sendTo(url, "g", "1", "1")
		s.sendTo(url, "g", "2", "2")
		s.sendTo(url, "g", "3", "3")
		two := s.receive(url, 2, "MaxNumberOfMessages", 2)
		ordered(s, two, "1", "2")
		s.sendTo(url, "other", "4", "4")
		ordered(s, s.receive(url, 1), "4")
		s.remove(url, two[0])
		s.receive(url, 0)
		s.remove(url, two[1])
		ordered(s, s.receive(url, 1), "3")
	}},
	{name: "FIFO: given back in the old order", run: func(s *session) {
		url := s.fifo()
		s.sendTo(url, "g", "1", "1")
		s.sendTo(url, "g", "2", "2")
		m := s.receive(url, 1, "MaxNumberOfMessages", 1)[0]
		s.changeVisibility(url, m, 0)
		ordered(s, s.receive(url, 2), "1", "2")
	}},
	{name: "FIFO: the same deduplication id", run: func(s *session) {
		url := s.fifo()
		first, again := s.sendTo(url, "g", "same", "1"), s.sendTo(url, "g", "same", "2")
		equal(s, "id", again.MessageId, first.MessageId)
		equal(s, "sequence number", again.SequenceNumber, first.SequenceNumber)
		got := s.receive(url, 1)
		ordered(s, got, "1")
		s.remove(url, got...)
		s.sendTo(url, "g", "same", "3") // deleted, and remembered all the same
		s.receive(url, 0)
	}},
	{name: "FIFO: deduplication by content", run: func(s *session) {
		url := s.fifo("ContentBasedDeduplication", "true")
		first, again := s.send(url, hard, "MessageGroupId", "g"), s.send(url, hard, "MessageGroupId", "other")
		equal(s, "id", again.MessageId, first.MessageId)
		s.send(url, "another", "MessageGroupId", "g")
		ordered(s, s.receive(url, 2), hard, "another")
	}},
	{name: "FIFO: deduplication within groups", run: func(s *session) {
		url := s.fifo("DeduplicationScope", "messageGroup", "FifoThroughputLimit", "perMessageGroupId")
		s.sendTo(url, "a", "same", "1")
		s.sendTo(url, "b", "same", "2")
		s.sendTo(url, "a", "same", "3")
		equal(s, "count", s.count(url), "2 visible, 0 in flight, 0 delayed")
	}},
	{name: "FIFO: the same receive attempt", run: func(s *session) {
		url := s.fifo()
		s.sendTo(url, "g", "1", "1")
		s.sendTo(url, "g", "2", "2")
		first := s.receive(url, 1, "MaxNumberOfMessages", 1, "ReceiveRequestAttemptId", "attempt")
		again := s.receive(url, 1, "MaxNumberOfMessages", 1, "ReceiveRequestAttemptId", "attempt")
		equal(s, "body", again[0].Body, first[0].Body)
		equal(s, "handle", again[0].ReceiptHandle, first[0].ReceiptHandle)
	}},
	{name: "FIFO: batch, one entry fails", run: func(s *session) {
		url := s.fifo()
		got := s.sqs("SendMessageBatch", in{"QueueUrl": url, "Entries": []in{
			{"Id": "1", "MessageBody": "1", "MessageGroupId": "g", "MessageDeduplicationId": "1"},
			{"Id": "2", "MessageBody": "2", "MessageGroupId": "g", "MessageDeduplicationId": "no spaces"},
			{"Id": "3", "MessageBody": "3", "MessageGroupId": "g", "MessageDeduplicationId": "3"},
		}})
		s.split(got, []string{"1", "3"}, entry{Id: "2", Code: "InvalidParameterValue", SenderFault: true})
		ordered(s, s.receive(url, 2), "1", "3")
	}},
	{name: "FIFO: dead letters", run: func(s *session) {
		dead := s.queue("dead.fifo", "FifoQueue", "true")
		url := s.fifo("RedrivePolicy", `{"deadLetterTargetArn":"`+s.arnOf(dead)+`","maxReceiveCount":"1"}`)
		s.sendTo(url, "g", "1", "1")
		s.sendTo(url, "g", "2", "2")
		m := s.receive(url, 1, "MaxNumberOfMessages", 1)[0]
		s.changeVisibility(url, m, 0)
		ordered(s, s.receive(url, 1), "2")
		got := s.receive(dead, 1)
		ordered(s, got, "1")
		equal(s, "group", got[0].Attributes["MessageGroupId"], "g")
	}},
}
