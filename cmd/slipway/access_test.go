package main

import (
	"testing"

	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// The example's user may do what its comments say, and nothing else.
func TestAccess(t *testing.T) {
	cfg, err := config.Parse("example", []byte(config.Example()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	access, err := newAccess(cfg)
	if err != nil {
		t.Fatal(err)
	}
	app, err := access.Authenticate(t.Context(), "", "app", []byte("change me"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][2]string{{"app", "change you"}, {"app", ""}, {"ghost", "change me"}, {"", ""}} {
		if _, err := access.Authenticate(t.Context(), "", wrong[0], []byte(wrong[1])); core.KindOf(err) != core.Denied {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, p, ok := access.ByAccessKey("AKIAEXAMPLE"); !ok || p != app {
		t.Error("the access key is not the user's")
	}
	for _, tt := range []struct {
		action core.Action
		queue  string
		topic  string
		want   bool
	}{
		{core.Configure | core.Write | core.Read, "orders.new", "", true},
		{core.Read, "sensor-readings", "", true},
		{core.Write, "sensor-readings", "", false},
		{core.Read, "other", "", false},
		{core.Read, "", "sensors/#", true},
		{core.Read, "", "sensors/+/temp", true},
		{core.Write, "", "sensors/kitchen", false},
		{core.Read, "", "#", false},
	} {
		got := app.MayQueue(tt.action, tt.queue)
		if tt.topic != "" {
			f, err := match.ParseMQTT(tt.topic)
			if err != nil {
				t.Fatal(err)
			}
			got = app.MayTopic(tt.action, f)
		}
		if got != tt.want {
			t.Errorf("%v on queue %q, topic %q: %v", tt.action, tt.queue, tt.topic, got)
		}
	}
}

// What config takes as a filter, the core takes too.
func TestFiltersAgree(t *testing.T) {
	const of = `users: [{name: u, access_keys: [{id: AAAA, secret: longenough}], permissions: [{allow: [read], topics: ["$SYS/broker/#"]}]}]`
	if cfg, err := config.Parse("", []byte(of), nil, nil); err != nil {
		t.Error(err)
	} else if all, err := newGrants(cfg.Users[0].Permissions); err != nil || !all[0].Topics[0].Match("$SYS/broker/uptime") {
		t.Errorf("%v, %v", all, err)
	}
	for _, topic := range []string{"a", "a/b", "/", "a//b", "+", "#", "a/#", "+/+/#", "a.b/c d", "é/ü"} {
		if _, err := newGrants([]config.Permission{{Topics: []string{topic}}}); err != nil {
			t.Errorf("%q: %v", topic, err)
		}
		text := "routes: [{topic: " + `"` + topic + `"` + ", queue: q}]"
		if _, err := config.Parse("", []byte(text), nil, nil); err != nil {
			t.Errorf("%q: %v", topic, err)
		}
	}
}
