package sns_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/sns"
	"github.com/slipwaymq/slipway/core"
)

func rows(t *testing.T, file string) (all [][]string) {
	t.Helper()
	for line := range strings.Lines(string(must(os.ReadFile(file))(t))) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
	}
	return all
}

func (s *server) setAttribute(sub *string, name, value string) error {
	_, err := s.client.SetSubscriptionAttributes(s.Context(), &sdk.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: &name, AttributeValue: &value})
	return err
}

func (s *server) subscriptionAttributes(sub *string) map[string]string {
	s.Helper()
	return must(s.client.GetSubscriptionAttributes(s.Context(), &sdk.GetSubscriptionAttributesInput{SubscriptionArn: sub}))(s).Attributes
}

// TestFilters: what a policy decides, on messages of SNS and of another door.
func TestFilters(t *testing.T) {
	s := serve(t)
	q := s.queue("q")
	for _, f := range rows(t, "testdata/filters.tsv") {
		door, path, body, want := f[0], f[1], f[3], f[6] == "true"
		sub := s.subscribe(s.topic("sensors"), "q", map[string]string{"FilterPolicy": f[5], "FilterPolicyScope": f[4]})
		if raw, err := strconv.Unquote(`"` + body + `"`); err == nil {
			body = raw
		}
		s.publishBy(door, path, f[2], body)
		if got := len(s.take(q)) == 1; got != want {
			t.Errorf("%q: %v", f, got)
		}
		must(s.client.Unsubscribe(t.Context(), &sdk.UnsubscribeInput{SubscriptionArn: sub}))(t)
	}
}

func (s *server) publishBy(door, path, attr, body string) {
	s.Helper()
	name, value, _ := strings.Cut(attr, "=")
	_, err := strconv.ParseFloat(value, 64)
	if door == "sns" {
		in := &sdk.PublishInput{TopicArn: aws.String("arn:aws:sns:us-east-1:000000000000:" + path), Message: &body}
		kind := "String"
		if err == nil {
			kind = "Number"
		}
		if attr != "" {
			in.MessageAttributes = map[string]types.MessageAttributeValue{name: {DataType: &kind, StringValue: &value}}
		}
		must(s.client.Publish(s.Context(), in))(s)
		return
	}
	m := &core.Message{Body: []byte(body), Durable: true}
	if attr != "" {
		m.Headers = []core.Header{{Name: name, Value: core.StringValue(value)}}
	}
	must(s.ns.Publish(s.Context(), &core.Publication{Message: m, To: core.TopicAddress(path)}))(s)
}

// TestFilterErrors: every recorded complaint, by both actions.
func TestFilterErrors(t *testing.T) {
	s := serve(t)
	topic := s.topic("topic")
	s.queue("q")
	sub := s.subscribe(topic, "q", nil)
	scope := "MessageAttributes"
	n := 0
	for _, f := range rows(t, "filter/testdata/errors.tsv") {
		n++
		want := strings.ReplaceAll(f[2], `\n`, "\n")
		_, err := s.client.Subscribe(t.Context(), &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: arnOf("q"),
			Attributes: map[string]string{"FilterPolicy": f[1], "FilterPolicyScope": f[0]}})
		if got := code(err); got != "InvalidParameter: Invalid parameter: Attributes Reason: "+want {
			t.Errorf("%s:\n%s\nnot\n%s", f[1], got, want)
		}
		if f[0] != scope {
			err := s.setAttribute(sub, "FilterPolicyScope", f[0])
			if err != nil && code(err) != "InvalidParameter: Invalid parameter: "+want {
				t.Errorf("scope %s: %v", f[0], err)
			}
			if err != nil {
				continue
			}
			scope = f[0]
		}
		if got := code(s.setAttribute(sub, "FilterPolicy", f[1])); got != "InvalidParameter: Invalid parameter: "+want {
			t.Errorf("%s:\n%s\nnot\n%s", f[1], got, want)
		}
	}
	if n < 30 {
		t.Errorf("only %d rows", n)
	}
}

// TestFilterAttributes: what is shown, changed, removed and found again.
func TestFilterAttributes(t *testing.T) {
	s := serve(t)
	topic, q := s.topic("sensors"), s.queue("q")
	const policy = `{"store": ["oslo"]}`
	sub := s.subscribe(topic, "q", map[string]string{"FilterPolicy": policy, "RawMessageDelivery": "true"})
	if again := s.subscribe(topic, "q", map[string]string{"FilterPolicy": `{"store":["oslo"]}`}); *again != *sub {
		t.Errorf("the same policy is another subscription: %s", *again)
	}
	if got := s.subscriptionAttributes(sub); got["FilterPolicy"] != policy || got["FilterPolicyScope"] != "MessageAttributes" || got["RawMessageDelivery"] != "true" {
		t.Errorf("%v", got)
	}
	again := serveOn(t, s.store.Clone()) // as after a restart
	if got := again.subscriptionAttributes(sub); got["FilterPolicy"] != policy || got["RawMessageDelivery"] != "true" {
		t.Errorf("after a restart: %v", got)
	}
	found, _ := again.ns.Queue("q")
	again.publishBy("sns", "sensors", "store=rome", "x")
	again.publishBy("sns", "sensors", "store=oslo", "y")
	if ds := again.take(found); len(ds) != 1 || string(ds[0].Message.Body) != "y" {
		t.Errorf("after a restart the policy let through %v", ds)
	}
	for _, change := range [][2]string{{"FilterPolicyScope", "MessageBody"}, {"RawMessageDelivery", "false"}} {
		if err := s.setAttribute(sub, change[0], change[1]); err != nil {
			t.Error(err)
		}
	}
	s.publishBy("sns", "sensors", "store=oslo", "x")
	s.publishBy("sns", "sensors", "", `{"store":"oslo"}`)
	if ds := s.take(q); len(ds) != 1 || string(ds[0].Message.Body) != `{"store":"oslo"}` {
		t.Errorf("by body: %v", ds)
	}
	if err := s.setAttribute(sub, "FilterPolicy", `{"store":{"city":["oslo"]}}`); err != nil {
		t.Error(err)
	}
	if err := s.setAttribute(sub, "FilterPolicyScope", "MessageAttributes"); code(err) != "InvalidParameter: Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy" {
		t.Error(err)
	}
	if err := s.setAttribute(sub, "FilterPolicy", "{}"); err != nil {
		t.Error(err)
	}
	if got := s.subscriptionAttributes(sub); got["FilterPolicy"] != "" {
		t.Errorf("removed: %v", got)
	}
	s.publishBy("sns", "sensors", "store=rome", "x")
	if ds := s.take(q); len(ds) != 1 {
		t.Errorf("without a policy: %v", ds)
	}
}

// A stored rule that cannot be read is an error, never a filter that passes all.
func TestBadRule(t *testing.T) {
	for _, stored := range []string{"", "{}", `{"scope":"MessageBody","policy":"["}`, `{"scope":"Everything","policy":"{}"}`} {
		if p, err := sns.Dialect().Compile([]byte(stored)); err == nil || p != nil {
			t.Errorf("%q compiles", stored)
		}
	}
	q, _, err := serve(t).ns.DeclareQueue("q", core.QueueOptions{Durable: true})
	if _, err2 := serve(t).ns.Bind(&core.Binding{Key: "k", Dialect: fields.SNS, Queue: q, Rule: []byte("x")}); err != nil || core.KindOf(err2) != core.Invalid {
		t.Error(errors.Join(err, err2))
	}
}
