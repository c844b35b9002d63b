package browser

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestMQTTjs(t *testing.T) {
	page := start(t)
	on := broker(t, `websocket: {tls_listen: ["127.0.0.1:0"]}`)
	texts := []string{"at most once", "at least once", "exactly once: größer", "", strings.Repeat("1 MiB of it ", 87_382)}
	for scheme, url := range urls(on) {
		for version, name := range map[int]string{4: "3.1.1", 5: "5"} {
			t.Run(scheme+" "+name, func(t *testing.T) {
				var got []string
				page.run(t, "localhost", "mqtt.html", "echo", map[string]any{
					"url": url + "/mqtt", "version": version, "id": scheme + name, "topic": "page/" + scheme + name, "texts": texts,
				}, &got)
				if !slices.Equal(got, texts) {
					t.Errorf("%d messages came back", len(got))
				}
			})
		}
	}
}

// A page is let in from this machine and from the hosts that are listed.
func TestOrigins(t *testing.T) {
	page := start(t)
	on := broker(t, `websocket: {tls_listen: ["127.0.0.1:0"], allowed_hosts: [page.test, "*.shop.test"]}`)
	pages := map[string]map[string]any{"mqtt.html": {"version": 4, "id": "x"}, "stomp.html": {}, "amqp.html": {}}
	for i, tt := range []struct{ from, to, want string }{
		{"page.test", "localhost", "yes"},
		{"evil.test", "localhost", "no"}, // these two by every library: who looks is the listener
		{"localhost", "localhost", "yes"},
		{"127.0.0.1", "localhost", "yes"},
		{"www.shop.test", "localhost", "yes"},
		{"evil.test", "evil.test", "no"}, // its name leads to this machine
		{"localhost", "evil.test", "no"},
		{"page.test", "page.test", "yes"},
	} {
		for _, url := range urls(on) {
			for of, more := range pages {
				if i > 1 && of != "mqtt.html" {
					continue
				}
				var got string
				more["url"] = strings.Replace(url, "localhost", tt.to, 1)
				page.run(t, tt.from, of, "mayConnect", more, &got)
				if got != tt.want {
					t.Errorf("%s from %s to %s (%s): %s", of, tt.from, tt.to, url, got)
				}
			}
		}
	}
}

// What a browser is told of an end.
func TestCloseCodes(t *testing.T) {
	page := start(t)
	on := broker(t, `
websocket: {tls_listen: ["127.0.0.1:0"]}
limits: {handshake_timeout: 1s}`)
	type end struct {
		Code        int
		Clean       bool
		Subprotocol string
	}
	url := urls(on)["wss"]
	for _, tt := range []struct {
		name string
		args map[string]any
		want end
	}{
		{"text for MQTT", map[string]any{"url": url, "subprotocols": []string{"mqtt"}, "text": "CONNECT"}, end{1003, true, "mqtt"}},
		{"no login in time", map[string]any{"url": url, "subprotocols": []string{"mqttv3.1"}}, end{1008, true, "mqttv3.1"}},
		{"a subprotocol that there is not", map[string]any{"url": url, "subprotocols": []string{"soap"}}, end{1006, false, ""}},
	} {
		var got end
		page.run(t, "localhost", "closed.html", "closed", tt.args, &got)
		if got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
	on.Signal(t, syscall.SIGTERM)
	if code := on.Wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
