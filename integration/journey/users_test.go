package journey

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// The hash is of "change me".
const withUsers = `
aws: {allow_anonymous: true}
routes: [{topic: "sensors/#", queue: sensor-readings}]
users:
  - name: sensor
    password_hash: "$argon2id$v=19$m=19456,t=2,p=1$5IJVxb5vbrFIKEdHk+4YXQ$35ZIWHxj5fVvK8tQsiwec0LaHouLzqqhLgyYwL3y/nY"
    permissions: [{allow: [write], topics: ["sensors/#"]}]
  - name: root
    password_hash: "$argon2id$v=19$m=19456,t=2,p=1$5IJVxb5vbrFIKEdHk+4YXQ$35ZIWHxj5fVvK8tQsiwec0LaHouLzqqhLgyYwL3y/nY"
    permissions: [{allow: [configure, write, read], topics: ["#"], queues: ["*"]}]
`

// Users are let in with their password and may do what their permissions say,
// at the MQTT and the admin door alike.
func TestUsers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	if err := os.WriteFile(file, []byte(withUsers), 0o600); err != nil {
		t.Fatal(err)
	}
	b := daemon.Start(t, daemon.Options{Config: file})
	for _, tt := range []struct {
		user, password string
		ok             bool
	}{{"", "", false}, {"sensor", "wrong", false}, {"nobody", "change me", false}, {"sensor", "change me", true}} {
		o := client.MQTTOptions(b.MQTT, "c").SetUsername(tt.user).SetPassword(tt.password)
		c := mqtt.NewClient(o)
		token := c.Connect()
		if !token.WaitTimeout(client.Patience) || (token.Error() == nil) != tt.ok {
			t.Errorf("%q with %q: %v", tt.user, tt.password, token.Error())
		}
		c.Disconnect(0)
	}
	publishAs(t, b, "sensors/x", "allowed")
	publishAs(t, b, "forbidden/x", "not allowed")
	publishAs(t, b, "sensors/x", "again")
	url := "http://" + b.AWS + "/" + client.Account + "/sensor-readings"
	for _, want := range []string{"allowed", "again"} {
		if got := receiveGo(t.Context(), t, b, url); got != want {
			t.Errorf("received %q, not %q", got, want)
		}
	}
	for user, want := range map[string]int{"": 401, "sensor": 403, "root": 200} {
		if got := overview(t, b, user); got != want {
			t.Errorf("admin door, user %q: %d", user, got)
		}
	}
	b.Stop(t)
}

// publishAs publishes as sensor; what is forbidden may end the connection.
func publishAs(t *testing.T, b *daemon.Broker, topic, body string) {
	t.Helper()
	c := client.MQTT(t, client.MQTTOptions(b.MQTT, "p").SetUsername("sensor").SetPassword("change me"))
	defer c.Disconnect(250)
	c.Publish(topic, 1, false, body).WaitTimeout(2 * time.Second)
}

func overview(t *testing.T, b *daemon.Broker, user string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.Admin+"/v1/overview", nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, "change me")
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
