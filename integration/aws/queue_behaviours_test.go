package aws

import (
	"encoding/json"
	"maps"
	"strings"
)

const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}`

var queueBehaviours = []behaviour{
	{name: "create, find, delete a queue", run: func(s *session) {
		url := s.queue("q", "VisibilityTimeout", "31")
		equal(s, "created again", s.queue("q", "VisibilityTimeout", "31"), url)
		found := s.sqs("GetQueueUrl", in{"QueueName": s.prefix + "q"}).QueueUrl
		equal(s, "found", found, url)
		if !strings.HasPrefix(url, s.endpoint+"/") {
			s.Errorf("%s is not where the client asked, %s", url, s.endpoint)
		}
		s.sqs("DeleteQueue", in{"QueueUrl": url})
		s.fails("sqs", "GetQueueUrl", in{"QueueName": s.prefix + "q"},
			want{"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400, "The specified queue does not exist"})
	}},
	{name: "queue attributes", run: func(s *session) {
		url := s.queue("q", "DelaySeconds", "7")
		s.sqs("SetQueueAttributes", in{"QueueUrl": url, "Attributes": in{"VisibilityTimeout": "43200", "Policy": policy}})
		all := s.sqs("GetQueueAttributes", in{"QueueUrl": url, "AttributeNames": []string{"All"}}).Attributes
		for name, v := range map[string]string{
			"DelaySeconds": "7", "VisibilityTimeout": "43200", "MessageRetentionPeriod": "345600", "MaximumMessageSize": "1048576",
			"ReceiveMessageWaitTimeSeconds": "0", "Policy": policy, "ApproximateNumberOfMessages": "0", "SqsManagedSseEnabled": "true",
		} {
			equal(s, name, all[name], v)
		}
		if _, there := all["FifoQueue"]; there || !strings.HasPrefix(all["QueueArn"], "arn:aws:sqs:us-east-1:") {
			s.Errorf("%v", all)
		}
		some := s.sqs("GetQueueAttributes", in{"QueueUrl": url, "AttributeNames": []string{"DelaySeconds", "QueueArn"}}).Attributes
		if !maps.Equal(some, map[string]string{"DelaySeconds": "7", "QueueArn": all["QueueArn"]}) {
			s.Errorf("%v", some)
		}
		equal(s, "none asked for", len(s.sqs("GetQueueAttributes", in{"QueueUrl": url}).Attributes), 0)
		s.sqs("SetQueueAttributes", in{"QueueUrl": url, "Attributes": in{"Policy": ""}})
		equal(s, "policy", s.sqs("GetQueueAttributes", in{"QueueUrl": url, "AttributeNames": []string{"All"}}).Attributes["Policy"], "")
	}},
	{name: "FIFO queue attributes", run: func(s *session) {
		url := s.fifo("ContentBasedDeduplication", "true")
		all := s.sqs("GetQueueAttributes", in{"QueueUrl": url, "AttributeNames": []string{"All"}}).Attributes
		for name, v := range map[string]string{
			"FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue",
		} {
			equal(s, name, all[name], v)
		}
	}},
	{name: "queue tags", run: func(s *session) {
		url := s.sqs("CreateQueue", in{"QueueName": s.prefix + "q", "tags": in{"made": "now"}}).QueueUrl
		s.sqs("TagQueue", in{"QueueUrl": url, "Tags": in{"a": "1", "b": hard}})
		s.tagged(url, map[string]string{"made": "now", "a": "1", "b": hard})
		s.sqs("UntagQueue", in{"QueueUrl": url, "TagKeys": []string{"a", "made", "none"}})
		s.tagged(url, map[string]string{"b": hard})
	}},
	{name: "purge a queue", run: func(s *session) {
		url := s.queue("q")
		s.send(url, "in flight")
		s.receive(url, 1)
		s.send(url, "visible")
		s.sqs("PurgeQueue", in{"QueueUrl": url})
		equal(s, "left", s.count(url), "0 visible, 0 in flight, 0 delayed")
		s.fails("sqs", "PurgeQueue", in{"QueueUrl": url},
			want{"PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403, "Only one PurgeQueue operation"})
	}},
	{name: "redrive-allow policy", run: func(s *session) {
		dead := s.queue("dead", "RedriveAllowPolicy", `{"redrivePermission":"denyAll"}`)
		s.fails("sqs", "CreateQueue", in{"QueueName": s.prefix + "q", "Attributes": in{
			"RedrivePolicy": `{"deadLetterTargetArn":"` + s.arnOf(dead) + `","maxReceiveCount":2}`,
		}}, want{"", "InvalidParameterValue", 400, ""})
	}},
}

// tagged wants a queue to have just these tags.
func (s *session) tagged(url string, want map[string]string) {
	s.Helper()
	got := map[string]string{}
	if text := s.sqs("ListQueueTags", in{"QueueUrl": url}).Tags; len(text) > 0 {
		if err := json.Unmarshal(text, &got); err != nil {
			s.Fatal(err)
		}
	}
	if !maps.Equal(got, want) {
		s.Errorf("tags %v, want %v", got, want)
	}
}
