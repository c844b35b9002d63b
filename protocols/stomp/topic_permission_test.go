package stomp

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// The topics of a user in RabbitMQ's words: patterns for what AMQP writes for a
// path. {client_id} stands for itself here, as in RabbitMQ 3.10.
func TestTopicPermissions(t *testing.T) {
	access, err := core.NewAccess(nil, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(w *world) { w.cfg.Access = access })
	if err := access.Keep(w.b, nil); err != nil {
		t.Fatal(err)
	}
	shop, err := w.b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{"own": core.ExchangeTopic, "fan": core.ExchangeFanout} {
		if _, _, err := shop.DeclareExchange(name, core.ExchangeOptions{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
	for name, topics := range map[string]map[string]map[string]core.TopicPermissions{
		"root": nil,
		"ann": {
			"":     {core.AMQTopic: {Write: "^{username}[.]", Read: "^{vhost}[.]"}},
			"shop": {core.AMQTopic: {Write: "^{vhost}[.]{username}$", Read: "^{client_id}[.]|^a[.]"}, "own": {Write: "^{username}", Read: "^{vhost}"}},
		},
	} {
		_, err := access.ChangeAccount(name, func(acc *core.Account, _ bool) error {
			acc.PasswordHash, acc.Permissions, acc.Topics = "secret", map[string]core.Permissions{"": all, "shop": all}, topics
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	as := func(user, host string) *client {
		return w.connected("1.2", "login:"+user, "passcode:secret", "host:"+host, "client-id:me")
	}
	for _, tt := range []struct {
		host, destination string
		send, subscribe   bool
	}{
		{"/", "/topic/ann.x", true, false}, {"/", "/topic/bob.x", false, false}, {"/", "/topic/annx", false, false},
		{"/", "/exchange/amq.topic/ann.x", true, false}, {"/", "/exchange/amq.topic/bob.x", false, false},
		{"/", "/topic/%2F.x", false, true}, {"/", "/exchange/amq.topic/%2F.x", false, true},
		{"shop", "/topic/shop.ann", true, false}, {"shop", "/topic/shop.ann.x", false, false}, {"shop", "/topic/a.x", false, true},
		{"shop", "/topic/me.x", false, false}, {"shop", "/topic/{client_id}.x", false, true},
		{"shop", "/exchange/own/ann.x", true, false}, {"shop", "/exchange/own/shop.x", false, true}, {"shop", "/exchange/fan/x", true, true},
	} {
		root := as("root", tt.host)
		root.send("SUBSCRIBE id:s; destination:%s", tt.destination)
		root.sync()
		if c := as("ann", tt.host); tt.send {
			c.send("SEND destination:%s; receipt:r | %s", tt.destination, tt.destination)
			c.want("RECEIPT")
			root.want("MESSAGE | %s", tt.destination)
		} else {
			c.refused("SEND destination:"+tt.destination, "permission")
		}
		root.sync()
		if c := as("ann", tt.host); tt.subscribe {
			c.send("SUBSCRIBE id:s; destination:%s", tt.destination)
			c.sync()
			root.send("SEND destination:%s | seen", tt.destination)
			c.want("MESSAGE | seen")
		} else {
			c.refused("SUBSCRIBE id:s; destination:"+tt.destination, "permission")
		}
	}
	for _, line := range []string{
		"SUBSCRIBE id:s; destination:/topic/>", "SUBSCRIBE id:s; destination:/topic/#", "SUBSCRIBE id:s; destination:/topic/*.x",
		"SUBSCRIBE id:s; destination:/topic/ann.x; activemq.subscriptionName:n", "SUBSCRIBE id:s; destination:/queue/Consumer.A.VirtualTopic.x",
		"SEND destination:/queue/ok,/topic/bob.x", "SEND destination:/topic/bob.x; transaction:none",
	} {
		as("ann", "/").refused(line, "permission")
	}
}
