package core_test

import (
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// topicked may do everything, but for the topics of these patterns.
func topicked(write, read string) core.Account {
	all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
	return core.Account{
		Name: "a.b", PasswordHash: "hash:p", Permissions: map[string]core.Permissions{"": all, "shop": all},
		Topics: map[string]map[string]core.TopicPermissions{"": {core.AMQTopic: {Write: write, Read: read}}, "shop": {"own": {Write: "^x$", Read: ""}}},
	}
}

func TestTopicPermissions(t *testing.T) {
	store := memstore.New(memstore.Options{})
	var ended []string
	a := keeping(t, store, func(names []string) { ended = append(ended, names...) })
	put(t, a, topicked("^{username}[.]", "^{vhost}[.]{client_id}[.]"))
	who := logIn(t, a, "a.b", "p")
	for path, may := range map[string]bool{"a.b/x": false, "a/b/x": true, "x": false, "aab/x": false} {
		if who.MayPath(core.Write, path) != may {
			t.Errorf("write %s", path)
		}
	}
	if !who.MayKey(core.Write, core.AMQTopic, "a.b.x") || who.MayKey(core.Write, core.AMQTopic, "axb.x") {
		t.Error("a name in a pattern stands for itself")
	}
	for _, tt := range []struct {
		client, filter string
		may            bool
	}{{"c+", "./c+/t", true}, {"c1", "./c1/t", true}, {"c2", "./c1/t", false}, {"", "./c1/t", false}} {
		f := match.Literal(tt.filter)
		if got := who.ForClient(tt.client).MayTopic(core.Read, f); got != tt.may {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	for _, tt := range []struct {
		client, key string
		may         bool
	}{{"c+", "/.c+.t", true}, {"c1", "/.c1.#", true}, {"c1", "/.c2.#", false}, {".*", "/.c1.#", false}, {"", "/..t", false}} {
		if got := who.ForClient(tt.client).MayKey(core.Read, core.AMQTopic, tt.key); got != tt.may {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	if who.MayKey(core.Read, core.AMQTopic, "/.c1.t") || !who.MayKey(core.Read, core.AMQTopic, "/.{client_id}.t") {
		t.Error("who says no identifier")
	}
	shop := who.ForClient("c1").In("shop")
	if !shop.MayKey(core.Write, "own", "x") || shop.MayKey(core.Write, "own", "y") || shop.MayKey(core.Read, "own", "x") || !shop.MayKey(core.Write, core.AMQTopic, "any") {
		t.Error("in another namespace")
	}

	put(t, a, topicked("", "^{vhost}[.]{client_id}[.]"))
	if strings.Join(ended, " ") != "a.b" || who.ForClient("c").MayPath(core.Write, "a/b/x") {
		t.Errorf("less: %q were ended", ended)
	}
	free := topicked("", "")
	free.Topics = nil
	put(t, a, free)
	if len(ended) != 1 || !who.MayPath(core.Write, "x") {
		t.Errorf("more: %q were ended", ended)
	}
	if err := (core.TopicPermissions{Write: "a("}).Check(); core.KindOf(err) != core.Invalid {
		t.Error(err)
	}
}
