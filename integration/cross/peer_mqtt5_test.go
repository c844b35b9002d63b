package cross

import (
	"context"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// mqtt5 is paho.golang. Places: prop:content-type, prop:correlation, prop:response,
// prop:expiry (s), prop:format, user:<name>.
type mqtt5 struct{ w world }

func (p mqtt5) connect(t *testing.T, receive func(*paho.Publish)) *paho.Client {
	t.Helper()
	conn, err := p.w.dial("mqtt")
	if err != nil {
		t.Fatal(err)
	}
	// What is no TCP connection must be told that a packet is several writes.
	c := paho.NewClient(paho.ClientConfig{Conn: packets.NewThreadSafeConn(conn), OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(r paho.PublishReceived) (bool, error) { receive(r.Packet); return true, nil },
	}})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := c.Connect(ctx, &paho.Connect{KeepAlive: 30, CleanStart: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Disconnect(&paho.Disconnect{}) // the test is over
		<-c.Done()
	})
	return c
}

func (p mqtt5) publish(t *testing.T, to address, s sample) {
	t.Helper()
	props := &paho.PublishProperties{}
	for place, v := range s.form {
		switch kind, name := split(place); {
		case kind == "user":
			props.User.Add(name, v)
		case name == "content-type":
			props.ContentType = v
		case name == "correlation":
			props.CorrelationData = []byte(v)
		case name == "response":
			props.ResponseTopic = v
		case name == "expiry":
			n, _ := after(v, time.Second)
			seconds := uint32(n)
			props.MessageExpiry = &seconds
		default:
			t.Fatalf("MQTT 5 has no %s", place)
		}
	}
	c := p.connect(t, func(*paho.Publish) {})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := c.Publish(ctx, &paho.Publish{Topic: to.mqttTopic(), QoS: 1, Payload: s.body, Properties: props}); err != nil {
		t.Fatal(err)
	}
}

func (p mqtt5) subscribe(t *testing.T, from address) func(*testing.T) sample {
	t.Helper()
	got := make(chan sample, 100)
	c := p.connect(t, func(m *paho.Publish) { got <- fromMQTT5(m) })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: from.mqttTopic(), QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) sample { return next(t, got) }
}

func fromMQTT5(m *paho.Publish) sample {
	s := sample{body: m.Payload, form: map[string]string{}, topic: topicOf(m.Topic)}
	for _, u := range m.Properties.User {
		s.form["user:"+u.Key] = u.Value
	}
	if v := m.Properties.ContentType; v != "" {
		s.form["prop:content-type"] = v
	}
	if v := m.Properties.CorrelationData; v != nil {
		s.form["prop:correlation"] = string(v)
	}
	if v := m.Properties.ResponseTopic; v != "" {
		s.form["prop:response"] = v
	}
	if v := m.Properties.MessageExpiry; v != nil {
		s.form["prop:expiry"] = left(int64(*v), time.Second)
	}
	return s
}
