package mqtt

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// Logins that wait for others' hashes end with the handshake's time, and those
// that are too many at once. A client is told to come again.
func TestLoginsBusy(t *testing.T) {
	var gate chan struct{}
	var hashed atomic.Int32
	inTime(t, func(t *testing.T, w *world) {
		gate = make(chan struct{}) // of this bubble
		var clients []*client
		for range 64 {
			c := w.client(5)
			c.send("connect id=%d clean user=ann pass=wrong", len(clients))
			clients = append(clients, c)
		}
		synctest.Wait()
		for v, want := range map[byte]string{4: "connack code=03", 5: "connack code=89 p.reason=too many logins at once"} {
			c := w.client(v)
			c.send("connect id=more clean user=ann pass=secret")
			c.want("%s", want)
		}
		pass(11 * time.Second) // the handshake has 10
		synctest.Wait()
		close(gate)
		for i, c := range clients {
			if got := c.get(); got != "end" && !strings.HasPrefix(got, "connack code=8") {
				t.Errorf("client %d: %s", i, got)
			}
		}
		w.connected(5, "id=more clean user=ann pass=secret")
		if n := hashed.Load(); n != 4+1 {
			t.Errorf("%d hashed", n)
		}
	}, func(w *world) {
		access, err := core.NewAccess([]core.AccessUser{{Name: "ann", PasswordHash: "secret"}},
			func(hash string, password []byte) bool {
				hashed.Add(1)
				<-gate
				return hash == string(password)
			}, make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		w.cfg.Access = access
	})
}
