package mqtt

import (
	"errors"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// willUser may publish to w/#.
func willUser(t *testing.T) core.AccessUser {
	topic, err := match.ParseMQTT("w/#")
	if err != nil {
		t.Fatal(err)
	}
	return core.AccessUser{Name: "ann", PasswordHash: "secret", Grants: []core.Grant{{Actions: core.Write, Topics: []match.Filter{topic}}}}
}

func accessOf(t *testing.T, users ...core.AccessUser) *core.Access {
	access, err := core.NewAccess(users, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return access
}

// A connection is ended since its user may no longer publish: that his will would
// then be published is not what is meant. Another password changes nothing.
func TestWillOfWhoMayNotAnyMore(t *testing.T) {
	ann := willUser(t)
	for name, tt := range map[string]struct {
		now  []core.AccessUser
		will bool
	}{
		"deleted":          {nil, false},
		"without grants":   {[]core.AccessUser{{Name: "ann", PasswordHash: "secret"}}, false},
		"another password": {[]core.AccessUser{{Name: "ann", PasswordHash: "new", Grants: ann.Grants}}, true},
		"the same":         {[]core.AccessUser{ann}, true},
	} {
		access := accessOf(t, ann)
		w := newWorld(t, func(w *world) { w.cfg.Access, w.cfg.Anonymous = access, true })
		sub := w.connected(5, "id=sub clean")
		sub.send("subscribe id=1 w/#:0")
		sub.want("suback id=1 codes=00")
		conn := w.connected(5, "id=a clean user=ann pass=secret will=w/x:gone:0")
		if _, err := access.Replace(tt.now); err != nil {
			t.Fatal(err)
		}
		w.srv.CloseUsers([]string{"ann"}, errors.New("revoked"))
		w.cut(conn)
		pub := w.connected(5, "id=pub clean")
		pub.send("publish topic=w/last qos=0 payload=last")
		want := "publish topic=w/last payload=last"
		if tt.will {
			want = "publish topic=w/x payload=gone"
		}
		if got := sub.get(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		w.close()
	}
}

// [MQTT-3.1.2-8]: a will that waits, for its delay or for the end of its session, is
// asked about when it is due, not when the connection ends.
func TestWaitingWillOfWhoMayNotAnyMore(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		ann := willUser(t)
		access := accessOf(t, ann)
		w.close()
		w.cfg.Access, w.cfg.Anonymous = access, true
		w.open()
		sub := w.connected(5, "id=sub clean")
		sub.send("subscribe id=1 w/#:0")
		sub.want("suback id=1 codes=00")
		for _, connect := range []string{"id=a p.session=100 w.delay=5", "id=b p.session=5 w.delay=100"} {
			for may, users := range map[bool][]core.AccessUser{true: {ann}, false: nil} {
				if _, err := access.Replace([]core.AccessUser{ann}); err != nil {
					t.Fatal(err)
				}
				w.cut(w.connected(5, connect+" user=ann pass=secret will=w/x:gone:0"))
				if _, err := access.Replace(users); err != nil {
					t.Fatal(err)
				}
				pass(6 * time.Second)
				if may {
					sub.want("publish topic=w/x payload=gone")
				}
				sub.quiet()
			}
		}
	})
}

// The will of who was connected when the server was killed is due at its start,
// before any door is open; who has been deleted meanwhile has none.
func TestWillAfterARestart(t *testing.T) {
	for may, now := range map[bool][]core.AccessUser{true: {willUser(t)}, false: nil} {
		s := &stopping{}
		access := accessOf(t, willUser(t))
		w := newWorld(t, func(w *world) {
			s.Store, w.store = w.store, s
			w.cfg.Access, w.cfg.Anonymous = access, true
		})
		sub := w.connected(5, "id=sub p.session=100")
		sub.send("subscribe id=1 w/#:1")
		sub.want("suback id=1 codes=01")
		w.connected(5, "id=a p.session=100 user=ann pass=secret will=w/x:gone:1")
		s.dead.Store(true)
		w.close()
		s.dead.Store(false)
		if _, err := access.Replace(now); err != nil {
			t.Fatal(err)
		}
		w.open()
		pub := w.connected(5, "id=pub clean")
		pub.send("publish topic=w/last qos=1 id=1 payload=last")
		pub.want("puback id=1")
		sub = w.client(5)
		sub.send("connect id=sub p.session=100")
		sub.want("connack code=00 present")
		want := "w/last"
		if may {
			want = "w/x"
		}
		if got, _, _, _, _ := took(sub); got != want {
			t.Errorf("may %v: %s, want %s", may, got, want)
		}
		w.close()
	}
}
