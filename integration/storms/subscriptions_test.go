package storms

import (
	"fmt"
	"sync"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// Ten clients subscribe to hundreds of filters each and leave them again, three
// times over, half of them in sessions that last, over every wire; a steady flow loses nothing.
func TestSubscriptionStorm(t *testing.T) {
	b := daemon.Start(t, daemon.Options{Config: doors.Config(t, "")})
	got := newTally()
	s := client.MQTT(t, client.MQTTOptions(b.MQTT, "steady"))
	client.Done(t, s.Subscribe("flow", 1, got.take))
	var storm sync.WaitGroup
	for i := range 10 {
		storm.Go(func() {
			o := client.MQTTOptions(b.MQTT, fmt.Sprintf("storm-%d", i)).SetCleanSession(i%2 == 0)
			c := mqtt.NewClient(doors.OverMQTT(o, b, doors.Wires[i%len(doors.Wires)]))
			if token := c.Connect(); !token.WaitTimeout(client.Patience) || token.Error() != nil {
				t.Errorf("connect: %v", token.Error())
				return
			}
			defer c.Disconnect(100)
			for range 3 {
				filters := map[string]byte{}
				var names []string
				for j := range 300 {
					f := fmt.Sprintf("storm/%d/+/%d/#", i, j)
					filters[f], names = byte(j%3), append(names, f)
				}
				for _, token := range []mqtt.Token{c.SubscribeMultiple(filters, func(mqtt.Client, mqtt.Message) {}), c.Unsubscribe(names...)} {
					if !token.WaitTimeout(client.Patience) || token.Error() != nil {
						t.Errorf("client %d: %v", i, token.Error())
					}
				}
			}
		})
	}
	const n = 3000
	flow(t, b.MQTT, "flow", n)
	storm.Wait()
	got.whole(t, n)
	s.Disconnect(100)
	b.Stop(t)
}
