package doors

import (
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

type mqttClient struct {
	c            mqtt.Client
	topic        string
	lost, closed chan struct{}
	once         sync.Once // Close
	got          chan mqtt.Message
	subscribed   bool
}

var last atomic.Int64 // client ids are used once

// OverMQTT has a client connect over one of Wires.
func OverMQTT(o *mqtt.ClientOptions, b *daemon.Broker, wire string) *mqtt.ClientOptions {
	return o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return Dial(b, "mqtt", wire) })
}

func openMQTT(b *daemon.Broker, wire, queue string) (Client, error) {
	m := &mqttClient{topic: "$queue/" + queue, lost: make(chan struct{}), closed: make(chan struct{}), got: make(chan mqtt.Message)}
	// The default handler: paho finds none for what comes from the filter $queue/x.
	take := func(_ mqtt.Client, x mqtt.Message) {
		select {
		case m.got <- x:
		case <-m.lost:
		case <-m.closed:
		}
	}
	o := client.MQTTOptions(b.MQTT, fmt.Sprint("door-", last.Add(1))).SetWriteTimeout(time.Second).SetAutoAckDisabled(true).SetDefaultPublishHandler(take).
		SetOrderMatters(false). // else a message that nobody takes yet holds up the SUBACK behind it
		SetConnectionLostHandler(func(mqtt.Client, error) { close(m.lost) })
	m.c = mqtt.NewClient(OverMQTT(o, b, wire))
	return m, within(m.c.Connect(), client.Patience)
}

func within(token mqtt.Token, d time.Duration) error {
	if !token.WaitTimeout(d) {
		return ErrNoConfirm
	}
	return token.Error()
}

func (m *mqttClient) Put(body string, d time.Duration) error {
	token := m.c.Publish(m.topic, 1, false, body)
	select {
	case <-token.Done():
		return token.Error()
	case <-m.lost: // its tokens may never end
		return ErrRefused
	case <-time.After(d):
		return ErrNoConfirm
	}
}

func (m *mqttClient) Take(d time.Duration) (string, error) {
	if !m.subscribed {
		m.subscribed = true
		if err := within(m.c.Subscribe(m.topic, 1, nil), client.Patience); err != nil {
			return "", err
		}
	}
	select {
	case x := <-m.got:
		x.Ack()
		return string(x.Payload()), nil
	case <-m.lost:
		return "", ErrRefused
	case <-time.After(d):
		return "", ErrNone
	}
}

func (m *mqttClient) Close() {
	m.once.Do(func() {
		close(m.closed)
		m.c.Disconnect(0)
	})
}
