package aws

import (
	"encoding/base64"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// done is what a consumer says of each message it handles.
type done struct {
	Words   string
	Retries int
}

// hello wants a consumer to handle one message, another at its second try, and
// to leave the queue empty.
func hello(t *testing.T, c driver.Command, b *daemon.Broker, queue string, send func(words ...string)) {
	t.Helper()
	p := driver.Start(t, c)
	send(hard, "again")
	want := map[done]bool{{hard, 0}: true, {"again", 0}: true, {"again", 1}: true}
	for len(want) > 0 {
		text, more := <-p.Lines()
		if !more {
			t.Fatalf("the consumer ended before %v", want)
		}
		var d done
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		if !want[d] {
			t.Errorf("handled %+v, which is left of %v", d, want)
		}
		delete(want, d)
	}
	queues := client.SQS(t, b.AWS)
	url := "http://" + b.AWS + "/" + client.Account + "/" + queue
	daemon.Eventually(t, client.Patience, "empty queue", func() bool {
		all, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
		if err != nil {
			t.Fatal(err)
		}
		a := all.Attributes
		return a["ApproximateNumberOfMessages"]+a["ApproximateNumberOfMessagesNotVisible"]+a["ApproximateNumberOfMessagesDelayed"] == "000"
	})
}

func TestCelery(t *testing.T) {
	installed(t)
	daemon.NeedPython(t, "celery")
	daemon.NeedPython(t, "pycurl")
	b := daemon.Start(t, daemon.Options{})
	env := append(environment("http://"+b.AWS), "QUEUE=celery-hello")
	hello(t, driver.Command{Args: []string{"python3", "clients/celery/worker.py"}, Env: env}, b, "celery-hello", func(words ...string) {
		cmd := exec.Command("python3", append([]string{"clients/celery/worker.py"}, words...)...)
		cmd.Env = append(cmd.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

func TestSQSConsumer(t *testing.T) {
	daemon.Need(t, "node")
	installed(t, "aws-javascript", "node_modules", "sqs-consumer")
	helloBySDK(t, "node", "clients/sqsconsumer/consumer.js")
}

func TestJMS(t *testing.T) {
	daemon.Need(t, "java")
	helloBySDK(t, "java", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(installed(t, "aws-java"), "*"), "clients/jms/Listener.java")
}

// TestSpring: a listener gets what SqsTemplate sent and what SnsTemplate published.
func TestSpring(t *testing.T) {
	daemon.Need(t, "java")
	jars := filepath.Join(installed(t, "aws-spring"), "*")
	b := daemon.Start(t, daemon.Options{})
	queues, topics := client.SQS(t, b.AWS), client.SNS(t, b.AWS)
	client.CreateQueue(t.Context(), t, queues, "hello", map[string]string{"VisibilityTimeout": "1"}) // what was not acknowledged is soon back
	topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: sdk.String("hello")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: sdk.String("sqs"),
		Endpoint: sdk.String("arn:aws:sqs:" + client.Region + ":" + client.Account + ":hello"), Attributes: map[string]string{"RawMessageDelivery": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", jars, "clients/spring/Listener.java"}
	encode := base64.StdEncoding.EncodeToString
	env := append(environment("http://"+b.AWS), "QUEUE=hello", "TOPIC="+*topic.TopicArn, "SEND="+encode([]byte(hard)), "PUBLISH="+encode([]byte("again")))
	hello(t, driver.Command{Args: args, Env: env}, b, "hello", func(...string) {}) // it sends itself
}

// helloBySDK is hello where the messages are plain texts.
func helloBySDK(t *testing.T, args ...string) {
	t.Helper()
	b := daemon.Start(t, daemon.Options{})
	queues := client.SQS(t, b.AWS)
	url := client.CreateQueue(t.Context(), t, queues, "hello", nil)
	c := driver.Command{Args: args, Env: append(environment("http://"+b.AWS), "QUEUE=hello", "QUEUE_URL="+url)}
	hello(t, c, b, "hello", func(words ...string) {
		for _, w := range words {
			if _, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &w}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
