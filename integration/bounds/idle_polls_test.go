package bounds

import (
	"context"
	"net/http/httptrace"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// A thousand idle long polls cost less than 1 % of a core over ten seconds:
// waiting is a wake-up on the queue, never a poll.
func TestIdleLongPolls(t *testing.T) {
	const polls, over = 1000, 10 * time.Second
	b := daemon.Start(t, daemon.Options{})
	c := client.SQS(t, b.AWS)
	url := client.CreateQueue(t.Context(), t, c, "idle", nil)

	var sent, ended sync.WaitGroup
	sent.Add(polls)
	for range polls {
		ended.Go(func() {
			once := sync.OnceFunc(sent.Done)
			ctx := httptrace.WithClientTrace(context.WithoutCancel(t.Context()), &httptrace.ClientTrace{
				WroteRequest: func(httptrace.WroteRequestInfo) { once() },
			})
			got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
			once()
			if err != nil || len(got.Messages) > 0 {
				t.Errorf("a poll ended with %v, %v", got, err)
			}
		})
	}
	sent.Wait()
	// One round trip behind the last request, so that all are being waited for.
	if _, err := c.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url)}); err != nil {
		t.Fatal(err)
	}
	before := cpu(t, b.PID())
	<-time.After(over)
	used := cpu(t, b.PID()) - before
	t.Logf("%d idle long polls used %v of processor time in %v", polls, used, over)
	if used > over/100 {
		t.Errorf("%v in %v is over 1%%", used, over)
	}
	ended.Wait()
}
