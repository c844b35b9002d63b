package sqs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// A namespace has as many queues as it may.
func TestQuotaOfQueues(t *testing.T) {
	s := serve(t)
	s.create("first", nil)
	if err := s.ns.ChangeQuotas(func(core.Quotas) core.Quotas { return core.Quotas{core.MaxQueues: 1} }); err != nil {
		t.Fatal(err)
	}
	_, err := s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("second")})
	if got := code(err); got != "OverLimit: the namespace's limit max-queues (1) is reached" {
		t.Error(got)
	}
	s.create("first", nil)
}

func TestCreateQueue(t *testing.T) {
	s := serve(t)
	url := s.create("orders", map[string]string{"DelaySeconds": "5", "VisibilityTimeout": "60"})
	if *url != "http://localhost:4566/000000000000/orders" {
		t.Errorf("url %s", *url)
	}
	if again := s.create("orders", map[string]string{"DelaySeconds": "5"}); *again != *url {
		t.Errorf("again %s", *again)
	}
	_, err := s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("orders"), Attributes: map[string]string{"DelaySeconds": "6"}})
	if got := code(err); got != "QueueAlreadyExists: A queue already exists with the same name and a different value for attribute DelaySeconds" {
		t.Error(got)
	}
	must(s.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: url}))(t)
	if _, err := s.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: aws.String("orders")}); code(err) == "" {
		t.Error("it is still there")
	}
	s.create("orders", map[string]string{"DelaySeconds": "6"}) // at once
}

func TestAttributes(t *testing.T) {
	s := serve(t)
	got := s.attributes(s.create("standard", nil))
	delete(got, "CreatedTimestamp")
	delete(got, "LastModifiedTimestamp")
	want := map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
		"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:standard",
		"ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	fifo := s.attributes(s.create("a.fifo", map[string]string{"FifoQueue": "true"}))
	for k, v := range map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"} {
		if fifo[k] != v {
			t.Errorf("%s is %q", k, fifo[k])
		}
	}
	none := must(s.client.GetQueueAttributes(t.Context(), &sdk.GetQueueAttributesInput{QueueUrl: aws.String("standard")}))(t)
	if none.Attributes != nil {
		t.Errorf("asked for nothing, got %v", none.Attributes)
	}
}

// TestAttributeRanges: the ends of every range are taken, one beyond is not.
func TestAttributeRanges(t *testing.T) {
	s := serve(t)
	url := s.create("q", nil)
	set := func(name string, v int) error {
		_, err := s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{name: fmt.Sprint(v)}})
		return err
	}
	for name, r := range map[string][2]int{
		"DelaySeconds": {0, 900}, "MaximumMessageSize": {1024, 1048576}, "MessageRetentionPeriod": {60, 1209600},
		"ReceiveMessageWaitTimeSeconds": {0, 20}, "VisibilityTimeout": {0, 43200}, "KmsDataKeyReusePeriodSeconds": {60, 86400},
	} {
		for _, v := range r {
			if err := set(name, v); err != nil {
				t.Errorf("%s=%d: %v", name, v, err)
			}
			if got := s.attributes(url)[name]; got != fmt.Sprint(v) {
				t.Errorf("%s is %s, set to %d", name, got, v)
			}
		}
		for _, v := range []int{r[0] - 1, r[1] + 1} {
			if got := code(set(name, v)); got != "InvalidAttributeValue: Invalid value for the parameter "+name+"." {
				t.Errorf("%s=%d: %s", name, v, got)
			}
		}
	}
}

