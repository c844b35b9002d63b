package mqtt

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

func users(t testing.TB) *core.Access {
	t.Helper()
	filter := func(s string) match.Filter {
		f, err := match.ParseMQTT(s)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	access, err := core.NewAccess([]core.AccessUser{
		{Name: "ann", PasswordHash: "secret", Grants: []core.Grant{
			{Actions: core.Read | core.Write, Topics: []match.Filter{filter("open/#")}, Queues: []string{"open-*"}},
			{Actions: core.Read, Topics: []match.Filter{filter("news/#")}},
		}},
		{Name: "bob", PasswordHash: "secret"},
	}, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return access
}

// Each version is refused in its own way (3.1.1: 3.2.2.3; 5: 3.2.2.2).
func TestRefusedConnections(t *testing.T) {
	for _, tc := range []struct {
		connect, v4, v5 string
	}{
		{"id=a clean user=ann pass=secret", "connack code=00", "connack code=00"},
		{"id=a clean user=ann pass=wrong", "connack code=04", "connack code=86 p.reason=wrong user name or password"},
		{"id=a clean user=nobody pass=secret", "connack code=04", "connack code=86 p.reason=wrong user name or password"},
		{"id=a clean", "connack code=05", "connack code=87 p.reason=a user name is needed"},
		{"id=a clean user=ann pass=secret will=news/x:x:1", "connack code=05", "connack code=87 p.reason=no permission to publish to news/x"},
	} {
		w := newWorld(t, func(w *world) { w.cfg.Access = users(t) })
		for v, want := range map[byte]string{4: tc.v4, 5: tc.v5} {
			c := w.client(v)
			c.send("connect %s", tc.connect)
			c.want("%s", want)
			if want[len("connack code=0"):][:1] != "0" {
				c.want("end")
			}
		}
	}
}

func TestAnonymousBesideUsers(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Access, w.cfg.Anonymous = users(t), true })
	w.connected(4, "id=a clean").quiet()
	c := w.client(4)
	c.send("connect id=b clean user=ann pass=wrong")
	c.want("connack code=04")
}

func TestPermissions(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Access = users(t) })
	for _, name := range []string{"open-1", "closed"} {
		if _, _, err := w.b.Default().DeclareQueue(name, core.QueueOptions{Durable: true}); err != nil {
			t.Fatal(err)
		}
	}
	c := w.connected(5, "id=a clean user=ann pass=secret")
	c.send("subscribe id=1 open/+:1 news/x:0 #:0 +/x:0 $share/g/closed:1 $queue/open-1:1 $queue/closed:1")
	c.want("suback id=1 codes=01008787870187 p.reason=no permission to subscribe to #; no permission to subscribe to +/x; " +
		"no permission to subscribe to closed; no permission for queue closed")
	c.send("publish topic=news/x payload=dropped")
	c.quiet()
	c.send("publish topic=news/x qos=1 id=1 payload=refused")
	c.want("puback id=1 code=87 p.reason=no permission to publish to news/x")
	c.send("publish topic=$queue/closed qos=2 id=1 payload=refused")
	c.want("pubrec id=1 code=87 p.reason=no permission for queue closed")
	c.send("publish topic=open/x payload=1")
	c.want("publish topic=open/x payload=1")
	if n := w.h.Stats().Refused.Load(); n != 3 {
		t.Fatalf("%d counted", n)
	}
	old := w.connected(4, "id=b clean user=ann pass=secret")
	old.send("subscribe id=1 open/x:0 #:0")
	old.want("suback id=1 codes=0080")
	old.send("publish topic=news/x qos=1 id=1 payload=refused")
	old.want("end")
}

// Without problem information reason strings are for CONNACK and DISCONNECT
// alone [MQTT-3.1.2-29].
func TestNoProblemInformation(t *testing.T) {
	w := newWorld(t)
	c := w.connected(5, "id=a clean p.problem=0")
	c.send("publish topic=$SYS/x qos=1 id=1 payload=x")
	c.want("puback id=1 code=90")
	c.send("subscribe id=2 $queue/none:0")
	c.want("suback id=2 codes=8f")
}

// A client id does not open another user's session, connected or not.
func TestAnotherUsersSession(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Access = users(t) })
	ann := w.connected(5, "id=a p.session=100 user=ann pass=secret")
	for range 2 {
		bob := w.client(5)
		bob.send("connect id=a user=bob pass=secret")
		bob.want("connack code=85 p.reason=another user has a session of this client id")
		bob.want("end")
		old := w.client(4)
		old.send("connect id=a clean user=bob pass=secret")
		old.want("connack code=02")
		old.want("end")
		ann.quiet()
		w.cut(ann)
		w.restart()
		ann = w.connected(5, "id=a p.session=100 user=ann pass=secret")
	}
}
