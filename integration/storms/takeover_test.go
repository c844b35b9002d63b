package storms

import (
	"context"
	"sync"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// Twenty clients take one session from each other, over every wire, again and again; the one
// that is left has, with those before, every message.
func TestTakeoverStorm(t *testing.T) {
	b := daemon.Start(t, daemon.Options{Config: doors.Config(t, "")})
	got := newTally()
	one := func() *mqtt.ClientOptions {
		return client.MQTTOptions(b.MQTT, "contended").SetCleanSession(false).SetDefaultPublishHandler(got.take)
	}
	s := client.MQTT(t, one())
	client.Done(t, s.Subscribe("flow", 1, nil))
	s.Disconnect(100)
	ctx, stop := context.WithCancel(t.Context())
	var storm sync.WaitGroup
	for i := range 20 {
		storm.Go(func() {
			for ctx.Err() == nil {
				c := mqtt.NewClient(doors.OverMQTT(one(), b, doors.Wires[i%len(doors.Wires)]))
				if token := c.Connect(); !token.WaitTimeout(client.Patience) {
					t.Error("a connect was not answered")
					return
				}
				c.Disconnect(0)
			}
		})
	}
	const n = 2000
	flow(t, b.MQTT, "flow", n)
	stop()
	storm.Wait()
	last := client.MQTT(t, one())
	got.whole(t, n)
	last.Disconnect(100)
	b.Stop(t)
}