// TestRemovePolicy: a policy set to nothing goes away, and takes its effect along.
func TestRemovePolicy(t *testing.T) {
	s := serve(t)
	s.create("dlq", nil)
	url := s.create("q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dlq","maxReceiveCount":3}`})
	q, _ := s.ns.Queue("q")
	if o := q.Options(); o.MaxDeliveries != 3 || o.DeadLetter != core.QueueAddress("dlq") {
		t.Errorf("%+v", o)
	}
	sources := must(s.client.ListDeadLetterSourceQueues(t.Context(), &sdk.ListDeadLetterSourceQueuesInput{QueueUrl: aws.String("dlq")}))(t)
	if !slices.Equal(sources.QueueUrls, []string{*url}) {
		t.Errorf("sources %v", sources.QueueUrls)
	}
	must(s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"RedrivePolicy": ""}}))(t)
	if v, ok := s.attributes(url)["RedrivePolicy"]; ok {
		t.Errorf("still %s", v)
	}
	if o := q.Options(); o.MaxDeliveries != 0 || o.DeadLetter != (core.Address{}) {
		t.Errorf("%+v", o)
	}
}

func TestListQueues(t *testing.T) {
	s := serve(t)
	for i := range 5 {
		s.create(fmt.Sprintf("a%d", i), nil)
	}
	s.create("b", nil)
	must2(s.ns.DeclareQueue("hidden", core.QueueOptions{Hidden: true}))(t)
	must2(s.ns.DeclareQueue("mine", core.QueueOptions{Owner: "connection"}))(t)
	all := must(s.client.ListQueues(t.Context(), &sdk.ListQueuesInput{}))(t)
	if len(all.QueueUrls) != 6 || all.NextToken != nil {
		t.Errorf("%v %v", all.QueueUrls, all.NextToken)
	}
	p := sdk.NewListQueuesPaginator(s.client, &sdk.ListQueuesInput{QueueNamePrefix: aws.String("a"), MaxResults: aws.Int32(2)})
	var names []string
	for p.HasMorePages() {
		page := must(p.NextPage(t.Context()))(t)
		for _, u := range page.QueueUrls {
			names = append(names, u[strings.LastIndexByte(u, '/')+1:])
		}
	}
	if strings.Join(names, " ") != "a0 a1 a2 a3 a4" {
		t.Errorf("pages gave %v", names)
	}
	must(s.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: aws.String("hidden")}))(t) // by name
	_, err := s.client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: aws.String("mine")})
	if !strings.HasPrefix(code(err), "AccessDenied") {
		t.Errorf("an exclusive queue: %s", code(err))
	}
}

func must2[T any](v T, _ bool, err error) func(testing.TB) T { return must(v, err) }

// TestAliases: DESIGN section 2's names that SQS cannot spell.
func TestAliases(t *testing.T) {
	names := awsapi.NewNames()
	names.SetQueue("", "pretty please", "pretty")
	s := serve(t, func(b *awsapi.Backend) { b.Names = names })
	s.create("orders-new", nil)
	real := []string{"orders.new", strings.Repeat("long", 21), "a.b.fifo", "🎉 party", "pretty please"}
	for _, name := range real {
		must2(s.ns.DeclareQueue(name, core.QueueOptions{Durable: true, Grouped: strings.HasSuffix(name, ".fifo")}))(t)
	}
	listed := must(s.client.ListQueues(t.Context(), &sdk.ListQueuesInput{}))(t).QueueUrls
	if len(listed) != len(real)+1 {
		t.Fatalf("%d listed: %v", len(listed), listed)
	}
	for _, name := range real {
		byName := must(s.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: &name}))(t).QueueUrl
		if !slices.Contains(listed, *byName) {
			t.Errorf("%q is %s, which is not listed", name, *byName)
		}
		shown := (*byName)[strings.LastIndexByte(*byName, '/')+1:]
		if !awsapi.IsQueueName(shown) || shown == name {
			t.Errorf("%q shown as %q", name, shown)
		}
		if again := must(s.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: &shown}))(t).QueueUrl; *again != *byName {
			t.Errorf("%q by its alias is %s", name, *again)
		}
		if strings.HasSuffix(name, ".fifo") {
			continue
		}
		tags := must(s.client.ListQueueTags(t.Context(), &sdk.ListQueueTagsInput{QueueUrl: byName}))(t).Tags
		if tags["slipway:name"] != name {
			t.Errorf("tags of %q: %v", name, tags)
		}
		s.send(byName, "hello")
		s.publish(core.QueueAddress(name), core.Message{Body: []byte("from elsewhere"), Durable: true})
		if got := bodies(s.receive(byName)); got != "hello from elsewhere" {
			t.Errorf("%q got %q", name, got)
		}
	}
	if u := must(s.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: aws.String("pretty")}))(t).QueueUrl; !strings.HasSuffix(*u, "/pretty") {
		t.Errorf("configured alias: %s", *u)
	}
	if _, err := s.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: aws.String("orders-new-12345678")}); code(err) == "" {
		t.Error("an alias of nobody was found")
	}
}

// TestForeignQueue: what another door declared is usable, shown, and not changed.
func TestForeignQueue(t *testing.T) {
	s := serve(t)
	o := core.QueueOptions{Dialect: "amqp091", Durable: true, Delay: 7 * time.Second}
	must2(s.ns.DeclareQueue("q", o))(t)
	url := s.create("q", nil)
	a := s.attributes(url)
	if a["DelaySeconds"] != "7" || a["MessageRetentionPeriod"] != "1209600" || a["VisibilityTimeout"] != "30" {
		t.Errorf("%v", a)
	}
	_, err := s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": "1"}})
	if !strings.HasPrefix(code(err), "AWS.SimpleQueueService.UnsupportedOperation") {
		t.Error(code(err))
	}
	_, err = s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"DelaySeconds": "1"}})
	if !strings.HasPrefix(code(err), "QueueAlreadyExists") {
		t.Error(code(err))
	}
	if _, _, err := s.ns.DeclareQueue("q", o); err != nil {
		t.Errorf("its own door declares it again: %v", err)
	}
	must2(s.ns.DeclareQueue("configured", core.QueueOptions{Dialect: "config", Durable: true}))(t)
	configured := aws.String("configured")
	must(s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: configured, Attributes: map[string]string{"VisibilityTimeout": "5"}}))(t)
	if a := s.attributes(configured); a["VisibilityTimeout"] != "5" || a["MessageRetentionPeriod"] != "1209600" {
		t.Errorf("%v", a)
	}
}

// TestCreateConfigured: the configuration (a route) only makes a queue, so the first
// CreateQueue says what it is like, and the next ones must agree.
func TestCreateConfigured(t *testing.T) {
	s := serve(t)
	must2(s.ns.DeclareQueue("readings", core.QueueOptions{Dialect: "config", Durable: true}))(t)
	create := func(attrs map[string]string) string {
		_, err := s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("readings"), Attributes: attrs})
		return code(err)
	}
	for _, c := range []struct {
		attrs map[string]string
		want  string
	}{
		{nil, ""},
		{map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":1}`}, "InvalidParameterValue"},
		{map[string]string{"VisibilityTimeout": "60", "MessageRetentionPeriod": "120"}, ""},
		{map[string]string{"VisibilityTimeout": "60"}, ""},
		{map[string]string{"VisibilityTimeout": "61"}, "QueueAlreadyExists"},
		{map[string]string{"DelaySeconds": "1"}, "QueueAlreadyExists"},
	} {
		if got := create(c.attrs); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%v: %s", c.attrs, got)
		}
	}
	if a := s.attributes(aws.String("readings")); a["VisibilityTimeout"] != "60" || a["MessageRetentionPeriod"] != "120" || a["DelaySeconds"] != "0" {
		t.Errorf("%v", a)
	}
	must2(s.ns.DeclareQueue("r.fifo", core.QueueOptions{Dialect: "config", Durable: true}))(t)
	_, err := s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("r.fifo"), Attributes: map[string]string{"FifoQueue": "true"}})
	if !strings.HasPrefix(code(err), "QueueAlreadyExists") {
		t.Error(code(err))
	}
}

