package client

import (
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Patience is how long an answer may take.
const Patience = 20 * time.Second

// MQTTOptions are paho's with what the suites want: no reconnecting behind a
// test's back.
func MQTTOptions(address, id string) *mqtt.ClientOptions {
	return mqtt.NewClientOptions().AddBroker("tcp://" + address).SetClientID(id).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(Patience).SetOrderMatters(true)
}

// MQTT connects.
func MQTT(t testing.TB, o *mqtt.ClientOptions) mqtt.Client {
	t.Helper()
	c := mqtt.NewClient(o)
	Done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(250) })
	return c
}

// Done waits for a token and wants no error.
func Done(t testing.TB, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(Patience) {
		t.Fatalf("%T: no answer within %v", token, Patience)
	}
	if err := token.Error(); err != nil {
		t.Fatalf("%T: %v", token, err)
	}
}
