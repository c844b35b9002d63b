package amqp091

import (
	"io"
	"testing"

	"github.com/slipwaymq/slipway/protocols/doortest"
)

// The operator reads that a client speaks something else, which nothing else tells
// him: it gets our header, and most say only that the connection was closed.
func TestStrangersInTheLog(t *testing.T) {
	for sent, want := range map[string]string{
		"AMQP\x03\x01\x00\x00":   `"the connection was refused: the protocol header is \"AMQP\\x03\\x01\\x00\\x00\", and AMQP 0-9-1 is what is spoken here"`,
		"GET / HTTP/1.1\r\n\r\n": `"the connection was refused: the protocol header is \"GET / HT\", and AMQP 0-9-1 is what is spoken here"`,
		"\x16\x03\x01\x00\xa0":   `"it begins with TLS, which only the addresses of tls_listen speak"`,
	} {
		log := &doortest.Log{}
		w := newWorld(t, func(w *world) { w.cfg.Log = log.Logger() })
		nc := w.dial()
		_, _ = nc.Write([]byte(sent))
		_, _ = io.ReadAll(nc)
		w.close()
		want = `level=INFO msg="connection closed by us" protocol=amqp user="" reason=` + want + "\n"
		if got := log.String(); got != want {
			t.Errorf("got  %swant %s", got, want)
		}
	}
}
