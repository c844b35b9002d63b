package mqtt

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	pahomqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// TestBridge has a Mosquitto with a bridge connect to Slipway: topics out, in and
// both ways, what is retained as that, its state at $SYS, and what was published
// while it was away.
func TestBridge(t *testing.T) {
	daemon.Need(t, "mosquitto")
	there := daemon.Start(t, daemon.Options{}).MQTT
	for _, version := range []string{"mqttv31", "mqttv311", "mqttv50"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			bridge(t, there, version)
		})
	}
}

func bridge(t *testing.T, there, id string) {
	here := freeAddress(t)
	config := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := fmt.Sprintf(`listener %s 127.0.0.1
allow_anonymous true
connection up
address %s
remote_clientid %[3]s
bridge_protocol_version %[3]s
cleansession false
restart_timeout 1
topic up/# out 1 %[3]s/ %[3]s/
topic down/# in 1 %[3]s/ %[3]s/
topic both/# both 1 %[3]s/ %[3]s/
`, here[len("127.0.0.1:"):], there, id)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	state := "$SYS/broker/connection/" + id + "/state"
	far := listener(t, there, id+"/up/#", id+"/both/#", state)
	stop := mosquitto(t, config, here)
	far.wants(state + " 1")
	near := listener(t, here, id+"/down/#", id+"/both/#")
	near.publish(id+"/up/a", "one", false)
	far.wants(id + "/up/a one")
	far.publish(id+"/down/a", "two", false)
	near.wants(id + "/down/a two")
	near.publish(id+"/both/a", "three", false)
	near.wants(id + "/both/a three")
	far.wants(id + "/both/a three")
	far.publish(id+"/both/a", "four", false)
	far.wants(id + "/both/a four")
	near.wants(id + "/both/a four") // and three has not come back
	far.publish(id+"/down/kept", "five", true)
	near.wants(id + "/down/kept five")
	listener(t, here, id+"/down/kept").wants(id + "/down/kept five, retained")
	stop()
	far.wants(state + " 0")
	far.publish(id+"/down/late", "six", true)
	_ = mosquitto(t, config, here)
	far.wants(state + " 1")
	daemon.Eventually(t, 10*time.Second, "what was published meanwhile", func() bool {
		late := listener(t, here, id+"/down/late")
		defer late.c.Disconnect(0)
		return late.next(time.Second) == id+"/down/late six, retained"
	})
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// mosquitto runs until the test ends or stop is called: then it is killed, and
// its bridge with it.
func mosquitto(t *testing.T, config, address string) (stop func()) {
	cmd := exec.Command("mosquitto", "-c", config)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(stop)
	daemon.Eventually(t, 10*time.Second, "a Mosquitto that listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return stop
}

// A listening client notes what comes as "topic payload", and ", retained".
type listening struct {
	t    *testing.T
	c    pahomqtt.Client
	came chan string
}

func listener(t *testing.T, address string, filters ...string) *listening {
	l := &listening{t: t, came: make(chan string, 100)}
	options := pahomqtt.NewClientOptions().AddBroker("tcp://" + address).SetProtocolVersion(4).SetAutoReconnect(false)
	l.c = pahomqtt.NewClient(options)
	l.done(l.c.Connect())
	t.Cleanup(func() { l.c.Disconnect(100) })
	wanted := map[string]byte{}
	for _, f := range filters {
		wanted[f] = 1
	}
	l.done(l.c.SubscribeMultiple(wanted, func(_ pahomqtt.Client, m pahomqtt.Message) {
		text := m.Topic() + " " + string(m.Payload())
		if m.Retained() {
			text += ", retained"
		}
		l.came <- text
	}))
	return l
}

func (l *listening) done(token pahomqtt.Token) {
	l.t.Helper()
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		l.t.Fatal("not within ten seconds: ", token.Error())
	}
}

func (l *listening) publish(topic, payload string, retained bool) {
	l.t.Helper()
	l.done(l.c.Publish(topic, 1, retained, payload))
}

// next is what comes within a time.
func (l *listening) next(within time.Duration) string {
	ctx, cancel := context.WithTimeout(l.t.Context(), within)
	defer cancel()
	select {
	case got := <-l.came:
		return got
	case <-ctx.Done():
		return ""
	}
}

// wants that this is what comes next.
func (l *listening) wants(text string) {
	l.t.Helper()
	if got := l.next(20 * time.Second); got != text {
		l.t.Fatalf("%q came, want %q", got, text)
	}
}
