package aws

import (
	"fmt"
	"slices"
	"strings"
)

// pageBehaviours: the client's own paginator gets everything, once.
var pageBehaviours = []behaviour{
	{name: "pages of queues", run: func(s *session) {
		var want []string
		for i := range 5 {
			want = append(want, s.queue(fmt.Sprint("page-", i)))
		}
		every(s, s.pages("sqs", "ListQueues", in{"QueueNamePrefix": s.prefix + "page-", "MaxResults": 2}).QueueUrls, want)
		every(s, s.sqs("ListQueues", in{"QueueNamePrefix": s.prefix + "page-"}).QueueUrls, want)
		every(s, s.sqs("ListQueues", in{"QueueNamePrefix": s.prefix + "none"}).QueueUrls, nil)
	}},
	{name: "pages of dead-letter sources", run: func(s *session) {
		dead := s.queue("dead")
		arn := s.arnOf(dead)
		var want []string
		for i := range 3 {
			want = append(want, s.queue(fmt.Sprint("source-", i), "RedrivePolicy", `{"deadLetterTargetArn":"`+arn+`","maxReceiveCount":2}`))
		}
		every(s, s.pages("sqs", "ListDeadLetterSourceQueues", in{"QueueUrl": dead, "MaxResults": 2}).QueueUrls, want)
	}},
	{name: "pages of topics", run: func(s *session) {
		s.ref.crowded(s)
		var got []string
		for _, t := range s.pages("sns", "ListTopics", in{}).Topics {
			if name := t.TopicArn[strings.LastIndex(t.TopicArn, ":")+1:]; strings.HasPrefix(name, "crowd-") {
				got = append(got, name)
			}
		}
		var want []string
		for i := range crowd {
			want = append(want, fmt.Sprintf("crowd-%03d", i))
		}
		every(s, got, want)
	}},
	{name: "pages of subscriptions", run: func(s *session) {
		topic := s.ref.crowded(s)
		var got, want []string
		for _, sub := range s.pages("sns", "ListSubscriptionsByTopic", in{"TopicArn": topic}).Subscriptions {
			got = append(got, sub.Endpoint[strings.LastIndex(sub.Endpoint, ":")+1:])
		}
		for i := range crowd {
			want = append(want, fmt.Sprintf("crowd-%03d", i))
		}
		every(s, got, want)
	}},
}

// every wants each once, in any order.
func every(s *session, got, want []string) {
	s.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Errorf("listed %d %q, want %d %q", len(got), got, len(want), want)
	}
}
