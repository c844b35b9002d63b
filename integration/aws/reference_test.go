package aws

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
)

// reference is another client than the one under test: who sends while that one
// waits, and who makes the hundreds of things that pages are of.
type reference struct {
	sqs *sqs.Client
	sns *sns.Client

	once  sync.Once
	topic string // with more subscriptions than a page has; set by once
	err   error  // set by once
}

func newReference(t *testing.T, endpoint string) *reference {
	address := strings.TrimPrefix(endpoint, "http://")
	return &reference{sqs: client.SQS(t, address), sns: client.SNS(t, address)}
}

func (r *reference) send(s *session, url, body string) {
	s.Helper()
	if _, err := r.sqs.SendMessage(s.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
		s.Fatal(err)
	}
}

const crowd = 105 // a page of SNS has 100

// crowded makes more topics than a page has, the last with as many subscriptions.
func (r *reference) crowded(s *session) (topic string) {
	s.Helper()
	r.once.Do(func() { r.topic, r.err = r.makeCrowd(s) })
	if r.err != nil {
		s.Fatal(r.err)
	}
	return r.topic
}

func (r *reference) makeCrowd(s *session) (topic string, err error) {
	for i := range crowd {
		t, err := r.sns.CreateTopic(s.Context(), &sns.CreateTopicInput{Name: sdk.String(fmt.Sprintf("crowd-%03d", i))})
		if err != nil {
			return "", err
		}
		topic = *t.TopicArn
	}
	for i := range crowd {
		q, err := r.sqs.CreateQueue(s.Context(), &sqs.CreateQueueInput{QueueName: sdk.String(fmt.Sprintf("crowd-%03d", i))})
		if err != nil {
			return "", err
		}
		a, err := r.sqs.GetQueueAttributes(s.Context(), &sqs.GetQueueAttributesInput{QueueUrl: q.QueueUrl, AttributeNames: []types.QueueAttributeName{"QueueArn"}})
		if err != nil {
			return "", err
		}
		_, err = r.sns.Subscribe(s.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: sdk.String("sqs"), Endpoint: sdk.String(a.Attributes["QueueArn"])})
		if err != nil {
			return "", err
		}
	}
	return topic, nil
}
