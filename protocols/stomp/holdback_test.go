package stomp

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Who sends transient messages without receipts is held back for those who are
// behind, a moment for one who reads nothing; not who subscribes itself.
func TestHeldBackForSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe = true })
		defer w.close()
		k, c := w.connected("1.2"), w.connected("1.2")
		k.send("SUBSCRIBE id:s; destination:/queue/a; ack:auto; receipt:r")
		k.want("RECEIPT receipt-id:r")
		const n = 2_000 // more than outputs hold, less than a window
		body := strings.Repeat("x", 10<<10)
		flood := func() time.Duration {
			began := time.Now()
			for range n {
				c.send("SEND destination:/queue/a | %s", body)
			}
			return time.Since(began)
		}
		if took := flood(); took != 100*time.Millisecond {
			t.Errorf("held back for %v", took)
		}
		for range n {
			k.want("MESSAGE")
		}
		<-time.After(2 * time.Second) // nobody is impatient any more
		c.send("SUBSCRIBE id:s; destination:/queue/b; ack:auto; receipt:r")
		c.want("RECEIPT receipt-id:r")
		if took := flood(); took != 0 {
			t.Errorf("who subscribes is held back for %v", took)
		}
		for range n {
			k.want("MESSAGE")
		}
	})
}
