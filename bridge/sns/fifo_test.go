package sns_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// ordered publishes to a FIFO topic.
func (s *server) ordered(topic *string, body, group, id string) *sdk.PublishOutput {
	s.Helper()
	in := &sdk.PublishInput{TopicArn: topic, Message: &body, MessageGroupId: &group}
	if id != "" {
		in.MessageDeduplicationId = &id
	}
	return must(s.client.Publish(s.Context(), in))(s)
}

// got is what a queue has, each as body#number of the topic.
func (s *server) got(q *core.Queue) (all string) {
	s.Helper()
	for ds := s.take(q); len(ds) > 0; ds = s.take(q) {
		for _, d := range ds {
			sub, _ := awsapi.ParseNote(d.Note)
			all += fmt.Sprintf(" %s#%d", d.Message.Body, sub.Number)
			if sub.Replayed {
				all += "again"
			}
			if sub.Failure.Code != "" {
				all += ":" + sub.Failure.Code
			}
		}
		if !q.Grouped() {
			break
		}
		for _, d := range ds {
			must(q.Settle(s.Context(), core.Ack, d.Receipt))(s)
		}
	}
	return strings.TrimPrefix(all, " ")
}

func (s *server) set(sub *string, name, value string) error {
	_, err := s.client.SetSubscriptionAttributes(s.Context(), &sdk.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: &name, AttributeValue: &value})
	return err
}

func (s *server) setTopic(topic *string, name, value string) error {
	_, err := s.client.SetTopicAttributes(s.Context(), &sdk.SetTopicAttributesInput{TopicArn: topic, AttributeName: &name, AttributeValue: &value})
	return err
}

func (s *server) attributes(topic *string) map[string]string {
	s.Helper()
	return must(s.client.GetTopicAttributes(s.Context(), &sdk.GetTopicAttributesInput{TopicArn: topic}))(s).Attributes
}

func (s *server) attribute(sub *string, name string) string {
	s.Helper()
	return must(s.client.GetSubscriptionAttributes(s.Context(), &sdk.GetSubscriptionAttributesInput{SubscriptionArn: sub}))(s).Attributes[name]
}

// TestFIFO: order, numbers and deduplication at the topic, for FIFO and standard
// queues, through a restart.
func TestFIFO(t *testing.T) {
	store := memstore.New(memstore.Options{})
	s := serveOn(t, store)
	topic := s.fifo("t.fifo", nil)
	fifo, standard := s.queue("q.fifo"), s.queue("q")
	s.subscribe(topic, "q.fifo", nil)
	s.subscribe(topic, "q", nil)
	first := s.ordered(topic, "1", "g", "x")
	again := s.ordered(topic, "2", "other", "x")
	if *again.MessageId != *first.MessageId || *again.SequenceNumber != *first.SequenceNumber || len(*first.SequenceNumber) != 20 {
		t.Errorf("%s %s, then %s %s", *first.MessageId, *first.SequenceNumber, *again.MessageId, *again.SequenceNumber)
	}
	batch := must(s.client.PublishBatch(t.Context(), &sdk.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
		{Id: aws.String("a"), Message: aws.String("3"), MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String("y")},
		{Id: aws.String("b"), Message: aws.String("4"), MessageGroupId: aws.String("g h"), MessageDeduplicationId: aws.String("b")},
		{Id: aws.String("c"), Message: aws.String("5"), MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String("z")},
	}}))(t)
	if len(batch.Successful) != 2 || len(batch.Failed) != 1 || *batch.Successful[0].SequenceNumber <= *first.SequenceNumber ||
		*batch.Successful[1].SequenceNumber <= *batch.Successful[0].SequenceNumber {
		t.Errorf("%+v", batch)
	}
	for name, q := range map[string]*core.Queue{"FIFO": fifo, "standard": standard} {
		if got := s.got(q); got != "1#1 3#2 5#3" {
			t.Errorf("%s: %s", name, got)
		}
	}
	s.ns.Broker().Close()
	s = serveOn(t, store)
	if o := s.ordered(topic, "6", "g", "x"); *o.MessageId != *first.MessageId {
		t.Error("after a restart it is no duplicate")
	}
	fifo, _ = s.ns.Queue("q.fifo")
	s.ordered(topic, "7", "g", "7")
	if got := s.got(fifo); got != "7#4" {
		t.Errorf("after a restart: %s", got)
	}
}

