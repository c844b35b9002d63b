package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Region and Account are what a broker without configuration shows.
const (
	Region  = "us-east-1"
	Account = "000000000000"
)

func anybody() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("any", "any", "")
}

// An httpClient sends each request in one piece. The SDK closes a request's body
// when the answer begins (smithy-go, transport/http/client.go); if net/http, which
// writes a body that it does not know after the headers, has not looked for the
// body's end by then, it takes the SDK's close for a failure and cuts the
// connection, answer and all ("use of closed network connection"). Against a
// server on the same machine that happens about once in a hundred long answers.
type httpClient struct{ http.Client }

// Do implements aws.HTTPClient.
func (c *httpClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return c.Client.Do(r)
}

// transport is closed with the test, so that no connection outlives it.
func transport(t testing.TB) *httpClient {
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	return &httpClient{http.Client{Transport: tr}}
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
