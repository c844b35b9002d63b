package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// snsTopic makes the topic whose messages a route puts into by-sns.
func snsTopic(t *testing.T, in *instance, tr *http.Transport) (c *sns.Client, arn string) {
	t.Helper()
	c = sns.New(sns.Options{
		BaseEndpoint: aws.String("http://" + address(t, in.doors.opened, "aws")), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
		HTTPClient:  &http.Client{Transport: tr}, RetryMaxAttempts: 1,
	})
	topic, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("by-sns")})
	if err != nil {
		t.Fatal(err)
	}
	return c, *topic.TopicArn
}

// notify publishes, in batches or one by one, until ctx ends.
func notify(ctx context.Context, c *sns.Client, arn, id string, batch bool, l *tally) {
	for n := 0; ctx.Err() == nil; n++ {
		if !batch {
			body := fmt.Sprintf("%s-%d", id, n)
			l.try(body)
			if _, err := c.Publish(ctx, &sns.PublishInput{TopicArn: &arn, Message: &body}); err == nil {
				l.confirm(body)
			}
			continue
		}
		var entries []types.PublishBatchRequestEntry
		for i := range 10 {
			body := fmt.Sprintf("%s-%d.%d", id, n, i)
			l.try(body)
			entries = append(entries, types.PublishBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), Message: &body})
		}
		out, err := c.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &arn, PublishBatchRequestEntries: entries})
		if err != nil {
			continue
		}
		for _, done := range out.Successful {
			l.confirm(fmt.Sprintf("%s-%d.%s", id, n, *done.Id))
		}
	}
}
