package mqtt

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// reading is the same two users, who may read other topics than before.
func reading(t testing.TB, filters ...string) *core.Access {
	t.Helper()
	var topics []match.Filter
	for _, s := range filters {
		f, err := match.ParseMQTT(s)
		if err != nil {
			t.Fatal(err)
		}
		topics = append(topics, f)
	}
	access, err := core.NewAccess([]core.AccessUser{
		{Name: "ann", PasswordHash: "secret", Grants: []core.Grant{{Actions: core.Read, Topics: topics}}},
	}, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return access
}

// What a user may no longer read ends with the permission: subscriptions of
// every QoS, what the session's queue holds, and what was sent and not
// acknowledged.
func TestRevokedSubscriptions(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Access, w.cfg.Anonymous = reading(t, "open/#", "news/#"), true })
	const login = "id=a p.session=1000 user=ann pass=secret"
	ann := w.connected(5, login)
	ann.send("subscribe id=1 open/x:1 news/x:1 news/y:0 news/z:2")
	ann.want("suback id=1 codes=01010002")
	pub := w.connected(5, "id=pub clean")
	pub.send("publish topic=news/z qos=2 id=9 payload=sent")
	pub.want("pubrec id=9")
	ann.want("publish topic=news/z qos=2 id=1 payload=sent")
	w.cut(ann)
	for _, topic := range []string{"news/x", "open/x", "news/z"} {
		pub.send("publish topic=%s qos=1 id=1 payload=stored", topic)
		pub.want("puback id=1")
	}
	w.cfg.Access = reading(t, "open/#")
	w.restart()
	ann = w.connected(5, login)
	ann.want("publish topic=open/x qos=1 id=3 payload=stored")
	ann.send("puback id=3")
	pub = w.connected(5, "id=pub clean")
	publishAll := func() {
		for _, topic := range []string{"news/x", "news/y", "news/z", "open/x"} {
			pub.send("publish topic=%s qos=1 id=1 payload=later", topic)
			if got := pub.get(); got != "puback id=1" && got != "puback id=1 code=10" {
				t.Fatal(got)
			}
		}
	}
	publishAll()
	ann.want("publish topic=open/x qos=1 id=15471 payload=later")
	ann.send("puback id=15471")
	ann.quiet()
	if n := w.h.Stats().Revoked.Load(); n != 6 { // three subscriptions, three messages
		t.Errorf("%d counted", n)
	}
	if n := ann.session(w).Queue().Bindings(); n != 1 {
		t.Errorf("%d bindings", n)
	}
	w.cut(ann)
	w.cfg.Access = reading(t, "open/#", "news/#") // nothing comes back with the permission
	w.restart()
	ann, pub = w.connected(5, login), w.connected(5, "id=pub clean")
	publishAll()
	if got := ann.get(); got[:len("publish topic=open/x")] != "publish topic=open/x" {
		t.Error(got)
	}
	ann.quiet()
}

func (c *client) session(w *world) *core.Session {
	c.t.Helper()
	s, ok := w.b.Default().Session(dialectName, "a")
	if !ok {
		c.t.Fatal("no session")
	}
	return s
}

// What nobody left is no user's, unless everybody is let in anyway.
func TestNobodysSession(t *testing.T) {
	for _, anonymous := range []bool{false, true} {
		w := newWorld(t) // no users
		c := w.connected(5, "id=a p.session=1000")
		c.send("subscribe id=1 open/x:1")
		c.want("suback id=1 codes=01")
		w.cut(c)
		pub := w.connected(5, "id=pub clean")
		pub.send("publish topic=open/x qos=1 id=1 payload=private")
		pub.want("puback id=1")
		w.cfg.Access, w.cfg.Anonymous = reading(t, "open/#"), anonymous
		w.restart()
		ann := w.client(5)
		ann.send("connect id=a p.session=1000 user=ann pass=secret")
		if anonymous {
			ann.want("connack code=00 present")
			ann.want("publish topic=open/x qos=1 id=1 payload=private")
			continue
		}
		ann.want("connack code=00")
		ann.quiet()
		w.cut(ann)
		ann = w.client(5)
		ann.send("connect id=a p.session=1000 user=ann pass=secret")
		ann.want("connack code=00 present") // it is hers now
		ann.quiet()
	}
}
