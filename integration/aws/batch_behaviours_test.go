package aws

import "fmt"

// batchBehaviours: an entry that fails does not fail the others.
var batchBehaviours = []behaviour{
	{name: "send batch, one entry fails", run: func(s *session) {
		url := s.queue("q")
		attrs := map[string]attribute{"n": {DataType: "Number", StringValue: "1"}}
		got := s.sqs("SendMessageBatch", in{"QueueUrl": url, "Entries": []in{
			{"Id": "good", "MessageBody": hard, "MessageAttributes": attrs},
			{"Id": "late", "MessageBody": "b", "DelaySeconds": 901},
			{"Id": "delayed", "MessageBody": "c", "DelaySeconds": 900},
		}})
		s.split(got, []string{"good", "delayed"}, entry{Id: "late", Code: "InvalidParameterValue", SenderFault: true})
		for _, e := range got.Successful {
			if e.Id == "good" {
				equal(s, "MD5", e.MD5OfMessageBody, md5Of(hard))
				equal(s, "MD5 of attributes", e.MD5OfMessageAttributes, md5OfAttributes(attrs))
			}
		}
		equal(s, "body", s.receive(url, 1)[0].Body, hard)
	}},
	{name: "delete batch, one entry fails", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "b")
		m := s.receive(url, 1)[0]
		got := s.sqs("DeleteMessageBatch", in{"QueueUrl": url, "Entries": []in{
			{"Id": "bad", "ReceiptHandle": "no handle"}, {"Id": "good", "ReceiptHandle": m.ReceiptHandle},
		}})
		s.split(got, []string{"good"}, entry{Id: "bad", Code: "ReceiptHandleIsInvalid", SenderFault: true})
		equal(s, "left", s.count(url), "0 visible, 0 in flight, 0 delayed")
	}},
	{name: "change visibility batch, one entry fails", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "b")
		m := s.receive(url, 1)[0]
		got := s.sqs("ChangeMessageVisibilityBatch", in{"QueueUrl": url, "Entries": []in{
			{"Id": "good", "ReceiptHandle": m.ReceiptHandle, "VisibilityTimeout": 0},
			{"Id": "bad", "ReceiptHandle": "no handle", "VisibilityTimeout": 0},
		}})
		s.split(got, []string{"good"}, entry{Id: "bad", Code: "ReceiptHandleIsInvalid", SenderFault: true})
		equal(s, "id", s.receive(url, 1)[0].MessageId, m.MessageId)
	}},
	{name: "batches of ten", run: func(s *session) {
		url := s.queue("q")
		var send, remove []in
		for i := range 10 {
			send = append(send, in{"Id": fmt.Sprint(i), "MessageBody": fmt.Sprint("body ", i)})
		}
		s.split(s.sqs("SendMessageBatch", in{"QueueUrl": url, "Entries": send}), ids(send))
		for len(remove) < 10 {
			got := s.sqs("ReceiveMessage", in{"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 10}).Messages
			if len(got) == 0 {
				s.Fatalf("%d received", len(remove))
			}
			for _, m := range got {
				remove = append(remove, in{"Id": fmt.Sprint(len(remove)), "ReceiptHandle": m.ReceiptHandle})
			}
		}
		s.split(s.sqs("DeleteMessageBatch", in{"QueueUrl": url, "Entries": remove}), ids(remove))
		equal(s, "left", s.count(url), "0 visible, 0 in flight, 0 delayed")
	}},
}

func ids(entries []in) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e["Id"].(string))
	}
	return all
}

// split wants entries to have succeeded, in any order, and others to have failed.
func (s *session) split(got out, good []string, bad ...entry) {
	s.Helper()
	there := map[string]bool{}
	for _, e := range got.Successful {
		there[e.Id] = true
	}
	for _, id := range good {
		if !there[id] {
			s.Errorf("%s did not succeed", id)
		}
	}
	if len(got.Successful) != len(good) || len(got.Failed) != len(bad) {
		s.Fatalf("got %+v and %+v", got.Successful, got.Failed)
	}
	for i, e := range got.Failed {
		if e.Message == "" {
			s.Errorf("%s fails without a word", e.Id)
		}
		e.Message = bad[i].Message
		equal(s, "failed", e, bad[i])
	}
}
