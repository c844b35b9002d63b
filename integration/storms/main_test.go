package storms

import (
	"fmt"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// tally counts bodies.
type tally struct {
	mu   sync.Mutex
	seen map[string]int // guarded by mu
}

func newTally() *tally { return &tally{seen: map[string]int{}} }

func (l *tally) take(_ mqtt.Client, m mqtt.Message) {
	l.mu.Lock()
	l.seen[string(m.Payload())]++
	l.mu.Unlock()
}

func (l *tally) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// flow publishes n messages at QoS 1 to a topic and waits for every PUBACK.
func flow(t *testing.T, address, topic string, n int) {
	t.Helper()
	p := client.MQTT(t, client.MQTTOptions(address, "flow"))
	defer p.Disconnect(100)
	var tokens []mqtt.Token
	for i := range n {
		tokens = append(tokens, p.Publish(topic, 1, false, fmt.Sprint(i)))
	}
	for _, token := range tokens {
		client.Done(t, token)
	}
}

// whole wants all of flow's messages to come.
func (l *tally) whole(t *testing.T, n int) {
	t.Helper()
	daemon.Eventually(t, time.Minute, fmt.Sprintf("%d messages", n), func() bool { return l.len() == n })
}
