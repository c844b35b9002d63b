package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

const topic = "sensors/kitchen/temp"

// everyPair publishes with each MQTT client and receives with each of AWS's.
func everyPair(t *testing.T, b *daemon.Broker, url string, check func(t *testing.T, sent, got string)) {
	for _, p := range publishers() {
		for _, r := range receivers() {
			t.Run(p.name+" to "+r.name, func(t *testing.T) {
				p.need(t)
				r.need(t)
				sent := fmt.Sprintf("21.5 from %s to %s, größer", p.name, r.name)
				p.publish(t, b, topic, sent)
				check(t, sent, r.receive(t.Context(), t, b, url))
			})
		}
	}
}

func same(t *testing.T, sent, got string) {
	t.Helper()
	if got != sent {
		t.Errorf("sent %q, received %q", sent, got)
	}
}

// An SQS queue is subscribed to the SNS topic `sensors`, which is that path and
// everything below.
func TestBySubscription(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	for name, check := range map[string]func(t *testing.T, sent, got string){"raw": same, "wrapped": wrapped} {
		t.Run(name, func(t *testing.T) {
			url := subscribe(t.Context(), t, b, name, map[string]string{"RawMessageDelivery": fmt.Sprint(name == "raw")})
			everyPair(t, b, url, check)
			unsubscribe(t.Context(), t, b, name)
		})
	}
}

func subscribe(ctx context.Context, t *testing.T, b *daemon.Broker, queue string, attributes map[string]string) (url string) {
	t.Helper()
	c := client.SNS(t, b.AWS)
	top, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("sensors")})
	if err != nil {
		t.Fatal(err)
	}
	url = client.CreateQueue(ctx, t, client.SQS(t, b.AWS), queue, nil)
	_, err = c.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: top.TopicArn, Protocol: aws.String("sqs"), Attributes: attributes,
		Endpoint: aws.String("arn:aws:sqs:" + client.Region + ":" + client.Account + ":" + queue),
	})
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// unsubscribe ends the queue's subscription: what is published then does not
// arrive any more.
func unsubscribe(ctx context.Context, t *testing.T, b *daemon.Broker, queue string) {
	t.Helper()
	c := client.SNS(t, b.AWS)
	top := aws.String("arn:aws:sns:" + client.Region + ":" + client.Account + ":sensors")
	again, err := c.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: top, Protocol: aws.String("sqs"), ReturnSubscriptionArn: true,
		Attributes: map[string]string{"RawMessageDelivery": fmt.Sprint(queue == "raw")},
		Endpoint:   aws.String("arn:aws:sqs:" + client.Region + ":" + client.Account + ":" + queue),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: again.SubscriptionArn}); err != nil {
		t.Fatal(err)
	}
}

// wrapped checks SNS's own envelope.
func wrapped(t *testing.T, sent, got string) {
	t.Helper()
	var envelope struct {
		Type, TopicArn, Message, MessageId, Timestamp string
		MessageAttributes                             map[string]struct{ Type, Value string }
	}
	if err := json.Unmarshal([]byte(got), &envelope); err != nil {
		t.Fatalf("%v in %q", err, got)
	}
	if envelope.Type != "Notification" || envelope.TopicArn != "arn:aws:sns:us-east-1:000000000000:sensors" ||
		envelope.Message != sent || envelope.MessageId == "" || envelope.MessageAttributes["topic"].Value != topic {
		t.Errorf("sent %q, received %s", sent, got)
	}
}

// A route does the same without any SNS call.
func TestByRoute(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	if err := os.WriteFile(file, []byte("routes: [{topic: \"sensors/#\", queue: sensor-readings}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := daemon.Start(t, daemon.Options{Config: file})
	everyPair(t, b, "http://"+b.AWS+"/"+client.Account+"/sensor-readings", same)
}
