package bounds

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// One subscriber reads nothing while ten times the memory budget is published
// past it, by a client that consumes and acknowledges what it publishes on the
// same connection: memory stays under the budget and a fifth, the
// acknowledgements go on, and in the end the stuck one gets everything too.
func TestStuckConsumer(t *testing.T) {
	const (
		budget = 160 << 20
		size   = 64 << 10
		n      = 10 * budget / size
	)
	b := daemon.Start(t, daemon.Options{Env: []string{fmt.Sprintf("SLIPWAY_LIMITS_MEMORY_BUDGET=%d", budget)}})
	most := peak(t, b.PID())

	release := make(chan struct{})
	var late atomic.Int64
	stuck := subscriber(t, b.MQTT, "stuck", func(mqtt.Message) { <-release; late.Add(1) })
	defer stuck.Disconnect(0)

	var seen atomic.Int64
	both := subscriber(t, b.MQTT, "both", func(mqtt.Message) { seen.Add(1) })
	defer both.Disconnect(0)

	body := strings.Repeat("x", size)
	window := make(chan struct{}, 64)
	var confirmed sync.WaitGroup
	for i := range n {
		window <- struct{}{}
		token := both.Publish(fmt.Sprintf("flood/%d", i%10), 1, false, body)
		confirmed.Go(func() {
			client.Done(t, token)
			<-window
		})
	}
	confirmed.Wait()
	daemon.Eventually(t, 2*time.Minute, "everything at the live consumer", func() bool { return seen.Load() >= n })
	used := most()
	t.Logf("peak %d MiB with a budget of %d MiB and %d MiB published", used>>20, budget>>20, n*size>>20)
	if used > budget/5*6 {
		t.Errorf("resident memory reached %d MiB; the budget is %d MiB", used>>20, budget>>20)
	}
	close(release)
	daemon.Eventually(t, 2*time.Minute, "everything at the stuck consumer", func() bool { return late.Load() >= n })
}

// subscriber takes flood/# in a session that survives, one message at a time.
func subscriber(t testing.TB, address, id string, f func(mqtt.Message)) mqtt.Client {
	o := client.MQTTOptions(address, id).SetCleanSession(false).SetOrderMatters(true).SetWriteTimeout(0).SetKeepAlive(0)
	c := client.MQTT(t, o)
	client.Done(t, c.Subscribe("flood/#", 1, func(_ mqtt.Client, m mqtt.Message) { f(m) }))
	return c
}
