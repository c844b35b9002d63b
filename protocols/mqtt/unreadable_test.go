package mqtt

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// unreadable is a store whose retained values cannot be read for a while.
type unreadable struct {
	core.Store
	now   atomic.Bool
	tries atomic.Int64
}

func (s *unreadable) Scan(lo, hi []byte, reverse bool, f func(k, v []byte) bool) error {
	if s.now.Load() && bytes.HasPrefix(lo, []byte("t")) {
		s.tries.Add(1)
		return errors.New("input/output error")
	}
	return s.Store.Scan(lo, hi, reverse, f)
}

// Retained values that could not be read come when they can be: now and then that
// is tried, and the client is served meanwhile.
func TestRetainedAfterReadError(t *testing.T) {
	inTime(t, func(t *testing.T, w *world) {
		s := w.store.(*unreadable)
		pub := w.connected(5, "id=p clean")
		pub.send("publish topic=a/b qos=1 retain id=1 payload=x")
		pub.want("puback id=1 code=10")
		s.now.Store(true)
		sub := w.connected(5, "id=a clean")
		sub.send("subscribe id=1 a/#:0")
		sub.want("suback id=1 codes=00")
		pass(10 * time.Second)
		sub.quiet()
		if n := s.tries.Load(); n < 5 || n > 20 {
			t.Errorf("read %d times", n)
		}
		s.now.Store(false)
		pass(2 * time.Second)
		sub.want("publish topic=a/b retain payload=x")
		sub.quiet()
	}, func(w *world) { w.store = &unreadable{Store: w.store} })
}
