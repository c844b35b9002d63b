package doors

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

type sqsClient struct {
	c   *sqs.Client
	url string
}

func openSQS(t testing.TB, b *daemon.Broker, queue string) *sqsClient {
	return &sqsClient{client.SQS(t, b.AWS), "http://" + b.AWS + "/" + client.Account + "/" + queue}
}

func (s *sqsClient) Put(body string, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	_, err := s.c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: &body})
	return err
}

func (s *sqsClient) Take(d time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d+client.Patience)
	defer cancel()
	got, err := s.c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &s.url, WaitTimeSeconds: int32(min(d, 20*time.Second) / time.Second)})
	if err != nil {
		return "", err
	}
	if len(got.Messages) == 0 {
		return "", ErrNone
	}
	m := got.Messages[0]
	_, err = s.c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &s.url, ReceiptHandle: m.ReceiptHandle})
	return *m.Body, err
}

func (s *sqsClient) Close() {}

// snsClient publishes to a topic of the queue's name.
type snsClient struct {
	*sqsClient
	c   *sns.Client
	arn *string
}

func openSNS(t testing.TB, b *daemon.Broker, queue string) (Client, error) {
	s := &snsClient{sqsClient: openSQS(t, b, queue), c: client.SNS(t, b.AWS)}
	ctx, cancel := context.WithTimeout(context.Background(), client.Patience)
	defer cancel()
	topic, err := s.c.CreateTopic(ctx, &sns.CreateTopicInput{Name: &queue})
	if err != nil {
		return nil, err
	}
	s.arn = topic.TopicArn
	_, err = s.c.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: s.arn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:" + client.Region + ":" + client.Account + ":" + queue),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	return s, err
}

func (s *snsClient) Put(body string, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	out, err := s.c.Publish(ctx, &sns.PublishInput{TopicArn: s.arn, Message: &body})
	if err == nil && aws.ToString(out.MessageId) == "" {
		err = errors.New("an answer without a message id")
	}
	return err
}
