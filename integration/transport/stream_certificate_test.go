package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/go-stomp/stomp/v3"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

const streamCertificates = `
tls: {certificate: %[1]s/server.pem, key: %[1]s/server.key, client_ca: %[1]s/ca.pem, client_auth: optional}
mqtt: {tls_listen: ["127.0.0.1:0"]}
amqp: {tls_listen: ["127.0.0.1:0"]}
stomp: {tls_listen: ["127.0.0.1:0"]}
websocket: {tls_listen: ["127.0.0.1:0"]}
users: [{name: sensor, permissions: [{allow: [write], topics: ["sensors/#"], queues: [amq.topic]}]}]
`

// publishers connect over nc by a certificate alone, publish to sensors/1, and say
// whether they may publish to other.
var publishers = map[string]func(nc net.Conn) (other bool, err error){
	"mqtt": publishMQTT, "amqp": publishAMQP, "stomp": publishSTOMP,
}

// Over TLS and over wss a client is the user that its certificate names, at every
// door that has connections; who shows none, or nobody's, is not let in.
func TestClientCertificatesOfStreams(t *testing.T) {
	dir := certs(t)
	on := start(t, fmt.Sprintf(streamCertificates, dir))
	for _, door := range doors.Streams {
		for _, wire := range []string{"tls", "wss"} {
			for _, who := range []string{"sensor", "stranger", ""} {
				config := &tls.Config{RootCAs: pool(t, dir), ServerName: "localhost"}
				if who != "" {
					pair, err := tls.LoadX509KeyPair(dir+"/client-"+who+".pem", dir+"/client-"+who+".key")
					if err != nil {
						t.Fatal(err)
					}
					config.Certificates = []tls.Certificate{pair}
				}
				nc, err := doors.DialTLS(on, door, wire, config)
				if err != nil {
					t.Fatal(err)
				}
				other, err := publishers[door](nc)
				if (err == nil) != (who == "sensor") {
					t.Errorf("%s over %s, certificate of %q: %v", door, wire, who, err)
				}
				if other {
					t.Errorf("%s over %s: %q publishes what it may not", door, wire, who)
				}
				_ = nc.Close()
			}
		}
	}
}

func publishMQTT(nc net.Conn) (other bool, err error) {
	o := mqtt.NewClientOptions().AddBroker("tcp://dialed").SetProtocolVersion(4).SetAutoReconnect(false).SetConnectTimeout(client.Patience)
	o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return nc, nil })
	lost := make(chan error, 1) // which leaves what was published without an answer
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost <- err })
	c := mqtt.NewClient(o)
	done := func(token mqtt.Token) error {
		select {
		case <-token.Done():
			return token.Error()
		case err := <-lost:
			return err
		case <-time.After(client.Patience):
			return errors.New("no answer")
		}
	}
	if err := done(c.Connect()); err != nil {
		return false, err
	}
	defer c.Disconnect(0)
	if err := done(c.Publish("sensors/1", 1, false, "x")); err != nil {
		return false, err
	}
	return done(c.Publish("other", 1, false, "x")) == nil, nil
}

func publishAMQP(nc net.Conn) (other bool, err error) {
	c, err := amqp.Open(nc, amqp.Config{SASL: []amqp.Authentication{&amqp.ExternalAuth{}}, Vhost: "/"})
	if err != nil {
		return false, err
	}
	defer c.CloseDeadline(time.Now().Add(time.Second)) //nolint:errcheck // it may be closed
	publish := func(key string) error {
		ch, err := c.Channel()
		if err != nil {
			return err
		}
		if err := ch.Confirm(false); err != nil {
			return err
		}
		d, err := ch.PublishWithDeferredConfirm("amq.topic", key, false, false, amqp.Publishing{})
		if err != nil {
			return err
		}
		if !d.Wait() {
			return errors.New("refused")
		}
		return nil
	}
	if err := publish("sensors.1"); err != nil {
		return false, err
	}
	return publish("other") == nil, nil
}

func publishSTOMP(nc net.Conn) (other bool, err error) {
	c, err := stomp.Connect(nc, stomp.ConnOpt.Host("/"), stomp.ConnOpt.RcvReceiptTimeout(client.Patience), stomp.ConnOpt.DisconnectReceiptTimeout(time.Second))
	if err != nil {
		return false, err
	}
	defer c.MustDisconnect() //nolint:errcheck // an ERROR ended it
	publish := func(topic string) error { return c.Send("/topic/"+topic, "", []byte("x"), stomp.SendOpt.Receipt) }
	if err := publish("sensors.1"); err != nil {
		return false, err
	}
	return publish("other") == nil, nil
}
