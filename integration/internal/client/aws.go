package client

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/whole"
)

// Region and Account are what a broker without configuration shows.
const (
	Region  = "us-east-1"
	Account = "000000000000"
)

func anybody() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("any", "any", "")
}

// transport is closed with the test, so that no connection outlives it.
func transport(t testing.TB) *whole.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	return &whole.Client{Client: http.Client{Transport: tr}}
}

// SQS is a client of the broker at address. It does not retry: a test that
// counts must know of every try.
func SQS(t testing.TB, address string) *sqs.Client {
	return sqs.New(sqs.Options{
		BaseEndpoint: aws.String("http://" + address), Region: Region, Credentials: anybody(),
		HTTPClient: transport(t), RetryMaxAttempts: 1,
	})
}

// SNS is SQS's sibling.
func SNS(t testing.TB, address string) *sns.Client {
	return sns.New(sns.Options{
		BaseEndpoint: aws.String("http://" + address), Region: Region, Credentials: anybody(),
		HTTPClient: transport(t), RetryMaxAttempts: 1,
	})
}

// CreateQueue returns the new queue's URL.
func CreateQueue(ctx context.Context, t testing.TB, c *sqs.Client, name string, attributes map[string]string) string {
	t.Helper()
	q, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *q.QueueUrl
}

// ReceiveAll receives and deletes until there is nothing for wait seconds, and
// calls f with each message.
func ReceiveAll(ctx context.Context, t testing.TB, c *sqs.Client, url string, wait int32, f func(types.Message)) {
	t.Helper()
	for {
		got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return
		}
		var done []types.DeleteMessageBatchRequestEntry
		for _, m := range got.Messages {
			f(m)
			done = append(done, types.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle})
		}
		d, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: done})
		if err != nil || len(d.Failed) > 0 {
			t.Fatalf("deleting: %v, %v", err, d)
		}
	}
}
