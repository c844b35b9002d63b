package crash

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// window is how many publishes of one MQTT client wait for their PUBACK.
const window = 100

// byMQTT publishes until the connection breaks. name makes its bodies its own.
func byMQTT(t testing.TB, b *daemon.Broker, wire, name string, l *ledger) {
	lost := make(chan struct{})
	o := client.MQTTOptions(b.MQTT, name).SetConnectionLostHandler(func(mqtt.Client, error) { close(lost) }).
		SetWriteTimeout(time.Second) // of a publish that meets the end; paho's own is 30 s
	c := mqtt.NewClient(doors.OverMQTT(o, b, wire))
	if token := c.Connect(); !token.WaitTimeout(client.Patience) || token.Error() != nil {
		return // killed before
	}
	defer c.Disconnect(0)
	type sent struct {
		body  string
		token mqtt.Token
	}
	waiting := make(chan sent, window)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for s := range waiting {
			select {
			case <-s.token.Done():
				if s.token.Error() == nil {
					l.note(l.kept, s.body)
				}
			case <-lost: // tokens of a lost connection may never end
			}
		}
	}()
	for n := 0; ; n++ {
		body := fmt.Sprintf("%s-%d", name, n)
		l.note(l.sent, body)
		select {
		case <-lost:
			close(waiting)
			<-finished
			return
		case waiting <- sent{body, c.Publish("ledger/"+name, 1, false, body)}:
		}
	}
}

// bySQS sends until a request fails, in batches or one by one.
func bySQS(ctx context.Context, c *sqs.Client, url, name string, batch bool, l *ledger) error {
	for n := 0; ; n++ {
		if !batch {
			body := fmt.Sprintf("%s-%d", name, n)
			l.note(l.sent, body)
			if _, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
				return err
			}
			l.note(l.kept, body)
			continue
		}
		var entries []types.SendMessageBatchRequestEntry
		for i := range 10 {
			body := fmt.Sprintf("%s-%d.%d", name, n, i)
			l.note(l.sent, body)
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &body})
		}
		out, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			return err
		}
		for _, done := range out.Successful {
			l.note(l.kept, fmt.Sprintf("%s-%d.%s", name, n, *done.Id))
		}
		if len(out.Failed) > 0 {
			return errors.New("a batch was confirmed in part")
		}
	}
}

// eat receives and deletes until a request fails.
func eat(ctx context.Context, c *sqs.Client, url string, l *ledger) error {
	for {
		got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			return err
		}
		if len(got.Messages) == 0 {
			continue
		}
		var entries []types.DeleteMessageBatchRequestEntry
		bodies := map[string]string{}
		for _, m := range got.Messages {
			l.note(l.taken, *m.Body)
			bodies[*m.MessageId] = *m.Body
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle})
		}
		out, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			return err
		}
		for _, done := range out.Successful {
			l.note(l.deleted, bodies[*done.Id])
		}
	}
}
