package mqtt

import (
	"io"
	"testing"

	"github.com/slipwaymq/slipway/protocols/doortest"
)

// What the operator reads when a client may not do what it wants: who it is, and
// what it wanted. Of publishes and subscriptions that are refused the first is told.
func TestRefusalsInTheLog(t *testing.T) {
	for _, tt := range []struct {
		v    byte
		do   func(w *world)
		want string
	}{
		{4, func(w *world) { w.turnedAway(4, "id=pump clean user=ann pass=wrong") },
			`level=WARN msg="login refused" protocol=mqtt client=pump user=ann error="wrong user name or password [3.1.3.6, reason code 0x86]"` + "\n"},
		{5, func(w *world) { w.turnedAway(5, "id=pump clean") },
			`level=WARN msg="login refused" protocol=mqtt client=pump user="" error="a user name is needed [3.1.3.5, reason code 0x87]"` + "\n"},
		{4, func(w *world) {
			c := w.connected(4, "id=pump clean user=ann pass=secret")
			c.send("publish topic=news/x payload=1")
			c.send("publish topic=news/x payload=2")
			c.send("subscribe id=1 #:0")
			c.get()
		}, `level=INFO msg="a publish is refused" protocol=mqtt client=pump user=ann topic=news/x error="no permission to publish to news/x [3.3.5, reason code 0x87]"` + "\n"},
		{4, func(w *world) {
			c := w.connected(4, "id=pump clean user=ann pass=secret")
			c.send("subscribe id=1 #:0")
			c.get()
		}, `level=INFO msg="a subscription is refused" protocol=mqtt client=pump user=ann topic=# error="no permission to subscribe to # [3.9.3, reason code 0x87]"` + "\n"},
		{5, func(w *world) {
			c := w.connected(5, "id=pump clean user=ann pass=secret")
			c.send("publish topic=news/x id=1 qos=1 payload=1")
			c.get()
		}, `level=INFO msg="a publish is refused" protocol=mqtt client=pump user=ann topic=news/x error="no permission to publish to news/x [3.3.5, reason code 0x87]"` + "\n"},
		{4, func(w *world) {
			c := w.connected(4, "id=pump clean user=ann pass=secret")
			c.send("publish topic=news/x id=1 qos=1 payload=1")
			c.want("end")
		}, `level=INFO msg="connection closed by us" protocol=mqtt client=pump user=ann reason="a publish failed, which this version of MQTT can only say by closing: no permission to publish to news/x [3.3.5, reason code 0x87]"` + "\n"},
		{4, func(w *world) {
			nc := w.dial()
			_, _ = nc.Write([]byte("\x16\x03\x01\x00\xa0"))
			_, _ = io.ReadAll(nc)
		},
			`level=INFO msg="connection closed by us" protocol=mqtt client="" user="" reason="it begins with TLS, which only the addresses of tls_listen speak"` + "\n"},
	} {
		log := &doortest.Log{}
		w := newWorld(t, func(w *world) { w.cfg.Access, w.cfg.Log = users(t), log.Logger() })
		tt.do(w)
		w.close()
		if got := log.String(); got != tt.want {
			t.Errorf("got  %swant %s", got, tt.want)
		}
	}
}

// turnedAway is a client that is not let in.
func (w *world) turnedAway(v byte, connect string) {
	c := w.client(v)
	c.send("connect %s", connect)
	c.get()
	c.want("end")
}
