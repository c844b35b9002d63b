package transport

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// bcrypt's hash of "secret", at its least cost.
const hashOfSecret = "$2a$04$0LQ2aHgk5GbTspaHRN1di.lZhLzmfd3PDJaUWH3S7w1/ngTHmeIuG"

// userLine is a user whose name is also the start of its access key's secret.
func userLine(name, topics string) string {
	return fmt.Sprintf("  - {name: %[1]s, password_hash: %[2]q, access_keys: [{id: KEY%[1]s, secret: %[1]s-secret}], permissions: [{allow: [configure, write, read], queues: ['*'], topics: [%[3]s]}]}\n", name, hashOfSecret, topics)
}

// A configuration is read again at SIGHUP. A wrong one changes nothing, and the
// log says where it is wrong; a right one counts at once, and cuts off nobody but
// who lost something by it.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	become := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	become("users:\n" + userLine("stays", "news") + userLine("goes", "news"))
	on := daemon.Start(t, daemon.Options{Config: file})
	login := func(name string, lost chan error) mqtt.Client {
		o := client.MQTTOptions(on.MQTT, name).SetUsername(name).SetPassword("secret")
		return mqtt.NewClient(o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost <- err }))
	}
	stayed, gone := make(chan error, 10), make(chan error, 10)
	stays, goes := login("stays", stayed), login("goes", gone)
	client.Done(t, stays.Connect())
	client.Done(t, goes.Connect())
	got := make(chan string, 10)
	client.Done(t, stays.Subscribe("news", 1, func(_ mqtt.Client, m mqtt.Message) { got <- string(m.Payload()) }))
	rabbit, err := amqp.Dial("amqp://goes:secret@" + on.Doors["amqp"])
	if err != nil {
		t.Fatal(err)
	}
	defer rabbit.Close() //nolint:errcheck // the broker ends it
	closed := rabbit.NotifyClose(make(chan *amqp.Error, 1))

	become("log: {level: debug}\nusers:\n" + userLine("stays", "news") + "  - {name: goes, pasword_hash: x}\n")
	on.Signal(t, syscall.SIGHUP)
	daemon.Eventually(t, client.Patience, "line in the log", func() bool {
		return strings.Contains(on.Log(), "the one before it stays") && strings.Contains(on.Log(), "users[1].pasword_hash: unknown key: did you mean password_hash? ("+file+", line 4)")
	})
	client.Done(t, goes.Publish("news", 1, false, "still here"))
	wants(t, got, "still here")

	become("users:\n" + userLine("stays", "news, weather") + userLine("comes", "news"))
	on.Signal(t, syscall.SIGHUP)
	for what, ended := range map[string]func() bool{
		"mqtt": func() bool { return len(gone) > 0 },
		"amqp": func() bool { e, ok := <-closed; return !ok || e.Code == amqp.ConnectionForced },
	} {
		daemon.Eventually(t, client.Patience, what+" cut off", ended)
	}
	if token := login("goes", gone).Connect(); !token.WaitTimeout(client.Patience) || token.Error() == nil {
		t.Error("who is no user any more is let in")
	}
	comes := login("comes", gone)
	client.Done(t, comes.Connect())
	client.Done(t, comes.Publish("news", 1, false, "from the new one"))
	wants(t, got, "from the new one")
	client.Done(t, stays.Subscribe("weather", 1, nil))
	for name, ok := range map[string]bool{"goes": false, "comes": true} {
		c := sqs.New(sqs.Options{
			BaseEndpoint: aws.String("http://" + on.AWS), Region: "us-east-1", RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("KEY"+name, name+"-secret", ""),
		})
		if _, err := c.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")}); (err == nil) != ok {
			t.Errorf("access key of %s: %v", name, err)
		}
	}
	if len(stayed) > 0 {
		t.Errorf("who stayed was cut off: %v", <-stayed)
	}
	stays.Disconnect(250)
	comes.Disconnect(250)
	on.Stop(t)
}

func wants(t *testing.T, got chan string, want string) {
	t.Helper()
	select {
	case text := <-got:
		if text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	case <-time.After(client.Patience):
		t.Fatalf("%q did not come", want)
	}
}
