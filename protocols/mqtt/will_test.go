package mqtt

import (
	"errors"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// A connection is ended since its user may no longer publish: that his will would
// then be published is not what is meant. Another password changes nothing.
func TestWillOfWhoMayNotAnyMore(t *testing.T) {
	topic, err := match.ParseMQTT("w/#")
	if err != nil {
		t.Fatal(err)
	}
	ann := core.AccessUser{Name: "ann", PasswordHash: "secret", Grants: []core.Grant{{Actions: core.Write, Topics: []match.Filter{topic}}}}
	for name, tt := range map[string]struct {
		now  []core.AccessUser
		will bool
	}{
		"deleted":          {nil, false},
		"without grants":   {[]core.AccessUser{{Name: "ann", PasswordHash: "secret"}}, false},
		"another password": {[]core.AccessUser{{Name: "ann", PasswordHash: "new", Grants: ann.Grants}}, true},
		"the same":         {[]core.AccessUser{ann}, true},
	} {
		access, err := core.NewAccess([]core.AccessUser{ann}, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
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
