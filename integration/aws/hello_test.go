package aws

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

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
	sdk := client.SQS(t, b.AWS)
	url := "http://" + b.AWS + "/" + client.Account + "/" + queue
	daemon.Eventually(t, client.Patience, "empty queue", func() bool {
		all, err := sdk.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
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

// helloBySDK is hello where the messages are plain texts.
func helloBySDK(t *testing.T, args ...string) {
	t.Helper()
	b := daemon.Start(t, daemon.Options{})
	sdk := client.SQS(t, b.AWS)
	url := client.CreateQueue(t.Context(), t, sdk, "hello", nil)
	c := driver.Command{Args: args, Env: append(environment("http://"+b.AWS), "QUEUE=hello", "QUEUE_URL="+url)}
	hello(t, c, b, "hello", func(words ...string) {
		for _, w := range words {
			if _, err := sdk.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &w}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