func TestTags(t *testing.T) {
	s := serve(t)
	name := "q"
	url := must(s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: &name, Tags: map[string]string{"a": "1", "b": "2"}}))(t).QueueUrl
	must(s.client.TagQueue(t.Context(), &sdk.TagQueueInput{QueueUrl: url, Tags: map[string]string{"b": "3", "c": ""}}))(t)
	must(s.client.UntagQueue(t.Context(), &sdk.UntagQueueInput{QueueUrl: url, TagKeys: []string{"a", "none"}}))(t)
	tags := must(s.client.ListQueueTags(t.Context(), &sdk.ListQueueTagsInput{QueueUrl: url}))(t).Tags
	if fmt.Sprint(tags) != "map[b:3 c:]" {
		t.Errorf("%v", tags)
	}
	if _, err := s.client.TagQueue(t.Context(), &sdk.TagQueueInput{QueueUrl: url, Tags: map[string]string{"aws:x": ""}}); code(err) == "" {
		t.Error("a reserved tag was taken")
	}
}

func TestPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		url := s.create("q", nil)
		s.send(url, "in flight")
		old := s.receive(url)[0]
		s.send(url, "waiting")
		must(s.client.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: url}))(t)
		a := s.attributes(url)
		if a["ApproximateNumberOfMessages"]+a["ApproximateNumberOfMessagesNotVisible"] != "00" {
			t.Errorf("%v", a)
		}
		s.delete(url, old) // gone: no error
		_, err := s.client.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: url})
		if got := code(err); got != "AWS.SimpleQueueService.PurgeQueueInProgress: Only one PurgeQueue operation on q is allowed every 60 seconds." {
			t.Error(got)
		}
		time.Sleep(61 * time.Second)
		must(s.client.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: url}))(t)
	})
}

