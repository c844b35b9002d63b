package cross

import (
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
)

// mqtt3 is paho.mqtt.golang, 3.1.1: a body and a topic.
type mqtt3 struct{ w world }

// mqttTopic is how MQTT spells an address.
func (a address) mqttTopic() string {
	if a.topic {
		return a.name
	}
	return "$queue/" + a.name
}

// topicOf is what MQTT's topic says of a topic; nothing of a queue.
func topicOf(name string) string {
	if strings.HasPrefix(name, "$queue/") {
		return ""
	}
	return name
}

func (p mqtt3) connect(t *testing.T, receive mqtt.MessageHandler) mqtt.Client {
	o := mqtt.NewClientOptions().AddBroker("tcp://door").SetClientID("").SetDefaultPublishHandler(receive).SetAutoReconnect(false).SetConnectTimeout(patience).SetProtocolVersion(4).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return p.w.dial("mqtt") })
	return client.MQTT(t, o)
}

func (p mqtt3) publish(t *testing.T, to address, s sample) {
	t.Helper()
	client.Done(t, p.connect(t, nil).Publish(to.mqttTopic(), 1, false, s.body))
}

func (p mqtt3) subscribe(t *testing.T, from address) func(*testing.T) sample {
	t.Helper()
	got := make(chan sample, 100)
	// The library takes `$queue/` off a filter that has a handler of its own.
	c := p.connect(t, func(_ mqtt.Client, m mqtt.Message) {
		got <- sample{body: m.Payload(), form: map[string]string{}, topic: topicOf(m.Topic())}
	})
	client.Done(t, c.Subscribe(from.mqttTopic(), 1, nil))
	return func(t *testing.T) sample { return next(t, got) }
}

// next waits for a message.
func next(t *testing.T, got <-chan sample) sample {
	t.Helper()
	select {
	case s := <-got:
		return s
	case <-time.After(patience):
		t.Fatal("no message came")
		return sample{}
	}
}
