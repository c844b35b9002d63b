package storms

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// A queue that goes away ends its long polls at once and refuses its senders;
// the next of that name is empty and works.
func TestQueueDeletedUnderItsClients(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	c := client.SQS(t, b.AWS)
	for range 3 {
		url := client.CreateQueue(t.Context(), t, c, "doomed", nil)
		var polls, senders sync.WaitGroup
		for range 20 {
			polls.Go(func() {
				for {
					_, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
					var gone *types.QueueDoesNotExist
					if errors.As(err, &gone) {
						return
					}
					if err != nil {
						t.Errorf("receive: %v", err)
						return
					}
				}
			})
		}
		started := make(chan struct{}, 4)
		for range 4 {
			senders.Go(func() {
				for i := 0; ; i++ {
					_, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
					var gone *types.QueueDoesNotExist
					if errors.As(err, &gone) {
						return
					}
					if err != nil {
						t.Errorf("send: %v", err)
						return
					}
					if i == 20 {
						started <- struct{}{}
					}
				}
			})
		}
		for range 4 {
			<-started
		}
		begun := time.Now()
		if _, err := c.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
			t.Fatal(err)
		}
		polls.Wait()
		senders.Wait()
		if d := time.Since(begun); d > 15*time.Second {
			t.Errorf("its clients heard of the end after %v", d)
		}
		url = client.CreateQueue(t.Context(), t, c, "doomed", nil)
		client.ReceiveAll(t.Context(), t, c, url, 0, func(m types.Message) { t.Errorf("the new queue has %q", *m.Body) })
		if _, err := c.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
			t.Fatal(err)
		}
	}
	b.Stop(t)
}
