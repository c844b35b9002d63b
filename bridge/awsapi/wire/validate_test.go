package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/bridge/awsapi/snsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/sqsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/stsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/wire"
)

func TestValidate(t *testing.T) {
	arn := wire.Some("arn:aws:sns:us-east-1:000000000000:t")
	for _, c := range []struct {
		service *wire.Service
		in      wire.Input
		want    string
	}{
		{sqsapi.Service, &sqsapi.SendMessageInput{}, "The request must contain the parameter QueueUrl."},
		{sqsapi.Service, &sqsapi.CreateQueueInput{QueueName: wire.Some("")}, ""},
		{sqsapi.Service, &sqsapi.CreateQueueInput{}, "The request must contain the parameter QueueName."},
		{sqsapi.Service, &sqsapi.SendMessageBatchInput{QueueUrl: wire.Some("q")}, ""},
		{sqsapi.Service, &sqsapi.UntagQueueInput{QueueUrl: wire.Some("q")}, "The request must contain the parameter TagKeys."},
		{snsapi.Service, &snsapi.CreatePlatformApplicationInput{Name: wire.Some("n"), Platform: wire.Some("p")},
			"1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null"},
		{snsapi.Service, &snsapi.TagResourceInput{}, "2 validation errors detected: Value null at 'resourceArn' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'tags' failed to satisfy constraint: Member must not be null"},
		{snsapi.Service, &snsapi.TagResourceInput{ResourceArn: arn, Tags: []snsapi.Tag{{Key: wire.Some(""), Value: wire.Some("v")}}},
			"1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{snsapi.Service, &snsapi.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"ok", strings.Repeat("é", 129)}},
			"1 validation error detected: Value '" + strings.Repeat("é", 129) + "' at 'tagKeys.2.member' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{snsapi.Service, &snsapi.UntagResourceInput{ResourceArn: arn, TagKeys: []string{strings.Repeat("é", 128)}}, ""},
		{snsapi.Service, &snsapi.ListOriginationNumbersInput{MaxResults: wire.Some(int32(31))},
			"1 validation error detected: Value '31' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 30"},
		{stsapi.Service, &stsapi.GetCallerIdentityInput{}, ""},
	} {
		v := wire.NewValidator(c.service)
		c.in.Validate(&v)
		got := ""
		if err := v.Err(); err != nil {
			got = err.Message
		}
		if got != c.want {
			t.Errorf("%T: %s\nwant %s", c.in, got, c.want)
		}
	}
}

// TestValidateBounded: however much is wrong, the answer is short.
func TestValidateBounded(t *testing.T) {
	in := snsapi.TagResourceInput{Tags: make([]snsapi.Tag, 5000)}
	for i := range in.Tags {
		in.Tags[i].Key = wire.Some(strings.Repeat("k", 1000))
	}
	v := wire.NewValidator(snsapi.Service)
	in.Validate(&v)
	if err := v.Err(); len(err.Message) > 8<<10 || !strings.HasPrefix(err.Message, "10001 validation errors") {
		t.Errorf("%d bytes: %.40s", len(err.Message), err.Message)
	}
}

func TestMap(t *testing.T) {
	var m wire.Map[int]
	m.Put("a", 1)
	m.Put("b", 2)
	m.Put("a", 3)
	if fmt.Sprint(m) != "[{a 3} {b 2}]" {
		t.Error(m)
	}
	for _, n := range []int{2, 16, 17, 1000} {
		var many wire.Map[int]
		for i := range n {
			many = append(many, wire.Entry[int]{Key: fmt.Sprint("k", i%3), Value: i})
		}
		many = wire.Unique(many)
		if v, _ := many.Get(fmt.Sprint("k", (n-1)%3)); v != n-1 || len(many) != min(n, 3) {
			t.Errorf("%d: %v", n, many)
		}
	}
}

func TestErrorIs(t *testing.T) {
	err := fmt.Errorf("send: %w", sqsapi.OverLimit.Newf("%d", 1))
	if !errors.Is(err, sqsapi.OverLimit.New("")) || errors.Is(err, sqsapi.QueueNameExists.New("")) || errors.Is(err, errors.New("x")) {
		t.Error("errors.Is does not compare types")
	}
	if sqsapi.NonExistentQueue().QueryText() == sqsapi.NonExistentQueue().Message {
		t.Error("the Query form has its own wording")
	}
}
