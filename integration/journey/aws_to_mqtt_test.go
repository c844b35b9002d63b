package journey

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// send publishes by SNS and sends by SQS; MQTT subscribers to news and $queue/jobs get one each.
func send(ctx context.Context, t *testing.T, b *daemon.Broker, mark string) {
	t.Helper()
	notify := client.SNS(t, b.AWS)
	top, err := notify.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("news")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notify.Publish(ctx, &sns.PublishInput{TopicArn: top.TopicArn, Message: aws.String("SNS " + mark)}); err != nil {
		t.Fatal(err)
	}
	queue := client.SQS(t, b.AWS)
	url := client.CreateQueue(ctx, t, queue, "jobs", nil)
	if _, err := queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("SQS " + mark)}); err != nil {
		t.Fatal(err)
	}
}

func TestBackToPaho(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	got := make(chan string, 10)
	take := func(_ mqtt.Client, m mqtt.Message) { got <- m.Topic() + " " + string(m.Payload()) }
	// Not a callback of the subscription: paho files one for $queue/x under x,
	// since another broker means something else by it.
	c := client.MQTT(t, client.MQTTOptions(b.MQTT, "desk").SetDefaultPublishHandler(take))
	client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "jobs", nil)
	client.Done(t, c.Subscribe("news/#", 1, nil))
	client.Done(t, c.Subscribe("$queue/jobs", 1, nil))
	send(t.Context(), t, b, "1")
	seen := map[string]bool{}
	for range 2 {
		select {
		case m := <-got:
			seen[m] = true
		case <-time.After(client.Patience):
			t.Fatalf("received only %v", seen)
		}
	}
	if !seen["news SNS 1"] || !seen["$queue/jobs SQS 1"] {
		t.Errorf("received %v", seen)
	}
}

func TestBackToMosquitto(t *testing.T) {
	daemon.Need(t, "mosquitto_sub")
	b := daemon.Start(t, daemon.Options{})
	session := append(at(t, b), "-i", "desk", "-c", "-q", "1", "-t", "news/#")
	command(t, nil, "mosquitto_sub", append(session, "-E")...)
	send(t.Context(), t, b, "2")
	if out := command(t, nil, "mosquitto_sub", append(session, "-C", "1", "-W", "20", "-v")...); out != "news SNS 2" {
		t.Errorf("from a topic: %q", out)
	}
	for _, version := range []string{"mqttv311", "mqttv5"} {
		out := command(t, nil, "mosquitto_sub", append(at(t, b), "-V", version, "-q", "1", "-t", "$queue/jobs", "-C", "1", "-W", "20")...)
		if !strings.HasPrefix(out, "SQS") {
			t.Errorf("from a queue, %s: %q", version, out)
		}
		send(t.Context(), t, b, "3") // one more for the next
	}
}
