package aws

import (
	"encoding/json"
	"maps"
	"slices"
)

// published publishes bodies with one attribute each, and gives what a raw
// subscriber gets.
func (s *session) published(topic, url string, attributes map[string]attribute) []string {
	s.Helper()
	for _, body := range slices.Sorted(maps.Keys(attributes)) {
		s.sns("Publish", in{"TopicArn": topic, "Message": body, "MessageAttributes": map[string]attribute{"a": attributes[body]}})
	}
	s.sns("Publish", in{"TopicArn": topic, "Message": "last", "MessageAttributes": map[string]attribute{"last": {DataType: "String", StringValue: "yes"}}})
	var got []string
	for !slices.Contains(got, "last") {
		m := s.receive(url, 1, "MaxNumberOfMessages", 1)[0]
		got = append(got, m.Body)
	}
	slices.Sort(got)
	return got
}

func (s *session) statements(attributes map[string]string) (ids []string) {
	s.Helper()
	var p struct{ Statement []struct{ Sid string } }
	if text := attributes["Policy"]; text != "" {
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			s.Fatal(err)
		}
	}
	for _, st := range p.Statement {
		ids = append(ids, st.Sid)
	}
	return ids
}

var policyBehaviours = []behaviour{
	{name: "filter policy, attributes", run: func(s *session) {
		arn := s.topic()
		url, _ := s.subscribe(arn, "q", "RawMessageDelivery", "true", "FilterPolicy",
			`{"$or":[{"a":["exact",{"prefix":"pre-"},{"numeric":[">=",1,"<",2]},{"anything-but":["not","pre-"]}]},{"last":[{"exists":true}]}],"not":[{"exists":false}]}`)
		got := s.published(arn, url, map[string]attribute{
			"exact": {DataType: "String", StringValue: "exact"}, "prefix": {DataType: "String", StringValue: "pre-fix"},
			"number": {DataType: "Number", StringValue: "1.5"}, "list": {DataType: "String.Array", StringValue: `["exact","not"]`},
			"no": {DataType: "String", StringValue: "not"},
		})
		if want := []string{"exact", "last", "list", "number", "prefix"}; !slices.Equal(got, want) {
			s.Errorf("received %q, want %q", got, want)
		}
	}},
	{name: "filter policy, body", run: func(s *session) {
		arn := s.topic()
		url, sub := s.subscribe(arn, "q", "RawMessageDelivery", "true", "FilterPolicyScope", "MessageBody", "FilterPolicy", `{"order":{"total":[{"numeric":[">",100]}]}}`)
		for _, body := range []string{`{"order":{"total":50}}`, "no JSON", `{"order":{"total":500}}`} {
			s.sns("Publish", in{"TopicArn": arn, "Message": body})
		}
		equal(s, "body", s.receive(url, 1)[0].Body, `{"order":{"total":500}}`)
		s.sns("SetSubscriptionAttributes", in{"SubscriptionArn": sub, "AttributeName": "FilterPolicy", "AttributeValue": "{}"})
		s.sns("Publish", in{"TopicArn": arn, "Message": "anything"})
		equal(s, "body", s.receive(url, 1)[0].Body, "anything")
	}},
	{name: "permissions of a topic", run: func(s *session) {
		arn := s.topic()
		s.sns("AddPermission", in{"TopicArn": arn, "Label": "mine", "AWSAccountId": []string{"111122223333"}, "ActionName": []string{"Publish", "Subscribe"}})
		if ids := s.statements(s.sns("GetTopicAttributes", in{"TopicArn": arn}).Attributes); !slices.Contains(ids, "mine") {
			s.Errorf("statements %q", ids)
		}
		s.sns("RemovePermission", in{"TopicArn": arn, "Label": "mine"})
		if ids := s.statements(s.sns("GetTopicAttributes", in{"TopicArn": arn}).Attributes); slices.Contains(ids, "mine") {
			s.Errorf("statements %q", ids)
		}
	}},
	{name: "permissions of a queue", run: func(s *session) {
		url := s.queue("q")
		s.sqs("AddPermission", in{"QueueUrl": url, "Label": "mine", "AWSAccountIds": []string{"111122223333"}, "Actions": []string{"SendMessage"}})
		policy := func() map[string]string {
			return s.sqs("GetQueueAttributes", in{"QueueUrl": url, "AttributeNames": []string{"Policy"}}).Attributes
		}
		if ids := s.statements(policy()); !slices.Contains(ids, "mine") {
			s.Errorf("statements %q", ids)
		}
		s.sqs("RemovePermission", in{"QueueUrl": url, "Label": "mine"})
		if ids := s.statements(policy()); slices.Contains(ids, "mine") {
			s.Errorf("statements %q", ids)
		}
	}},
	{name: "a queue that denies its topic", run: func(s *session) {
		arn := s.topic()
		url, _ := s.subscribe(arn, "q", "RawMessageDelivery", "true")
		queue := s.arnOf(url)
		s.sqs("SetQueueAttributes", in{"QueueUrl": url, "Attributes": in{"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny",` +
			`"Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queue + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + arn + `"}}}]}`}})
		s.sns("Publish", in{"TopicArn": arn, "Message": "denied"})
		s.receive(url, 0)
		s.sqs("SetQueueAttributes", in{"QueueUrl": url, "Attributes": in{"Policy": ""}})
		s.sns("Publish", in{"TopicArn": arn, "Message": "let in"})
		equal(s, "body", s.receive(url, 1)[0].Body, "let in")
	}},
}
