package stomp

import (
	"io"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/protocols/doortest"
)

// The operator reads who could not log in, and that a client is at the wrong port.
func TestRefusalsInTheLog(t *testing.T) {
	for _, tt := range []struct {
		do   func(w *world)
		want string
	}{
		{func(w *world) {
			w.client().refused("CONNECT accept-version:1.2; client-id:pump; login:app; passcode:wrong", "wrong login")
		}, `level=WARN msg="login refused" protocol=stomp client=pump user=app error="Access refused: wrong login or passcode"` + "\n"},
		{func(w *world) {
			nc := w.door.Dial(t)
			_, _ = nc.Write([]byte("\x16\x03\x01\x00\xa0"))
			if answer, _ := io.ReadAll(nc); !strings.Contains(string(answer), "TLS") {
				t.Errorf("TLS is answered with %q", answer)
			}
		}, `level=INFO msg="connection closed by us" protocol=stomp client="" user="" reason="it begins with TLS, which only the addresses of tls_listen speak"` + "\n"},
	} {
		log := &doortest.Log{}
		w := newWorld(t, withUsers(t), func(w *world) { w.cfg.Log = log.Logger() })
		tt.do(w)
		w.close()
		if got := log.String(); got != tt.want {
			t.Errorf("got  %swant %s", got, tt.want)
		}
	}
}
