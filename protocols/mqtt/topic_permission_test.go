package mqtt

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// withTopics lets in ann, restricted to the topics of these patterns, and root,
// who is not.
func withTopics(t *testing.T, write, read string) *world {
	w := newWorld(t, func(w *world) { w.cfg.Access = accessOf(t) })
	if err := w.cfg.Access.Keep(w.b, nil); err != nil {
		t.Fatal(err)
	}
	all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
	for name, topics := range map[string]map[string]core.TopicPermissions{"ann": {core.AMQTopic: {Write: write, Read: read}}, "root": nil} {
		_, err := w.cfg.Access.ChangeAccount(name, func(acc *core.Account, _ bool) error {
			acc.PasswordHash, acc.Permissions = "secret", map[string]core.Permissions{"": all}
			acc.Topics = map[string]map[string]core.TopicPermissions{"": topics}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// The topics of a user in RabbitMQ's words: patterns for what AMQP writes for a
// path, with the user, the virtual host (/, which a path writes as .) and the client
// in them.
func TestTopicPermissions(t *testing.T) {
	for _, v := range []byte{4, 5} {
		w := withTopics(t, "^{username}[.]{client_id}", "^{vhost}[.]{client_id}[.]")
		root := w.connected(v, "id=root clean user=root pass=secret")
		root.send("subscribe id=1 ann/#:0 bob/#:0")
		root.want("suback id=1 codes=0000")

		c := w.connected(v, "id=c1 clean user=ann pass=secret")
		c.send("subscribe id=1 ./c1/+:0 ./c2/+:1 #:0 c1/x:0")
		if v == 5 {
			c.want("suback id=1 codes=00878787 p.reason=no permission to subscribe to ./c2/+; no permission to subscribe to #; no permission to subscribe to c1/x")
		} else {
			c.want("suback id=1 codes=00808080")
		}
		for _, topic := range []string{"./c2/t", "c1/x", "./c1/t"} {
			root.send("publish topic=%s payload=%s", topic, topic)
		}
		c.want("publish topic=./c1/t payload=./c1/t")
		c.quiet()

		c.send("publish topic=ann/c1 qos=1 id=2 payload=allowed")
		c.want("puback id=2")
		root.want("publish topic=ann/c1 payload=allowed")
		for _, topic := range []string{"ann/c2", "bob/c1"} {
			c := w.connected(v, "id=c1 clean user=ann pass=secret")
			c.send("publish topic=%s payload=refused", topic)
			c.send("publish topic=%s qos=1 id=3 payload=refused", topic)
			if v == 5 {
				c.want("puback id=3 code=87 p.reason=no permission to publish to %s", topic)
			} else {
				c.want("end")
			}
		}
		root.quiet()

		for will, code := range map[string]string{"ann/c3": "00", "ann/c1": map[byte]string{4: "05", 5: "87"}[v]} {
			c := w.client(v)
			c.send("connect id=c3 clean user=ann pass=secret will=%s:x:0", will)
			if got := c.get(); len(got) < 15 || got[:15] != "connack code="+code {
				t.Errorf("version %d, will to %s: %s", v, will, got)
			}
		}
	}
}
