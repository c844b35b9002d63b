package aws

import "time"

// waitBehaviours wait as short as AWS lets them: a second.
var waitBehaviours = []behaviour{
	{name: "long poll ends with nothing", run: func(s *session) {
		url := s.queue("q")
		begun := time.Now()
		got := s.sqs("ReceiveMessage", in{"QueueUrl": url, "WaitTimeSeconds": 1})
		if d := time.Since(begun); d < 900*time.Millisecond || len(got.Messages) > 0 {
			s.Errorf("%d messages after %v", len(got.Messages), d)
		}
	}},
	{name: "long poll wakes on a send", run: func(s *session) {
		url := s.queue("q")
		begun := time.Now()
		wait := s.start("sqs", "ReceiveMessage", in{"QueueUrl": url, "WaitTimeSeconds": 20})
		s.ref.send(s, url, "wake")
		if got := wait().Messages; len(got) != 1 || got[0].Body != "wake" {
			s.Errorf("received %+v", got)
		}
		if d := time.Since(begun); d > 15*time.Second {
			s.Errorf("after %v", d)
		}
	}},
	{name: "long poll by the queue's own setting", run: func(s *session) {
		url := s.queue("q", "ReceiveMessageWaitTimeSeconds", "20")
		wait := s.start("sqs", "ReceiveMessage", in{"QueueUrl": url})
		s.ref.send(s, url, "wake")
		if got := wait().Messages; len(got) != 1 {
			s.Errorf("received %+v", got)
		}
	}},
	{name: "a delayed message wakes a long poll", run: func(s *session) {
		url := s.queue("q")
		begun := time.Now()
		s.send(url, "late", "DelaySeconds", 1)
		equal(s, "body", s.receive(url, 1)[0].Body, "late")
		if d := time.Since(begun); d < 900*time.Millisecond || d > 8*time.Second {
			s.Errorf("after %v", d)
		}
	}},
	{name: "delay by the queue's own setting", run: func(s *session) {
		url := s.queue("q", "DelaySeconds", "900")
		s.send(url, "late")
		equal(s, "counts", s.count(url), "0 visible, 0 in flight, 1 delayed")
	}},
	{name: "visibility ends: received again", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "b")
		first := s.receive(url, 1, "VisibilityTimeout", 1)[0]
		again := s.receive(url, 1)[0] // its end wakes the poll
		equal(s, "id", again.MessageId, first.MessageId)
		equal(s, "receive count", again.Attributes["ApproximateReceiveCount"], "2")
		equal(s, "first receive", again.Attributes["ApproximateFirstReceiveTimestamp"], first.Attributes["ApproximateFirstReceiveTimestamp"])
		if again.ReceiptHandle == first.ReceiptHandle {
			s.Error("the same receipt handle")
		}
		s.remove(url, again)
		equal(s, "left", s.count(url), "0 visible, 0 in flight, 0 delayed")
	}},
	{name: "visibility made 0: received at once", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "b")
		m := s.receive(url, 1)[0]
		s.receive(url, 0)
		s.changeVisibility(url, m, 0)
		equal(s, "id", s.receive(url, 1)[0].MessageId, m.MessageId)
	}},
	{name: "visibility made longer", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "b")
		m := s.receive(url, 1, "VisibilityTimeout", 2)[0]
		s.changeVisibility(url, m, 60)
		equal(s, "after it would have ended", len(s.sqs("ReceiveMessage", in{"QueueUrl": url, "WaitTimeSeconds": 3}).Messages), 0)
	}},
	{name: "dead letters after maxReceiveCount", run: func(s *session) {
		dead := s.queue("dead")
		url := s.queue("q", "VisibilityTimeout", "0", "RedrivePolicy", `{"deadLetterTargetArn":"`+s.arnOf(dead)+`","maxReceiveCount":2}`)
		attrs := map[string]attribute{"n": {DataType: "Number", StringValue: "1"}}
		sent := s.send(url, hard, "MessageAttributes", attrs)
		s.receive(url, 1)
		s.receive(url, 1)
		s.receive(url, 0)
		got := s.receive(dead, 1)[0]
		equal(s, "id", got.MessageId, sent.MessageId)
		equal(s, "body", got.Body, hard)
		same(s, got.MessageAttributes, attrs)
		equal(s, "source", got.Attributes["DeadLetterQueueSourceArn"], s.arnOf(url))
		sources := s.sqs("ListDeadLetterSourceQueues", in{"QueueUrl": dead})
		equal(s, "sources", len(sources.QueueUrls), 1)
	}},
}