// TestFIFOScopes: by content, and within groups.
func TestFIFOScopes(t *testing.T) {
	s := serve(t)
	content := s.fifo("content.fifo", map[string]string{"ContentBasedDeduplication": "true"})
	groups := s.fifo("groups.fifo", map[string]string{"FifoThroughputScope": "MessageGroup"})
	q := s.queue("q")
	s.subscribe(content, "q", nil)
	s.subscribe(groups, "q", nil)
	s.ordered(content, "same", "g", "")
	s.ordered(content, "same", "h", "")
	s.ordered(content, "same", "h", "an-id-counts-more")
	s.ordered(groups, "a", "a", "x")
	s.ordered(groups, "b", "b", "x")
	s.ordered(groups, "again", "a", "x")
	if got := s.got(q); got != "same#1 same#2 a#1 b#2" {
		t.Error(got)
	}
	must[any](nil, s.setTopic(groups, "FifoThroughputScope", "Topic"))(t)
	must[any](nil, s.setTopic(content, "ContentBasedDeduplication", "false"))(t)
	s.ordered(groups, "c", "c", "y")
	s.ordered(groups, "d", "d", "y")
	if _, err := s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: content, Message: aws.String("x"), MessageGroupId: aws.String("g")}); err == nil {
		t.Error("no id is needed")
	}
	if got := s.got(q); got != "c#3" {
		t.Error(got)
	}
	attrs := s.attributes(groups)
	if attrs["FifoTopic"] != "true" || attrs["ContentBasedDeduplication"] != "false" || attrs["FifoThroughputScope"] != "Topic" {
		t.Errorf("%v", attrs)
	}
	if attrs = s.attributes(s.topic("standard")); attrs["FifoTopic"] != "" || attrs["FifoThroughputScope"] != "" {
		t.Errorf("%v", attrs)
	}
	// What another door publishes there is in the same order, under the same ids.
	_, err := s.ns.Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("mqtt"), Durable: true, DedupID: "y"}, To: core.TopicAddress("groups.fifo")})
	must[any](nil, err)(t)
	_, err = s.ns.Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("mqtt"), Durable: true, DedupID: "new"}, To: core.TopicAddress("groups.fifo/below")})
	must[any](nil, err)(t)
	if got := s.got(q); got != "mqtt#4" {
		t.Error(got)
	}
}

// TestCreateTopicAgain: idempotent by what is given, defaults included.
func TestCreateTopicAgain(t *testing.T) {
	s := serve(t)
	s.fifo("t.fifo", map[string]string{"ArchivePolicy": `{"MessageRetentionPeriod":"3"}`, "KmsMasterKeyId": "alias/aws/sns"})
	for _, same := range []map[string]string{nil, {"ContentBasedDeduplication": "false"}, {"KmsMasterKeyId": "alias/aws/sns"},
		{"ArchivePolicy": `{ "MessageRetentionPeriod" : 3 }`}, {"FifoThroughputScope": "Topic"}} {
		s.fifo("t.fifo", same)
	}
	for name, v := range map[string]string{"ContentBasedDeduplication": "true", "ArchivePolicy": `{"MessageRetentionPeriod":"4"}`, "KmsMasterKeyId": "x"} {
		_, err := s.client.CreateTopic(t.Context(), &sdk.CreateTopicInput{Name: aws.String("t.fifo"), Attributes: map[string]string{"FifoTopic": "true", name: v}})
		if got := code(err); got != "InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestMaximumMessageSize of a topic, for single messages and batches.
func TestMaximumMessageSize(t *testing.T) {
	s := serve(t)
	topic := s.topic("t")
	publish := func(n int) error {
		_, err := s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: topic, Message: aws.String(strings.Repeat("x", n))})
		return err
	}
	must[any](nil, s.setTopic(topic, "MaximumMessageSize", "1024"))(t)
	if publish(1024) != nil || publish(1025) == nil {
		t.Error("1024 is not the limit")
	}
	must[any](nil, s.setTopic(topic, "MaximumMessageSize", "1048576"))(t)
	if publish(1<<20) != nil || publish(1<<20+1) == nil {
		t.Error("1 MiB is not the limit")
	}
}

