package journey

import (
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// A filter policy gives SNS the wildcards that it lacks, and decides on what
// MQTT publishes at every quality of service; also after the broker was killed.
func TestFilterPolicies(t *testing.T) {
	dir := t.TempDir()
	b := daemon.Start(t, daemon.Options{Dir: dir})
	raw := func(policy, scope string) map[string]string {
		return map[string]string{"RawMessageDelivery": "true", "FilterPolicy": policy, "FilterPolicyScope": scope}
	}
	subscribe(t.Context(), t, b, "kitchen", raw(`{"topic":[{"prefix":"sensors/kitchen/"}]}`, "MessageAttributes"))
	subscribe(t.Context(), t, b, "hot", raw(`{"celsius":[{"numeric":[">",30]}]}`, "MessageBody"))
	b.Kill(t)
	b = daemon.Start(t, daemon.Options{Dir: dir})
	c := client.MQTT(t, client.MQTTOptions(b.MQTT, "p"))
	for i, m := range [][2]string{
		{"sensors/cellar/temp", `{"celsius":31}`},
		{"sensors/kitchen/temp", `{"celsius":21}`},
		{"sensors/kitchen/oven", `{"celsius":180}`},
	} {
		publishPaho(t, c, byte(i), m[0], m[1])
	}
	c.Disconnect(250)
	for queue, want := range map[string]map[string]bool{
		"kitchen": {`{"celsius":21}`: true, `{"celsius":180}`: true}, "hot": {`{"celsius":31}`: true, `{"celsius":180}`: true},
	} {
		for range len(want) {
			got := receiveGo(t.Context(), t, b, "http://"+b.AWS+"/"+client.Account+"/"+queue)
			if !want[got] {
				t.Errorf("%s received %s", queue, got)
			}
			delete(want, got)
		}
	}
	b.Stop(t)
}

func publishPaho(t *testing.T, c mqtt.Client, qos byte, topic, body string) {
	t.Helper()
	if token := c.Publish(topic, qos, false, body); !token.WaitTimeout(client.Patience) || token.Error() != nil {
		t.Fatalf("%s: %v", topic, token.Error())
	}
}