// TestPermissions: the principal is asked, for each action what it needs.
func TestPermissions(t *testing.T) {
	access := must(core.NewAccess([]core.AccessUser{
		{Name: "r", AccessKeys: map[string]string{"R": "s"}, Grants: []core.Grant{{Actions: core.Read, Queues: []string{"q"}}}},
		{Name: "w", AccessKeys: map[string]string{"W": "s"}, Grants: []core.Grant{{Actions: core.Write, Queues: []string{"q"}}}},
	}, func(string, []byte) bool { return false }, make([]byte, 16)))(t)
	key := ""
	s := serve(t, func(b *awsapi.Backend) {
		b.Principal = func(awsapi.Principal) *core.Principal {
			_, p, _ := access.ByAccessKey(key)
			return p
		}
	})
	must2(s.ns.DeclareQueue("q", core.QueueOptions{Durable: true}))(t)
	must2(s.ns.DeclareQueue("other", core.QueueOptions{Durable: true}))(t)
	q := aws.String("q")
	calls := map[string]func() error{
		"send": func() error {
			_, err := s.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: q, MessageBody: q})
			return err
		},
		"receive": func() error {
			_, err := s.client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: q})
			return err
		},
		"url": func() error {
			_, err := s.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: q})
			return err
		},
		"purge": func() error {
			_, err := s.client.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: q})
			return err
		},
		"delete": func() error {
			_, err := s.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: q})
			return err
		},
		"create": func() error {
			_, err := s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("new")})
			return err
		},
	}
	for who, may := range map[string]string{"R": "receive url", "W": "send url", "nobody": ""} {
		key = who
		for name, call := range calls {
			err := call()
			if strings.Contains(" "+may+" ", " "+name+" ") {
				if err != nil {
					t.Errorf("%s %s: %v", who, name, err)
				}
			} else if !strings.HasPrefix(code(err), "AccessDenied") {
				t.Errorf("%s %s: %v", who, name, err)
			}
		}
		list := must(s.client.ListQueues(t.Context(), &sdk.ListQueuesInput{}))(t).QueueUrls
		if want := len(may) > 0; want != (len(list) == 1) {
			t.Errorf("%s sees %v", who, list)
		}
	}
}

// A RedriveAllowPolicy says which queues' dead letters may come.
func TestRedriveAllowPolicy(t *testing.T) {
	s := serve(t)
	dead := s.create("dead", nil)
	friend := s.create("friend", nil)
	policy := func(p string) {
		must(s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: dead, Attributes: map[string]string{"RedriveAllowPolicy": p}}))(t)
	}
	redrive := `{"deadLetterTargetArn":"` + s.arn(dead) + `","maxReceiveCount":1}`
	for p, want := range map[string][2]bool{ // the friend, a new queue
		"":                                 {true, true},
		`{"redrivePermission":"allowAll"}`: {true, true},
		`{"redrivePermission":"denyAll"}`:  {},
		`{"redrivePermission":"byQueue","sourceQueueArns":["` + s.arn(friend) + `"]}`: {true, false},
	} {
		policy(p)
		_, err := s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: friend, Attributes: map[string]string{"RedrivePolicy": redrive}})
		out, err2 := s.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String("new"), Attributes: map[string]string{"RedrivePolicy": redrive}})
		if (err == nil) != want[0] || (err2 == nil) != want[1] {
			t.Errorf("%s: %v, %v", p, err, err2)
		}
		if err2 == nil {
			must(s.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: out.QueueUrl}))(t)
		}
		must(s.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: friend, Attributes: map[string]string{"RedrivePolicy": ""}}))(t)
	}
}