// TestArchive: what is kept comes again, marked, and then all goes on; also for a
// subscription that begins with it. An archive goes with its policy.
func TestArchive(t *testing.T) {
	s := serve(t)
	topic := s.fifo("t.fifo", map[string]string{"ArchivePolicy": `{"MessageRetentionPeriod":"30"}`})
	q := s.queue("q.fifo")
	sub := s.subscribe(topic, "q.fifo", nil)
	for i := range 3 {
		s.ordered(topic, fmt.Sprint(i), "g", fmt.Sprint(i))
	}
	if got := s.got(q); got != "0#1 1#2 2#3" {
		t.Error(got)
	}
	since := s.attributes(topic)["BeginningArchiveTime"]
	began, err := time.Parse(time.RFC3339, since)
	if err != nil || time.Since(began) > time.Minute || s.attributes(topic)["ArchivePolicy"] != `{"MessageRetentionPeriod":"30"}` {
		t.Errorf("%v", s.attributes(topic))
	}
	from := `{"PointType":"Timestamp","StartingPoint":"` + since + `"}`
	must[any](nil, s.set(sub, "ReplayPolicy", from))(t)
	other := s.queue("other")
	newer := s.subscribe(topic, "other", map[string]string{"ReplayPolicy": from, "FilterPolicyScope": "MessageBody", "FilterPolicy": `{"a":["b"]}`})
	s.ordered(topic, "3", "g", "3")
	s.ordered(topic, `{"a":"b"}`, "g", "4")
	for _, arn := range []*string{sub, newer} {
		for s.attribute(arn, "ReplayStatus") != "Completed" { // each question is a round trip
			if t.Context().Err() != nil {
				t.Fatal("the replay goes on and on")
			}
		}
	}
	if got := s.got(q); got != `0#1again 1#2again 2#3again 3#4 {"a":"b"}#5` {
		t.Error(got)
	}
	if got := s.got(other); got != `{"a":"b"}#5` {
		t.Error(got)
	}
	if got := s.attribute(sub, "ReplayPolicy"); got != from {
		t.Error(got)
	}
	must[any](nil, s.set(sub, "ReplayPolicy", "{}"))(t)
	if s.attribute(sub, "ReplayPolicy") != "" || s.attribute(sub, "ReplayStatus") != "" {
		t.Error("the policy stays")
	}
	if _, err := s.client.DeleteTopic(t.Context(), &sdk.DeleteTopicInput{TopicArn: topic}); !strings.HasPrefix(code(err), "InvalidState:") {
		t.Error(err)
	}
	must[any](nil, s.setTopic(topic, "ArchivePolicy", "{}"))(t)
	if attrs := s.attributes(topic); attrs["ArchivePolicy"] != "" || attrs["BeginningArchiveTime"] != "" {
		t.Errorf("%v", attrs)
	}
	must(s.client.DeleteTopic(t.Context(), &sdk.DeleteTopicInput{TopicArn: topic}))(t)
	if left := s.ns.Queues("sns/", true); len(left) != 0 {
		t.Errorf("left: %v", left[0].Name())
	}
}

