package mqtt

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

// serveSys runs ServeSys until the test's end of f.
func serveSys(w *world, f func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { w.h.ServeSys(ctx, 10*time.Second, "1.2") })
	defer wg.Wait()
	defer cancel()
	f()
}

// What a subscriber of a $SYS filter gets at once, as Mosquitto has it.
func TestSysValues(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		away := w.connected(5, "id=away p.session=100")
		away.send("subscribe id=1 x:1 y:1")
		away.get()
		w.cut(away)
		a := w.connected(5, "id=a clean")
		a.send("publish topic=x qos=1 id=1 payload=one")
		a.get()
		a.send("publish topic=z qos=1 id=1 retain payload=kept")
		a.get()
		serveSys(w, func() {
			pass(5 * time.Second)
			for name, want := range map[string]string{
				"version": "slipway version 1.2", "uptime": "0 seconds", "clients/connected": "1", "clients/total": "2",
				"clients/disconnected": "1", "clients/maximum": "1", "clients/expired": "0", "messages/stored": "2",

				"subscriptions/count": "2", "publish/messages/received": "2",
				"messages/received": "5", "messages/sent": "5", "load/messages/received/1min": "0.00", "publish/bytes/received": "7",
			} {
				a.send("subscribe id=2 $SYS/broker/%s:2", name)
				a.want("suback id=2 codes=02")
				a.want("publish topic=$SYS/broker/%s retain payload=%s", name, want)
				a.send("unsubscribe id=3 $SYS/broker/%s", name)
				a.want("unsuback id=3 codes=00")
			}
		})
	})
}

// A value that changes comes again, to who spells out $SYS only.
func TestSysUpdates(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		a := w.connected(4, "id=a clean")
		serveSys(w, func() {
			pass(time.Second)
			a.send("subscribe id=1 #:0 +/broker/uptime:0 $SYS/broker/uptime:0 $SYS/broker/clients/+:0")
			a.want("suback id=1 codes=00000000")
			for range 8 { // seven of clients, and uptime
				if got := a.get(); !strings.HasPrefix(got, "publish topic=$SYS/broker/") {
					t.Error(got)
				}
			}
			a.quiet()
			pass(10 * time.Second)
			a.want("publish topic=$SYS/broker/uptime payload=10 seconds")
			a.quiet()
			a.send("publish topic=$SYS/broker/uptime payload=lie")
			a.quiet()
		})
	})
}

// A session that expires is counted, one that is replaced is not.
func TestSysExpired(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		w.cut(w.connected(5, "id=a p.session=100"))
		w.cut(w.connected(5, "id=a clean p.session=100"))
		w.cut(w.connected(5, "id=b clean"))
		if n := w.h.Stats().Expired.Load(); n != 0 {
			t.Errorf("%d expired", n)
		}
		pass(101 * time.Second)
		if n := w.h.Stats().Expired.Load(); n != 1 {
			t.Errorf("%d expired", n)
		}
	})
}

// A permission for everything is none for $SYS: it must be spelt out.
func TestSysPermission(t *testing.T) {
	filter := func(s string) match.Filter {
		f, err := match.ParseMQTT(s)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	access, err := core.NewAccess([]core.AccessUser{
		{Name: "all", PasswordHash: "p", Grants: []core.Grant{{Actions: core.Read | core.Write, Topics: []match.Filter{filter("#")}}}},
		{Name: "sys", PasswordHash: "p", Grants: []core.Grant{{Actions: core.Read, Topics: []match.Filter{filter("$SYS/broker/#")}}}},
	}, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(w *world) { w.cfg.Access = access })
	for user, want := range map[string]string{"all": "8080", "sys": "8000"} {
		c := w.connected(4, "id="+user+" clean user="+user+" pass=p")
		c.send("subscribe id=1 $SYS/#:0 $SYS/broker/uptime:0")
		c.want("suback id=1 codes=%s", want)
	}
}
