package journey

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// publisher publishes one message with QoS 1.
type publisher struct {
	name    string
	need    func(testing.TB)
	publish func(t *testing.T, b *daemon.Broker, topic, body string)
}

func publishers() []publisher {
	return []publisher{
		{"paho", func(testing.TB) {}, func(t *testing.T, b *daemon.Broker, topic, body string) {
			c := client.MQTT(t, client.MQTTOptions(b.MQTT, "publisher"))
			client.Done(t, c.Publish(topic, 1, false, body))
			c.Disconnect(250)
		}},
		{"mosquitto_pub", func(t testing.TB) { daemon.Need(t, "mosquitto_pub") }, func(t *testing.T, b *daemon.Broker, topic, body string) {
			command(t, nil, "mosquitto_pub", append(at(t, b), "-q", "1", "-t", topic, "-m", body)...)
		}},
	}
}

// receiver receives one message of an SQS queue, deletes it and returns its body.
type receiver struct {
	name    string
	need    func(testing.TB)
	receive func(ctx context.Context, t *testing.T, b *daemon.Broker, url string) string
}

const boto3 = `
import boto3, sys
sqs = boto3.client("sqs")
got = sqs.receive_message(QueueUrl=sys.argv[1], WaitTimeSeconds=10)["Messages"]
assert len(got) == 1, got
sqs.delete_message(QueueUrl=sys.argv[1], ReceiptHandle=got[0]["ReceiptHandle"])
sys.stdout.write(got[0]["Body"])
`

func receivers() []receiver {
	return []receiver{
		{"aws-sdk-go-v2", func(testing.TB) {}, receiveGo},
		{"boto3", func(t testing.TB) { daemon.NeedPython(t, "boto3") }, func(_ context.Context, t *testing.T, b *daemon.Broker, url string) string {
			return command(t, awsEnv(b), "python3", "-c", boto3, url)
		}},
		{"aws-cli", func(t testing.TB) { daemon.Need(t, "aws") }, func(_ context.Context, t *testing.T, b *daemon.Broker, url string) string {
			out := awsCLI(t, b, "sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "10",
				"--query", "Messages[0].[ReceiptHandle,Body]", "--output", "text")
			handle, body, _ := strings.Cut(out, "\t")
			awsCLI(t, b, "sqs", "delete-message", "--queue-url", url, "--receipt-handle", handle)
			return body
		}},
	}
}

// awsCLI runs the AWS CLI. Its version 1 takes the endpoint of SQS from the
// command line only.
func awsCLI(t *testing.T, b *daemon.Broker, args ...string) string {
	t.Helper()
	return command(t, awsEnv(b), "aws", append([]string{"--endpoint-url", "http://" + b.AWS}, args...)...)
}

func receiveGo(ctx context.Context, t *testing.T, b *daemon.Broker, url string) string {
	t.Helper()
	c := client.SQS(t, b.AWS)
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 1 {
		t.Fatalf("%d messages", len(got.Messages))
	}
	if _, err := c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	return *got.Messages[0].Body
}

// at is where mosquitto's programs find the broker.
func at(t *testing.T, b *daemon.Broker) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(b.MQTT)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"-h", host, "-p", port}
}

func awsEnv(b *daemon.Broker) []string {
	return []string{
		"AWS_ENDPOINT_URL=http://" + b.AWS, "AWS_DEFAULT_REGION=" + client.Region, "AWS_REGION=" + client.Region, "AWS_PAGER=",
		"AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true",
	}
}

// command runs a program and returns what it printed, without the last newline.
func command(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*client.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, complaints.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}