// TestRedrivePolicy: what the queue may not have lies in the dead-letter queue,
// with why; the subscription outlives its queue.
func TestRedrivePolicy(t *testing.T) {
	s := serve(t)
	topic := s.topic("t")
	q, dead := s.queue("q"), s.queue("dead")
	redrive := `{"deadLetterTargetArn":"` + *arnOf("dead") + `"}`
	sub := s.subscribe(topic, "q", map[string]string{"RawMessageDelivery": "true", "RedrivePolicy": redrive})
	publish := func(body string, attributes int) {
		t.Helper()
		in := &sdk.PublishInput{TopicArn: topic, Message: &body, MessageAttributes: map[string]types.MessageAttributeValue{}}
		for i := range attributes {
			in.MessageAttributes[fmt.Sprint("a", i)] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("v")}
		}
		must(s.client.Publish(t.Context(), in))(t)
	}
	expect := func(what string, q *core.Queue, want string) {
		t.Helper()
		if got := s.got(q); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	set := func(name, value string) {
		t.Helper()
		must[any](nil, q.Update(func(o *core.QueueOptions) error { o.Attributes = map[string]string{name: value}; return nil }))(t)
	}
	publish("ten", 10)
	publish("eleven", 11)
	expect("ten attributes", q, "ten#0")
	expect("eleven", dead, "eleven#0:InvalidParameterValue")
	set("MaximumMessageSize", "1024")
	publish(strings.Repeat("x", 1024), 0)
	expect("1024 bytes", q, strings.Repeat("x", 1024)+"#0")
	publish(strings.Repeat("x", 1025), 0)
	expect("1025 bytes", dead, strings.Repeat("x", 1025)+"#0:InvalidParameterValue")
	must[any](nil, s.set(sub, "RawMessageDelivery", "false"))(t)
	publish(strings.Repeat("x", 1000), 0)
	expect("in the envelope", dead, strings.Repeat("x", 1000)+"#0:InvalidParameterValue")
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` +
		*arnOf("q") + `","Condition":{"ArnEquals":{"aws:SourceArn":"%s"}}}]}`
	set("Policy", fmt.Sprintf(deny, *topic))
	publish("denied", 0)
	expect("a policy that denies", dead, "denied#0:AccessDenied")
	set("Policy", fmt.Sprintf(deny, *topic+"-other"))
	publish("let in", 0)
	expect("a policy about another topic", q, "let in#0")
	must[any](nil, s.ns.DeleteQueue("q"))(t)
	publish("no queue", 0)
	expect("no queue", dead, "no queue#0:AWS.SimpleQueueService.NonExistentQueue")
	q = s.queue("q")
	publish("the queue is back", 0)
	expect("back", q, "the queue is back#0")
	if got := s.attribute(sub, "RedrivePolicy"); got != redrive {
		t.Error(got)
	}
	must[any](nil, s.set(sub, "RedrivePolicy", ""))(t)
	set("MaximumMessageSize", "1024")
	publish(strings.Repeat("x", 1025), 0)
	expect("no policy", dead, "")
	expect("no policy", q, "")
}

// TestFilterLimit: 200 filter policies for a topic.
func TestFilterLimit(t *testing.T) {
	s := serve(t)
	topic := s.topic("t")
	filter := map[string]string{"FilterPolicy": `{"a":["b"]}`}
	for i := range 200 {
		s.queue(fmt.Sprint("q", i))
		s.subscribe(topic, fmt.Sprint("q", i), filter)
	}
	s.queue("more")
	_, err := s.client.Subscribe(t.Context(), &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: arnOf("more"), Attributes: filter})
	if !strings.HasPrefix(code(err), "FilterPolicyLimitExceeded:") {
		t.Error(err)
	}
	sub := s.subscribe(topic, "more", nil)
	if err := s.set(sub, "FilterPolicy", `{"a":["b"]}`); !strings.HasPrefix(code(err), "FilterPolicyLimitExceeded:") {
		t.Error(err)
	}
	must[any](nil, s.set(s.subscribe(topic, "q0", filter), "FilterPolicy", `{"a":["c"]}`))(t) // one that counts already
}

// TestFirstVersion: a subscription as the first version stored it, which held its
// queue, goes on, and is of today's kind once it is changed.
func TestFirstVersion(t *testing.T) {
	store := memstore.New(memstore.Options{})
	s := serveOn(t, store)
	topic, q := s.topic("t"), s.queue("q")
	arn := *topic + ":00000000-0000-4000-8000-000000000000"
	must(s.ns.Bind(&core.Binding{Key: arn, Dialect: "sns", Filter: match.Below("t"), Queue: q, KeepTransient: true, KeepDurable: true, Durable: true,
		Note: awsapi.Subscription{ARN: arn}.Note(), Copies: "t", Attributes: map[string]string{"topic": "t", "endpoint": *arnOf("q")}}))(t)
	s.ns.Broker().Close()
	s = serveOn(t, store)
	publish := func(body string) {
		t.Helper()
		must(s.client.Publish(t.Context(), &sdk.PublishInput{TopicArn: topic, Message: &body}))(t)
	}
	q, _ = s.ns.Queue("q")
	publish("1")
	if got := s.got(q); got != "1#0" || *s.subscribe(topic, "q", nil) != arn || s.attribute(&arn, "Endpoint") != *arnOf("q") {
		t.Error(got)
	}
	must[any](nil, s.set(&arn, "RawMessageDelivery", "true"))(t)
	must[any](nil, s.ns.DeleteQueue("q"))(t)
	q = s.queue("q")
	publish("2")
	if got := s.got(q); got != "2#0" {
		t.Error(got)
	}
	must(s.client.Unsubscribe(t.Context(), &sdk.UnsubscribeInput{SubscriptionArn: &arn}))(t)
	publish("3")
	if got := s.got(q); got != "" {
		t.Error(got)
	}
}
