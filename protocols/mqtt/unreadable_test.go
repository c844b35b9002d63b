package mqtt

import (
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core/store/storetest"
)

// Retained values that could not be read come when they can be: now and then that
// is tried, and the client is served meanwhile.
func TestRetainedAfterReadError(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		s := w.store.(*storetest.Troubled)
		pub := w.connected(5, "id=p clean")
		pub.send("publish topic=a/b qos=1 retain id=1 payload=x")
		pub.want("puback id=1 code=10")
		s.Unreadable([]byte("t")) // the retained values
		sub := w.connected(5, "id=a clean")
		sub.send("subscribe id=1 a/#:0")
		sub.want("suback id=1 codes=00")
		pass(10 * time.Second)
		sub.quiet()
		if n := s.Tries.Load(); n < 5 || n > 20 {
			t.Errorf("read %d times", n)
		}
		s.Unreadable(nil)
		pass(2 * time.Second)
		sub.want("publish topic=a/b retain payload=x")
		sub.quiet()
	}, func(w *world) { w.store = &storetest.Troubled{Store: w.store} })
}
