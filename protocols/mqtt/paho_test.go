package mqtt

import (
	"fmt"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const patience = 20 * time.Second

func pahoClient(t *testing.T, w *world, id string, version uint, change ...func(*paho.ClientOptions)) paho.Client {
	t.Helper()
	o := paho.NewClientOptions().AddBroker("tcp://" + w.addr).SetClientID(id).SetProtocolVersion(version).SetAutoReconnect(false)
	o.SetConnectRetry(false)
	for _, f := range change {
		f(o)
	}
	c := paho.NewClient(o)
	done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func done(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("no answer, or: %v", token.Error())
	}
}

// An unmodified client publishes and gets back every QoS, in order.
func TestPaho(t *testing.T) {
	for _, version := range []uint{3, 4} {
		for qos := range byte(3) {
			t.Run(fmt.Sprintf("v%d qos %d", version, qos), func(t *testing.T) {
				w := newWorld(t)
				got := make(chan string, 100)
				sub := pahoClient(t, w, "sub", version)
				done(t, sub.Subscribe("a/+", qos, func(_ paho.Client, m paho.Message) {
					got <- fmt.Sprint(string(m.Payload()), m.Qos())
				}))
				pub := pahoClient(t, w, "pub", version)
				for i := range 50 {
					token := pub.Publish("a/b", qos, false, fmt.Sprint(i, " "))
					if qos == 0 {
						done(t, token)
						continue
					}
					t.Cleanup(func() { done(t, token) })
				}
				for i := range 50 {
					select {
					case m := <-got:
						if want := fmt.Sprint(fmt.Sprint(i, " "), qos); m != want {
							t.Fatalf("got %q, want %q", m, want)
						}
					case <-time.After(patience):
						t.Fatalf("message %d is missing", i)
					}
				}
			})
		}
	}
}
